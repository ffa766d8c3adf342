/**
 * Exits with 0 if the service in this container responds at /healthz, else with 1 and the reason. The image has no curl.
 * It reads the variables of the service. The certificate is not verified: it names the public host, not this one.
 */
import { request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";

const { HOST = "", PORT, TLS_CERT } = process.env;
const wildcards = { "0.0.0.0": "127.0.0.1", "::": "::1" };
const options = {
  host: wildcards[HOST] ?? (HOST || "127.0.0.1"),
  port: PORT || 8080,
  path: "/healthz",
  timeout: 4000,
  rejectUnauthorized: false,
};

const fail = (reason) => {
  process.stderr.write(`unhealthy: ${reason}\n`);
  process.exit(1);
};

const check = (TLS_CERT ? requestHttps : requestHttp)(options, ({ statusCode }) => {
  if (statusCode !== 200) fail(`/healthz responded with ${statusCode}`);
  process.exit(0);
});
check.on("timeout", () => fail("no response within 4 seconds"));
check.on("error", ({ message }) => fail(message));
check.end();
