import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect } from "chai";
import { runCli, type ServiceProcess, startProcess } from "../support/process.ts";
import { assertFilesHoldNoSecret } from "../support/secrets.ts";
import { userUrn } from "../support/service.ts";

describe("The service as a process, on the embedded store", () => {
  let folder: string;
  let running: ServiceProcess[] = [];
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "gatehouse-process-"));
  });
  afterEach(async () => {
    await Promise.all(
      running.map(({ child, end }) => child.exitCode === null && child.signalCode === null && end("SIGKILL")),
    );
    running = [];
    await rm(folder, { recursive: true, force: true });
  });
  const start = async (more: Record<string, string> = {}): Promise<ServiceProcess> => {
    const service = await startProcess({ DATA_DIR: join(folder, "data"), ...more });
    running.push(service);
    return service;
  };
  const aUser = (userName: string) => ({ schemas: [userUrn], userName });

  it("prints on its first start one token and a curl line that works as it stands", async function () {
    const service = await start();
    expect(service.firstSecret).to.have.length(43);
    const line = /curl -sS.*?'\n/s.exec(service.stdout())?.[0] ?? "";
    const shell = await promisify(execFile)("sh", ["-c", line]).catch((error) => error);
    if (shell.code === 127) {
      process.stdout.write("    (skipped: this machine has no curl)\n");
      return this.skip();
    }
    const { id } = JSON.parse(shell.stdout);
    const found = await service.with(service.firstSecret).get(`/scim/v2/Users/${id}`).expect(200);
    expect(JSON.parse(found.text).userName).to.equal("ada@example.com");
  });

  it("keeps what it has acknowledged when it is killed, and prints no second token", async () => {
    const first = await start();
    const made = [];
    for (let at = 0; at < 20; at++) {
      const answer = await first
        .with(first.firstSecret)
        .post("/scim/v2/Users")
        .send(aUser(`u${at}`));
      expect(answer.status).to.equal(201);
      made.push(JSON.parse(answer.text).id);
    }
    await first.end("SIGKILL");
    const second = await start();
    expect(second.firstSecret).to.equal("");
    for (const id of made) await second.with(first.firstSecret).get(`/scim/v2/Users/${id}`).expect(200);
  });

  it("on SIGTERM finishes the request that is open, writes what has gathered, and exits 0", async () => {
    const service = await start();
    const body = JSON.stringify(aUser("late"));
    const socket = connect(service.port, "127.0.0.1");
    socket.write(
      `POST /scim/v2/Users HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${service.firstSecret}\r\n` +
        `Content-Type: application/json\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body.slice(0, 10)}`,
    );
    await service.with(service.firstSecret).get("/scim/v2/Users").expect(200); // by now the first is inside
    const ended = service.end("SIGTERM");
    let answer = "";
    socket.on("data", (chunk) => {
      answer += chunk;
    });
    setTimeout(() => socket.write(body.slice(10)), 200);
    await once(socket, "close");
    expect(answer).to.match(/^HTTP\/1\.1 201 /);
    expect(await ended).to.equal(0);
    const { stdout } = await runCli({ DATA_DIR: join(folder, "data") }, "token", "list");
    expect(JSON.parse(stdout)).to.deep.include({ requestCount: 2, status: "active" });
    await assertFilesHoldNoSecret(join(folder, "data"));
  });

  it("refuses a second process on the same data folder, saying why, and leaves the first alone", async () => {
    const first = await start();
    const refused = await startProcess({ DATA_DIR: join(folder, "data") }).catch((error: Error) => error);
    expect(String(refused)).to.match(/ended with 1: gatehouse cannot start\. .*in use by another gatehouse process/);
    expect(String(refused)).to.not.match(/\.js:\d/);
    await first.with(first.firstSecret).get("/scim/v2/Users").expect(200);
  });

  it("refuses wrong settings at once, all of them, each by name", async () => {
    const wrong = { LOG_LEVEL: "loud", AUTH_SECRET: "short", TRUST_PROXY: "true", PUBLIC_URL: "ftp://x" };
    const refused = String(await startProcess(wrong).catch((error: Error) => error));
    for (const name of Object.keys(wrong)) expect(refused).to.contain(name);
    expect(refused)
      .to.not.contain("short")
      .and.not.match(/\.js:\d/);
  });

  it("refuses a file that is no database, and leaves it as it is", async () => {
    await (await start()).end("SIGTERM");
    await writeFile(join(folder, "data", "gatehouse.db"), "these are somebody's notes ".repeat(100));
    const refused = String(await startProcess({ DATA_DIR: join(folder, "data") }).catch((error: Error) => error));
    expect(refused).to.contain("gatehouse.db").and.to.contain("not a database");
  });

  it("answers 503 with Retry-After while its file is away, never 404, and goes on when it is back", async () => {
    const service = await start();
    const scim = service.with(service.firstSecret);
    const { id } = JSON.parse((await scim.post("/scim/v2/Users").send(aUser("ada"))).text);
    const file = join(folder, "data", "gatehouse.db");
    await rename(file, `${file}.away`);
    const eventually = async (path: string, wanted: number, never: number): Promise<Record<string, string>> => {
      for (;;) {
        const { status, headers } = await scim.get(path);
        expect(status).to.not.equal(never);
        if (status === wanted) return headers;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    };
    const refused = await eventually(`/scim/v2/Users/${id}`, 503, 404);
    expect(Number(refused["retry-after"])).to.be.greaterThan(0);
    expect((await scim.post("/scim/v2/Users").send(aUser("lost"))).status).to.equal(503);
    expect((await scim.get("/readyz")).status).to.equal(503);
    expect((await scim.get("/healthz")).status).to.equal(200);
    await rename(`${file}.away`, file);
    await eventually(`/scim/v2/Users/${id}`, 200, 404);
    expect((await scim.post("/scim/v2/Users").send(aUser("kept"))).status).to.equal(201);
  });

  it("listens with TLS when it has a certificate", async function () {
    const made = await promisify(execFile)("openssl", [
      ..."req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -subj /CN=localhost".split(" "),
      ...["-keyout", join(folder, "key.pem"), "-out", join(folder, "cert.pem")],
    ]).catch((error: NodeJS.ErrnoException) => error);
    if (made instanceof Error && made.code === "ENOENT") {
      process.stdout.write("    (skipped: this machine has no openssl to make a certificate with)\n");
      return this.skip();
    }
    const service = await start({ TLS_CERT: join(folder, "cert.pem"), TLS_KEY: join(folder, "key.pem") });
    const { connect: connectTls } = await import("node:tls");
    const socket = connectTls({ port: service.port, host: "127.0.0.1", rejectUnauthorized: false });
    socket.write("GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    let answer = "";
    socket.on("data", (chunk) => {
      answer += chunk;
    });
    await once(socket, "close");
    expect(answer).to.match(/^HTTP\/1\.1 200 /);
    expect(service.stdout()).to.contain("https://");
  });
});
