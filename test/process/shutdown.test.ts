import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { promisify } from "node:util";
import { expect } from "chai";
import { operatorActor, toAuditEvent } from "../../src/domain/audit/record.ts";
import { newEntity } from "../../src/domain/entity.ts";
import { auditEvents, organizations, serviceTenant } from "../../src/store/collections.ts";
import { openStore } from "../../src/store/open.ts";
import { SqliteConnection } from "../../src/store/sqlite/driver.ts";
import { startUpstream, stateless } from "../domain/upstream/upstream.fixture.ts";
import { type CertificateFiles, createCertificate } from "../support/certificate.ts";
import { type ServiceProcess, startProcess } from "../support/process.ts";
import { userUrn } from "../support/service.ts";

/** Generous: an idle service exits after about a second, and a service that waits for a connection after ten. */
const promptExitMs = 6000;

describe("SIGTERM", () => {
  let directory: string;
  let service: ServiceProcess;
  const sockets: Socket[] = [];
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "gatehouse-shutdown-"));
  });
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    if (service.child.exitCode === null) await service.stop("SIGKILL");
    await rm(directory, { recursive: true, force: true });
  });
  const start = async (environment: Record<string, string> = {}): Promise<void> => {
    service = await startProcess({ DATA_DIR: join(directory, "data"), ...environment });
  };
  const open = async (): Promise<Socket & { received: string }> => {
    const socket = Object.assign(connect(service.port, "127.0.0.1"), { received: "" });
    sockets.push(socket);
    socket.on("error", () => undefined);
    socket.on("data", (chunk) => {
      socket.received += chunk;
    });
    await once(socket, "connect");
    return socket;
  };
  const signalShutdown = async (): Promise<{ readonly exitCode: Promise<number | string> }> => {
    const exitCode = service.stop("SIGTERM");
    await service.waitForLog('"message":"shutting down"');
    return { exitCode };
  };
  const createUser = (userName: string): string => {
    const body = JSON.stringify({ schemas: [userUrn], userName });
    return (
      `POST /scim/v2/Users HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${service.firstSecret}\r\n` +
      `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`
    );
  };
  const headsOf = (received: string): readonly string[] => received.match(/HTTP\/1\.1 [\s\S]*?\r\n\r\n/g) ?? [];

  it("makes /readyz respond with 503, soon with Connection: close on an open connection, which is then closed", async () => {
    await start();
    const socket = await open();
    const closed = once(socket, "close");
    socket.write("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
    await once(socket, "data");
    const { exitCode } = await signalShutdown();
    // Connections that wait to be accepted come first: a response that closes would send its client to the listener again.
    do {
      socket.received = "";
      socket.write("GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n");
      while (!socket.received.includes("shutting down")) await once(socket, "data");
      expect(socket.received).to.match(/^HTTP\/1\.1 503 /);
    } while (!socket.received.includes("\r\nConnection: close\r\n"));
    await closed;
    expect(await exitCode).to.equal(0);
  });

  it("serves the requests that were pipelined before the last one, and only the last response closes", async () => {
    await start();
    const socket = await open();
    const first = createUser("first");
    socket.write(first.slice(0, -10));
    await service.clientWithSecret(service.firstSecret).get("/scim/v2/Users").expect(200); // the first request has arrived by now
    const { exitCode } = await signalShutdown();
    socket.write(first.slice(-10) + createUser("second") + createUser("third"));
    await once(socket, "close");
    const heads = headsOf(socket.received);
    expect(heads.map((head) => head.slice(9, 12))).to.deep.equal(["201", "201", "201"]);
    expect(heads.map((head) => /\r\nConnection: (\S+)/.exec(head)?.[1])).to.deep.equal([
      "keep-alive",
      "keep-alive",
      "close",
    ]);
    expect(await exitCode).to.equal(0);
  });

  it("closes connections that are idle or have never had a request, and exits with 0", async () => {
    await start();
    const idle = await open();
    idle.write("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
    await once(idle, "data");
    await open();
    const signaledAt = Date.now();
    const { exitCode } = await signalShutdown();
    expect(await exitCode).to.equal(0);
    expect(Date.now() - signaledAt).to.be.lessThan(promptExitMs);
  });

  it("ends a call of an MCP server that takes too long with a text, and exits with 0", async () => {
    let hasArrived = (): void => undefined;
    const arrived = new Promise<void>((resolve) => {
      hasArrived = resolve;
    });
    const upstream = await startUpstream(stateless(() => hasArrived()));
    await start({ UPSTREAM_ALLOW: "127.0.0.0/8" });
    const admin = service.clientWithSecret(service.firstSecret);
    const user = { schemas: [userUrn], userName: "ada@example.com" };
    await admin.post("/scim/v2/Users").send(user).expect(201);
    const server = {
      ...{ name: "Slow", status: "active", transport: "http", url: upstream.url, timeoutSeconds: 120 },
      ...{ tools: [{ name: "wait" }], assignment: { everyone: true, groups: [], users: [] } },
    };
    await admin.put("/api/mcp-servers/slow").send(server).expect(201);
    const message = { jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "slow__wait" } };
    const response = fetch(`http://127.0.0.1:${service.port}/mcp`, {
      method: "POST",
      headers: {
        ...{ "Content-Type": "application/json", "x-user-email": "ada@example.com" },
        Authorization: `Bearer ${service.firstSecret}`,
      },
      body: JSON.stringify(message),
    });
    await arrived;
    const { exitCode } = await signalShutdown();
    expect(await (await response).text()).to.contain("The service is stopping");
    expect(await exitCode).to.equal(0);
    await upstream.close();
  });

  describe("over TLS", () => {
    let files: CertificateFiles;
    beforeEach(async function () {
      const created = await createCertificate(directory, "first");
      if (!created) return this.skip();
      files = created;
      await start({ TLS_CERT: files.cert, TLS_KEY: files.key });
    });
    const openTls = async (): Promise<TLSSocket> => {
      const socket = connectTls({ port: service.port, host: "127.0.0.1", rejectUnauthorized: false });
      sockets.push(socket);
      socket.on("error", () => undefined);
      await once(socket, "secureConnect");
      return socket;
    };
    /** Sends the header of a TLS record (RFC 8446 section 5.1) and nothing of its content. */
    const openHalf = async (): Promise<void> => {
      (await open()).write(Buffer.from([22, 3, 1, 2, 0]));
    };

    it("closes connections whose handshake is not finished, and exits with 0", async () => {
      await open();
      for (let count = 0; count < 10; count++) await openHalf();
      await openTls();
      const signaledAt = Date.now();
      const { exitCode } = await signalShutdown();
      expect(await exitCode).to.equal(0);
      expect(Date.now() - signaledAt).to.be.lessThan(promptExitMs);
    });

    it("closes connections that send no TLS at once, before the shutdown too", async () => {
      const socket = await open();
      socket.write("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
      await once(socket, "close");
      expect(socket.received).to.not.contain("HTTP/1.1");
    });

    it("closes a connection whose handshake takes longer than ten seconds", async () => {
      const socket = await open();
      socket.write(Buffer.from([22, 3, 1, 2, 0]));
      await once(socket, "close");
    });

    it("is not caused by SIGHUP, which reloads the certificate and keeps the current one if the new pair is wrong", async () => {
      const second = await createCertificate(directory, "second");
      if (!second) throw new Error("openssl has created the first certificate");
      const subject = async (): Promise<unknown> => (await openTls()).getPeerCertificate().subject.CN;
      expect(await subject()).to.equal("first");
      await rename(second.cert, files.cert);
      service.child.kill("SIGHUP");
      await service.waitForLog("TLS_KEY is not the key of the certificate in TLS_CERT");
      expect(await subject()).to.equal("first");
      await rename(second.key, files.key);
      service.child.kill("SIGHUP");
      await service.waitForLog('"message":"certificate reloaded"');
      expect(await subject()).to.equal("second");
      await writeFile(files.cert, "");
      service.child.kill("SIGHUP");
      await service.waitForLog("do not contain a PEM certificate");
      expect(await subject()).to.equal("second");
    });
  });

  it("is not caused by SIGHUP without TLS, which is logged", async () => {
    await start();
    service.child.kill("SIGHUP");
    await service.waitForLog('"message":"nothing to reload');
    await service.clientWithSecret("").get("/healthz").expect(200);
  });
});

