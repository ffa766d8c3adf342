import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect } from "chai";
import { createCertificate } from "../support/certificate.ts";
import { runCli, type ServiceProcess, startProcess } from "../support/process.ts";
import { assertNoSecretsInFiles } from "../support/secrets.ts";
import { userUrn } from "../support/service.ts";

describe("The service process on SQLite", () => {
  let directory: string;
  let running: ServiceProcess[] = [];
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "gatehouse-process-"));
  });
  afterEach(async () => {
    await Promise.all(
      running.map(({ child, stop }) => child.exitCode === null && child.signalCode === null && stop("SIGKILL")),
    );
    running = [];
    await rm(directory, { recursive: true, force: true });
  });
  const start = async (environment: Record<string, string> = {}): Promise<ServiceProcess> => {
    const service = await startProcess({ DATA_DIR: join(directory, "data"), ...environment });
    running.push(service);
    return service;
  };
  const newUser = (userName: string) => ({ schemas: [userUrn], userName });

  it("prints one token, a working curl command and the address of the console on its first start", async function () {
    const service = await start();
    expect(service.firstSecret).to.have.length(43);
    expect(service.stdout()).to.contain(`http://127.0.0.1:${service.port}/console\n`);
    const line = /curl -sS.*?'\n/s.exec(service.stdout())?.[0] ?? "";
    const shell = await promisify(execFile)("sh", ["-c", line]).catch((error) => error);
    if (shell.code === 127) {
      process.stdout.write("    (skipped: this machine has no curl)\n");
      return this.skip();
    }
    const { id } = JSON.parse(shell.stdout);
    const response = await service.clientWithSecret(service.firstSecret).get(`/scim/v2/Users/${id}`).expect(200);
    expect(JSON.parse(response.text).userName).to.equal("ada@example.com");
  });

  it("keeps acknowledged writes when it is killed, and prints no second token", async () => {
    const first = await start();
    const ids = [];
    for (let at = 0; at < 20; at++) {
      const response = await first
        .clientWithSecret(first.firstSecret)
        .post("/scim/v2/Users")
        .send(newUser(`u${at}`));
      expect(response.status).to.equal(201);
      ids.push(JSON.parse(response.text).id);
    }
    await first.stop("SIGKILL");
    const second = await start();
    expect(second.firstSecret).to.equal("");
    for (const id of ids) await second.clientWithSecret(first.firstSecret).get(`/scim/v2/Users/${id}`).expect(200);
  });

  it("on SIGTERM finishes open requests, writes buffered data and exits with 0", async () => {
    const service = await start();
    const body = JSON.stringify(newUser("late"));
    const socket = connect(service.port, "127.0.0.1");
    socket.write(
      `POST /scim/v2/Users HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${service.firstSecret}\r\n` +
        `Content-Type: application/json\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body.slice(0, 10)}`,
    );
    await service.clientWithSecret(service.firstSecret).get("/scim/v2/Users").expect(200); // the first request has reached the service by now
    const exitCode = service.stop("SIGTERM");
    let response = "";
    socket.on("data", (chunk) => {
      response += chunk;
    });
    setTimeout(() => socket.write(body.slice(10)), 200);
    await once(socket, "close");
    expect(response).to.match(/^HTTP\/1\.1 201 /);
    expect(await exitCode).to.equal(0);
    const { stdout } = await runCli({ DATA_DIR: join(directory, "data") }, "token", "list");
    expect(JSON.parse(stdout)).to.deep.include({ requestCount: 2, status: "active" });
    await assertNoSecretsInFiles(join(directory, "data"));
  });

  it("rejects a second process on the same data directory with the reason, and does not affect the first", async () => {
    const first = await start();
    const error = await startProcess({ DATA_DIR: join(directory, "data") }).catch((reason: Error) => reason);
    expect(String(error)).to.match(/ended with 1: gatehouse cannot start\. .*in use by another gatehouse process/);
    expect(String(error)).to.not.match(/\.js:\d/);
    await first.clientWithSecret(first.firstSecret).get("/scim/v2/Users").expect(200);
  });

  it("reports all invalid settings at once, each by name", async () => {
    const invalidSettings = { LOG_LEVEL: "loud", AUTH_SECRET: "short", TRUST_PROXY: "true", PUBLIC_URL: "ftp://x" };
    const message = String(await startProcess(invalidSettings).catch((error: Error) => error));
    for (const name of Object.keys(invalidSettings)) expect(message).to.contain(name);
    expect(message)
      .to.not.contain("short")
      .and.not.match(/\.js:\d/);
  });

  it("does not start on a file that is not a database", async () => {
    await (await start()).stop("SIGTERM");
    await writeFile(join(directory, "data", "gatehouse.db"), "plain notes, not a database ".repeat(100));
    const message = String(await startProcess({ DATA_DIR: join(directory, "data") }).catch((error: Error) => error));
    expect(message).to.contain("gatehouse.db").and.to.contain("not a database");
  });

  it("responds with 503 and Retry-After, never 404, while its database file is missing, and recovers afterwards", async () => {
    const service = await start();
    const scim = service.clientWithSecret(service.firstSecret);
    const { id } = JSON.parse((await scim.post("/scim/v2/Users").send(newUser("ada"))).text);
    const file = join(directory, "data", "gatehouse.db");
    await rename(file, `${file}.away`);
    const waitForStatus = async (
      path: string,
      expected: number,
      forbidden: number,
    ): Promise<Record<string, string>> => {
      for (;;) {
        const { status, headers } = await scim.get(path);
        expect(status).to.not.equal(forbidden);
        if (status === expected) return headers;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    };
    const headers = await waitForStatus(`/scim/v2/Users/${id}`, 503, 404);
    expect(Number(headers["retry-after"])).to.be.greaterThan(0);
    expect((await scim.post("/scim/v2/Users").send(newUser("lost"))).status).to.equal(503);
    expect((await scim.get("/readyz")).status).to.equal(503);
    expect((await scim.get("/healthz")).status).to.equal(200);
    await rename(`${file}.away`, file);
    await waitForStatus(`/scim/v2/Users/${id}`, 200, 404);
    expect((await scim.post("/scim/v2/Users").send(newUser("kept"))).status).to.equal(201);
  });

  it("serves HTTPS if a certificate is configured", async function () {
    const files = await createCertificate(directory, "localhost");
    if (!files) return this.skip();
    const service = await start({ TLS_CERT: files.cert, TLS_KEY: files.key });
    const { connect: connectTls } = await import("node:tls");
    const socket = connectTls({ port: service.port, host: "127.0.0.1", rejectUnauthorized: false });
    socket.write("GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    let response = "";
    socket.on("data", (chunk) => {
      response += chunk;
    });
    await once(socket, "close");
    expect(response).to.match(/^HTTP\/1\.1 200 /);
    expect(service.stdout()).to.contain("https://");
  });
});
