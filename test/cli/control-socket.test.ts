import { once } from "node:events";
import { lstat, mkdir, mkdtemp, readdir, rename, rm, symlink, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { expect } from "chai";
import { type ControlServer, listenForCommands } from "../../src/cli/control-server.ts";
import { versionHeader } from "../../src/cli/control-socket.ts";
import { readConfig } from "../../src/config.ts";
import { operatorActor } from "../../src/domain/audit/record.ts";
import { createLog } from "../../src/log.ts";
import { createDomain } from "../../src/operator-domain.ts";
import { version } from "../../src/startup.ts";
import { collections } from "../../src/store/collections.ts";
import { openSqliteStore } from "../../src/store/sqlite/store.ts";
import type { Store } from "../../src/store/store.ts";
import { runCli, runCliWithInput } from "../support/process.ts";
import { assertNoSecrets, trackSecret } from "../support/secrets.ts";

/** The part of the service that accepts commands, in this process, on a store that it holds. */
interface TestServer {
  readonly control: ControlServer | undefined;
  readonly store: Store;
  log(): string;
  close(): Promise<void>;
}

describe("The control socket", () => {
  let dataDir: string;
  let servers: TestServer[];
  beforeEach(async () => {
    dataDir = await mkdtemp(join(tmpdir(), "gatehouse-control-"));
    servers = [];
  });
  afterEach(async () => {
    await Promise.all(servers.map((server) => server.close()));
    await rm(dataDir, { recursive: true, force: true });
  });

  const socketPath = () => join(dataDir, "control.sock");
  const start = async (options: { dataDir?: string; shutdownGraceMs?: number } = {}): Promise<TestServer> => {
    const { dataDir: directory = dataDir, ...rest } = options;
    const config = readConfig({ DATA_DIR: directory });
    const lines: string[] = [];
    const stream = new PassThrough().on("data", (chunk: Buffer) => lines.push(chunk.toString()));
    const log = createLog("debug", stream);
    const store = openSqliteStore({ dataDir: directory, collections });
    const domain = createDomain(store, config);
    trackSecret((await domain.bootstrap())?.secret ?? "none-the-store-was-initialized");
    const control = await listenForCommands({ config, domain, log, ...rest });
    let closing: Promise<void> | undefined;
    const server: TestServer = {
      ...{ control, store },
      log: () => lines.join(""),
      close: () => {
        closing ??= (async () => {
          await control?.close();
          await store.close();
          assertNoSecrets(lines.join(""), "the log");
        })();
        return closing;
      },
    };
    servers.push(server);
    return server;
  };
  const run = (...args: readonly string[]) => runCli({ DATA_DIR: dataDir }, ...args);

  /** Sends a request as another program could. @returns the status and the body */
  const send = (body: string, headers: Record<string, string> = { [versionHeader]: version }) =>
    new Promise<{ status: number | undefined; body: string }>((resolve, reject) => {
      const outgoing = request({ socketPath: socketPath(), method: "POST", headers }, (res) => {
        let text = "";
        res.on("data", (chunk) => {
          text += chunk;
        });
        res.on("end", () => resolve({ status: res.statusCode, body: text }));
      });
      outgoing.on("error", reject).end(body);
    });

  it("exists with mode 0600 while the service runs, and is removed at shutdown", async () => {
    const server = await start();
    const stats = await lstat(socketPath());
    expect(stats.isSocket()).to.equal(true);
    expect(stats.mode & 0o777).to.equal(0o600);
    await server.close();
    expect(await readdir(dataDir)).to.not.include("control.sock");
  });

  it("runs commands in the service, with their output, errors and exit codes", async () => {
    const { log } = await start();
    const created = await run("organization", "create", "acme");
    expect(created).to.include({ code: 0, stderr: "" });
    expect(JSON.parse(created.stdout)).to.include({ slug: "acme" });
    expect((await run("organization", "list")).stdout.trim().split("\n")).to.have.length(2);
    const token = await run("token", "create", "--name", "ci", "--scope", "admin:scim", "--organization", "acme");
    expect(token.stdout).to.match(/^wxt_[0-9A-Za-z]{39}\n$/);
    trackSecret(token.stdout.trim());
    expect(token.stderr).to.match(/^tok_\w{26} has been created/);
    expect(await run("organization", "create", "acme")).to.include({ code: 1, stdout: "" });
    const wrong = await run("token", "create", "--name", "ci");
    expect(wrong).to.include({ code: 2, stdout: "" });
    expect(wrong.stderr).to.equal('gatehouse: --scope is required. Run "gatehouse help token create" for the usage.\n');
    expect(await run("init")).to.include({ code: 0, stdout: "" });
    expect(log()).to.contain('"command":"token create"');
  });

  it("passes standard input to commands that read it", async () => {
    await start();
    const secret = trackSecret("a-script-has-sent-this-for-years");
    const args = ["token", "import", "--name", "old", "--full-access"];
    const imported = await runCliWithInput(`${secret}\n`, { DATA_DIR: dataDir }, ...args);
    expect(imported).to.include({ code: 0, stdout: "" });
    const tooLong = await runCliWithInput("x".repeat(1_000_001), { DATA_DIR: dataDir }, ...args);
    expect(tooLong.code).to.equal(2);
    expect(tooLong.stderr).to.contain("1,000,000 characters");
  });

  it("runs many commands at once", async () => {
    await start();
    const slugs = Array.from({ length: 20 }, (_, at) => `org-${at}`);
    const results = await Promise.all(slugs.map((slug) => run("organization", "create", slug)));
    expect(results.map(({ code }) => code)).to.deep.equal(slugs.map(() => 0));
    expect(results.map(({ stdout }) => JSON.parse(stdout).slug)).to.deep.equal(slugs);
  });

  it("uses the settings of the service, not those of the CLI", async () => {
    await start();
    const environment = { DATA_DIR: dataDir, TOKEN_PREFIX: "acme" };
    const { stdout } = await runCli(environment, "token", "create", "--name", "ci", "--scope", "all");
    expect(trackSecret(stdout.trim())).to.match(/^wxt_/);
  });

  it("is replaced when a killed process has left it, and ignored by the CLI meanwhile", async () => {
    const first = await start();
    await first.close();
    await leaveStaleSocket();
    expect((await run("organization", "list")).code).to.equal(0);
    await start();
    expect((await run("organization", "list")).code).to.equal(0);
  });

  /** Creates a socket at which nothing listens: the file was moved away when its server removed it. */
  async function leaveStaleSocket(): Promise<void> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(`${socketPath()}.new`, resolve));
    await rename(`${socketPath()}.new`, socketPath());
    await new Promise((resolve) => server.close(resolve));
    expect((await lstat(socketPath())).isSocket()).to.equal(true);
  }

  it("is neither followed nor replaced if it is a symbolic link or a file", async () => {
    const target = join(dataDir, "elsewhere.sock");
    const other = createServer(() => expect.fail("the link was followed"));
    await new Promise<void>((resolve) => other.listen(target, resolve));
    await symlink(target, socketPath());
    const linked = await start();
    expect(linked.control).to.equal(undefined);
    expect(linked.log()).to.contain("control.sock is not a socket");
    expect((await lstat(socketPath())).isSymbolicLink()).to.equal(true);
    const rejected = await run("organization", "list");
    expect(rejected).to.include({ code: 1, stdout: "" });
    expect(rejected.stderr).to.match(/^gatehouse: \S+control\.sock is not a socket\. [^\n]*\n$/);
    await linked.close();
    await new Promise((resolve) => other.close(resolve));
    await rm(socketPath());
    await writeFile(socketPath(), "");
    expect((await start()).control).to.equal(undefined);
  });

  it("is left out with an error in the log if its path is too long, and the CLI says that the store is in use", async () => {
    const long = join(dataDir, "d".repeat(110));
    await mkdir(long);
    const { control, log } = await start({ dataDir: long });
    expect(control).to.equal(undefined);
    expect(log()).to.match(/"level":"error".*at most \d+ bytes\. Set a shorter DATA_DIR/);
    const { code, stderr } = await runCli({ DATA_DIR: long }, "organization", "list");
    expect(code).to.equal(1);
    expect(stderr).to.contain("is in use by another gatehouse process");
  });

  it("rejects a CLI of another version with one sentence that names both", async () => {
    await start();
    const { status, body } = await send('{"args":["organization","list"]}', { [versionHeader]: "0.0.1" });
    expect(status).to.equal(409);
    expect(body).to.match(/^The CLI has version 0\.0\.1 and the running service version \d+\.\d+\.\d+\. [^\n]*$/);
  });

  for (const [title, body, status] of [
    ["no JSON", "{", 400],
    ["no command", "{}", 400],
    ["arguments that are no strings", '{"args":[1]}', 400],
    ["an unknown field", '{"args":["init"],"environment":{}}', 400],
    ["more than 8 MiB", JSON.stringify({ args: ["x".repeat(8 * 1024 * 1024)] }), 413],
  ] as const) {
    it(`rejects ${title} with ${status}, and goes on`, async () => {
      const { log } = await start();
      expect((await send(body)).status).to.equal(status);
      expect((await run("organization", "list")).code).to.equal(0);
      expect(log()).to.not.contain('"level":"error"');
    });
  }

  it("survives clients that break off, before and during a command", async () => {
    await start();
    const body = '{"args":["token","list"]}';
    const head = `POST /commands HTTP/1.1\r\nHost: x\r\n${versionHeader}: ${version}\r\nContent-Length: ${body.length}\r\n\r\n`;
    for (const part of ["", "POST", head, `${head}{`, `${head}${body}`, "\0\r\n\r\n"]) {
      const socket = connect(socketPath()).on("error", () => undefined);
      await new Promise((resolve) => socket.write(part, resolve));
      socket.destroy();
    }
    expect((await run("organization", "list")).code).to.equal(0);
  });

  describe("with a long list and a client that does not read it", () => {
    const rowCount = 1500;
    let server: TestServer;
    let socket: Socket;
    beforeEach(async () => {
      server = await start();
      const { tokens, organizations } = createDomain(server.store, readConfig({}));
      const id = (await organizations.findBySlug("default"))?.id ?? "";
      const allowedIps = Array.from({ length: 64 }, (_, at) => `2001:db8:1234:5678::${at}`);
      const input = { name: "x", scopes: ["connect:read"], allowedIps } as const;
      await Promise.all(Array.from({ length: rowCount }, () => tokens.create(id, operatorActor, input)));
      const body = '{"args":["token","list"]}';
      socket = connect(socketPath()).pause();
      socket.write(
        `POST /commands HTTP/1.0\r\n${versionHeader}: ${version}\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      );
      while (server.control?.runningCount === 0) await new Promise((resolve) => setTimeout(resolve, 5));
      // More than enough time to print the rest, if it did not wait.
      await run("token", "list");
    });

    it("waits, and prints the rest when the client reads on", async () => {
      expect(server.control?.runningCount).to.equal(1);
      let output = "";
      socket.on("data", (chunk) => {
        output += chunk;
      });
      await once(socket.resume(), "end");
      expect(output.match(/"stdout"/g)).to.have.length(rowCount + 1);
      expect(output.trimEnd()).to.match(/\{"exitCode":0\}$/);
    });

    it("ends the command when the client has gone", async () => {
      expect(server.control?.runningCount).to.equal(1);
      socket.destroy();
      while (server.control?.runningCount !== 0) await new Promise((resolve) => setTimeout(resolve, 5));
    });
  });

  it("at shutdown lets a running command end, and rejects later ones", async () => {
    const server = await start();
    const results = Promise.all(["a", "b", "c"].map((slug) => run("organization", "create", slug)));
    await server.control?.close();
    for (const { code, stderr } of await results)
      expect([code, stderr.includes("in use by another") || stderr.includes("does not accept")].join()).to.match(
        /^0,false$|^1,true$/,
      );
  });

  it("at shutdown reports to the client of a command that does not end", async () => {
    const server = await start({ shutdownGraceMs: 50 });
    let release = (): void => undefined;
    const held = server.store.transaction(() => new Promise<void>((resolve) => (release = resolve)));
    const result = run("organization", "create", "late");
    while (!(await isConnected(server))) await new Promise((resolve) => setTimeout(resolve, 5));
    await server.control?.close();
    const { code, stderr } = await result;
    expect(code).to.equal(1);
    expect(stderr).to.match(/^gatehouse: The service is shutting down\. [^\n]*\n$/);
    release();
    await held;
  });

  /** Whether the service is running a command. */
  const isConnected = async ({ control }: TestServer): Promise<boolean> => (control?.runningCount ?? 0) > 0;
});
