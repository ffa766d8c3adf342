import { once } from "node:events";
import { request } from "node:http";
import { expect } from "chai";
import type { Environment } from "../../src/config.ts";
import type { ServiceProcess } from "../support/process.ts";
import { userUrn } from "../support/service.ts";
import { useServiceOutput } from "./service-output.fixture.ts";

describe("The access log", () => {
  const output = useServiceOutput();
  let service: ServiceProcess;
  const start = async (environment: Environment = {}): Promise<void> => {
    service = await output.start(environment);
  };
  const stopAndReadLines = async (): Promise<readonly Record<string, unknown>[]> =>
    (await output.stopAndReadLines(/^\{/)).map((line) => JSON.parse(line));

  it("has a line for each request, with who sent it and what it cost", async () => {
    await start();
    const client = service.clientWithSecret(service.firstSecret);
    const created = await client
      .post("/scim/v2/Users")
      .set("User-Agent", `idp/1.0 ${"x".repeat(300)}`)
      .set("X-Request-Id", "from-the-client")
      .send({ schemas: [userUrn], userName: "ada@example.com", active: true })
      .expect(201);
    const { id } = JSON.parse(created.text);
    await client.get("/api/toolkits?limit=5").set("x-user-email", "ada@example.com").expect(200);
    const lines = await stopAndReadLines();
    expect(lines).to.have.length(2);
    const [post, list] = lines;
    expect(post).to.deep.include({
      type: "access",
      method: "POST",
      path: "/scim/v2/Users",
      status: 201,
      requestId: "from-the-client",
      address: "127.0.0.1",
      actor: "token",
    });
    expect(post?.["organizationId"]).to.match(/^org_/);
    expect(post?.["tokenId"]).to.match(/^tok_/);
    expect(post?.["userAgent"]).to.have.length(200);
    expect(Date.parse(String(post?.["timestamp"]))).to.be.closeTo(Date.now(), 60_000);
    expect(post?.["ms"]).to.be.greaterThan(0);
    expect(post?.["bytes"]).to.be.greaterThan(created.text.length);
    expect(post).to.not.have.any.keys("userId", "aborted");
    expect(list).to.deep.include({ path: "/api/toolkits", status: 200, userId: id });
  });

  it("shows no query, no credential and no line break of the caller", async () => {
    await start();
    const secret = service.firstSecret;
    const client = service.clientWithSecret(secret);
    await client.get(`/scim/v2/Users?filter=${encodeURIComponent('userName eq "ada@example.com"')}`).expect(200);
    await client.get(`/api/tokens/${secret}`).expect((response) => expect(response.status).to.be.within(400, 404));
    await client.get("/healthz%0A%7B%22type%22:%22access%22%7D").set("User-Agent", `key ${secret}`).expect(404);
    const lines = await stopAndReadLines();
    expect(lines.map(({ path }) => path)).to.deep.equal([
      "/scim/v2/Users",
      "/api/tokens/[redacted]",
      "/healthz%0A%7B%22type%22:%22access%22%7D",
    ]);
    expect(lines[2]).to.deep.include({ userAgent: "key [redacted]" });
  });

  it("names no caller for a rejected credential", async () => {
    await start();
    await service.clientWithSecret("wrong").get("/scim/v2/Users").expect(401);
    const [line] = await stopAndReadLines();
    expect(line).to.deep.include({ status: 401 }).and.not.have.any.keys("tokenId", "organizationId", "actor");
  });

  it("marks a request whose client has gone", async () => {
    await start();
    const { port, firstSecret } = service;
    const headers = {
      authorization: `Bearer ${firstSecret}`,
      "content-type": "application/json",
      "content-length": 99,
    };
    const sent = request({ port, method: "POST", path: "/scim/v2/Users", headers, agent: false });
    sent.on("error", () => {});
    sent.write("{");
    await once(sent, "socket").then(([socket]) => once(socket, "connect"));
    // A later request shows that the first one has reached the service.
    await service.clientWithSecret(firstSecret).get("/scim/v2/Users").expect(200);
    sent.destroy();
    const lines = await stopAndReadLines();
    expect(lines.find(({ method }) => method === "POST")).to.deep.include({ path: "/scim/v2/Users", aborted: true });
  });

  it("is absent with ACCESS_LOG=off", async () => {
    await start({ ACCESS_LOG: "off" });
    await service.clientWithSecret(service.firstSecret).get("/scim/v2/Users").expect(200);
    expect(await stopAndReadLines()).to.deep.equal([]);
  });

  it("delays no request and no shutdown when nothing reads standard output", async () => {
    await start();
    service.child.stdout?.removeAllListeners("data");
    service.child.stdout?.pause();
    const client = service.clientWithSecret(service.firstSecret);
    // More than a pipe holds.
    for (let at = 0; at < 400; at++) await client.get("/healthz").set("User-Agent", "x".repeat(400)).expect(200);
    expect(await service.stop("SIGTERM")).to.equal(0);
  });
});