describe("A start that fails because PORT is in use", () => {
  it("creates no token, so that the next start prints the first one", async () => {
    const directory = await mkdtemp(join(tmpdir(), "gatehouse-port-"));
    const other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    try {
      const environment = { DATA_DIR: join(directory, "data") };
      const { port } = other.address() as { port: number };
      const failed = await startProcess(environment, { port }).catch((error: Error) => error);
      expect(String(failed)).to.match(/ended with 1: gatehouse cannot start\. PORT \d+ of HOST 127\.0\.0\.1 is in use/);
      const service = await startProcess(environment);
      expect(service.firstSecret).to.have.length(43);
      expect(await service.stop("SIGTERM")).to.equal(0);
    } finally {
      other.close();
      await rm(directory, { recursive: true, force: true });
    }
  });
});

describe("A service that has many expired records to remove", () => {
  it("writes its buffers meanwhile, stops at SIGTERM, and continues after the next start", async function () {
    this.timeout(120_000);
    const dataDir = await mkdtemp(join(tmpdir(), "gatehouse-retention-"));
    const environment = { DATA_DIR: dataDir, AUDIT_RETENTION_DAYS: "30" };
    const openAuditLog = async () => {
      const store = await openStore({ dataDir });
      const [organization] = (await store.for(serviceTenant).open(organizations).list({ limit: 1 })).items;
      if (!organization) throw new Error("the first start creates an organization");
      return { store, organizationId: organization.id };
    };
    const countEvents = async (): Promise<number> => {
      const { store, organizationId } = await openAuditLog();
      const count = await store.for(organizationId).open(auditEvents).count();
      await store.close();
      return count;
    };
    try {
      const first = await startProcess(environment);
      await first.stop("SIGTERM");
      const { store, organizationId } = await openAuditLog();
      const expired = new Date(Date.now() - 40 * 86_400_000);
      for (let batch = 0; batch < 100; batch++) {
        await store.transaction(async (transaction) => {
          const writer = transaction.for(organizationId).open(auditEvents);
          for (let at = 0; at < 1000; at++) {
            const event = toAuditEvent(organizationId, operatorActor, "success", { action: "webhook.test" });
            await writer.insert({ ...event, ...newEntity("aud", organizationId, expired) });
          }
        });
      }
      await store.close();

      const second = await startProcess(environment);
      const client = second.clientWithSecret(first.firstSecret);
      await client.get("/scim/v2/Users?count=7").expect(200);
      const isLogged = async (): Promise<boolean> =>
        (await client.get("/api/request-log").expect(200)).text.includes("count=7");
      while (!(await isLogged())) await new Promise((resolve) => setTimeout(resolve, 200));
      await client.get("/scim/v2/Users?count=8").expect(200);
      const signaledAt = Date.now();
      expect(await second.stop("SIGTERM")).to.equal(0);
      expect(Date.now() - signaledAt).to.be.lessThan(promptExitMs);
      const left = await countEvents();
      expect(left).to.be.greaterThan(1000).and.lessThan(100_000);

      const third = await startProcess(environment);
      const log = (await third.clientWithSecret(first.firstSecret).get("/api/request-log").expect(200)).text;
      expect(log).to.contain("count=8");
      const reader = new SqliteConnection(join(dataDir, "gatehouse.db"), { readOnly: true });
      const countSql = "SELECT sum(n) AS n FROM record_counts WHERE collection = 'audit_events'";
      while (Number(reader.get(countSql)?.["n"]) >= left) await new Promise((resolve) => setTimeout(resolve, 50));
      reader.close();
      expect(await third.stop("SIGTERM")).to.equal(0);
      expect(await countEvents()).to.be.lessThan(left);
    } finally {
      await rm(dataDir, { recursive: true, force: true });
    }
  });
});

describe("A service without free file descriptors", () => {
  it("accepts the first body on a connection that is open", async function () {
    const directory = await mkdtemp(join(tmpdir(), "gatehouse-descriptors-"));
    const service = await startProcess({ DATA_DIR: join(directory, "data") });
    const socket = connect(service.port, "127.0.0.1");
    try {
      socket.write("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
      await once(socket, "data");
      const limit = await promisify(execFile)("prlimit", ["--pid", String(service.child.pid), "--nofile=10:10"]).catch(
        (error: NodeJS.ErrnoException) => error,
      );
      if (limit instanceof Error) {
        process.stdout.write(`    (skipped: prlimit cannot limit the process: ${limit.code})\n`);
        return this.skip();
      }
      const body = JSON.stringify({ schemas: [userUrn], userName: "ada" });
      socket.write(
        `POST /scim/v2/Users HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${service.firstSecret}\r\n` +
          `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      );
      const [response] = await once(socket, "data");
      expect(String(response)).to.match(/^HTTP\/1\.1 201 /);
    } finally {
      socket.destroy();
      await service.stop("SIGKILL");
      await rm(directory, { recursive: true, force: true });
    }
  });
});
