/**
 * Sends the requests that schemathesis derives from the examples and the limits of both OpenAPI documents to a service of
 * its own, and checks each response: no server error, a declared status, media type, headers and body, and no success for
 * a request that the schemas forbid.
 * Run: npm run schemathesis. SCHEMATHESIS_SECONDS limits the time of each document; the default is 50. Exit code 1 when a
 * response violates a check.
 */
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { documentViews } from "../src/http/openapi/documented-operation.ts";
import { installPythonPackages } from "../test/clients/client-cache.fixture.ts";
import { documentOf } from "../test/clients/generated-clients.fixture.ts";
import { root } from "../test/support/root.ts";
import { startService } from "../test/support/service.ts";

const checks = [
  "not_a_server_error",
  "status_code_conformance",
  "content_type_conformance",
  "response_headers_conformance",
  "response_schema_conformance",
  "negative_data_rejection",
];
/**
 * Operations with a declared server error for each of these requests: the MCP server of an example does not exist (502), and
 * the credential is no personal token (501, RFC 7644 section 3.11).
 */
const excludedOperations = ["refreshMcpServer", "scimMe"];
const userEmail = "ada@example.com";

const packages = await installPythonPackages("schemathesis", join(root, "scripts/schemathesis/requirements.txt"));
if (packages === undefined) process.exit(1);
// The requests rotate and revoke tokens, and this credential is none.
const secret = randomBytes(32).toString("base64url");
const CREDENTIAL_KEY = randomBytes(32).toString("base64");
const service = await startService({ environment: { AUTH_SECRET: secret, CREDENTIAL_KEY } });
await service.clientWithSecret(secret).post("/api/users").send({ userName: userEmail }).expect(201);
const directory = await mkdtemp(join(tmpdir(), "gatehouse-schemathesis-")); // it writes files where it runs
try {
  for (const view of documentViews) {
    const args = [
      ...["-m", "schemathesis.cli", "run", documentOf(view), "--url", `http://127.0.0.1:${service.port}`],
      ...["--header", `Authorization: Bearer ${secret}`],
      ...(view === "user" ? ["--header", `x-user-email: ${userEmail}`] : []),
      ...["--phases", "examples,coverage", "--checks", checks.join(","), "--continue-on-failure", "--warnings", "off"],
      ...["--max-time", process.env["SCHEMATHESIS_SECONDS"] ?? "50"],
      ...excludedOperations.flatMap((operationId) => ["--exclude-operation-id", operationId]),
    ];
    const env = { PATH: process.env["PATH"], PYTHONPATH: packages };
    const child = spawn("python3", args, { stdio: "inherit", cwd: directory, env });
    const [code] = await once(child, "exit");
    if (code !== 0) process.exitCode = 1;
  }
} finally {
  await service.dispose();
  await rm(directory, { recursive: true, force: true });
}
