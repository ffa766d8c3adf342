import { spawnSync } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect } from "chai";
import { StartupError } from "../src/errors.ts";
import { assertNodeVersion, describeStartupError } from "../src/startup.ts";
import { startProcess } from "./support/process.ts";
import { root } from "./support/root.ts";

describe("assertNodeVersion", () => {
  for (const version of ["20.19.0", "20.20.2", "22.3.0", "24.15.0", "100.0.0"]) {
    it(`accepts Node ${version}`, () => expect(() => assertNodeVersion(version)).to.not.throw());
  }

  for (const version of ["18.20.0", "20.9.0", "20.18.3"]) {
    it(`rejects Node ${version} and names the required version`, () => {
      expect(() => assertNodeVersion(version)).to.throw(
        StartupError,
        `Node ${version} is too old: install Node 20.19.0`,
      );
    });
  }
});

describe("describeStartupError", () => {
  const missing = (name: string) =>
    Object.assign(new Error(`Cannot find package '${name}' imported from /srv/dist/src/store/x.js`), {
      code: "ERR_MODULE_NOT_FOUND",
    });

  it("returns the message of a StartupError", async () => {
    expect(await describeStartupError(new StartupError("PORT is wrong."))).to.equal("PORT is wrong.");
  });

  it("names a package that is not installed", async () => {
    expect(await describeStartupError(missing("mongoose"))).to.equal(
      'The package mongoose is not installed: run "npm ci".',
    );
  });

  it("names the alternatives to the optional SQLite package", async () => {
    const message = await describeStartupError(missing("@photostructure/sqlite"));
    expect(message).to.contain("@photostructure/sqlite is not installed").and.contain("MONGODB_URI");
  });

  it("describes an unexpected error in one line, with the stack only at LOG_LEVEL=debug and never with a secret", async () => {
    const error = new Error("no reply from mongodb://ada:hunter2@db/gate\nsecond line");
    const line = await describeStartupError(error, {});
    expect(line).to.match(/^Unexpected error: no reply from [^\n]*\. Set LOG_LEVEL=debug to see the stack\.$/);
    const stack = await describeStartupError(error, { LOG_LEVEL: "debug" });
    expect(stack).to.contain("startup.test");
    for (const text of [line, stack]) expect(text).to.not.contain("hunter2");
  });
});

describe("The programs", () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "gatehouse-startup-"));
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  it("exit with 1 and one sentence when a package is missing", async () => {
    await cp(join(root, "dist/src"), join(directory, "dist/src"), { recursive: true });
    await cp(join(root, "dist/schemas"), join(directory, "dist/schemas"), { recursive: true });
    await cp(join(root, "package.json"), join(directory, "package.json"));
    await mkdir(join(directory, "node_modules"));
    for (const program of ["main", "cli"]) {
      const { status, stderr } = spawnSync(process.execPath, [`dist/src/${program}.js`, "token", "list"], {
        cwd: directory,
        encoding: "utf8",
      });
      expect(status, program).to.equal(1);
      expect(stderr, program).to.match(/^gatehouse[^\n]*The package [\w@/-]+ is not installed: run "npm ci"\.\n$/);
    }
  });

  it("exit with 1 and one sentence when mongoose is missing and MONGODB_URI is set", async () => {
    for (const name of ["dist/src", "dist/schemas", "package.json"])
      await cp(join(root, name), join(directory, name), { recursive: true });
    // Every package but mongoose, which only MongoDB's engine imports.
    const { dependencies } = JSON.parse(await readFile(join(root, "package.json"), "utf8"));
    for (const name of Object.keys(dependencies).filter((each) => each !== "mongoose")) {
      await mkdir(dirname(join(directory, "node_modules", name)), { recursive: true });
      await symlink(join(root, "node_modules", name), join(directory, "node_modules", name));
    }
    const { status, stderr } = spawnSync(process.execPath, ["dist/src/main.js"], {
      cwd: directory,
      encoding: "utf8",
      env: { PATH: process.env["PATH"], MONGODB_URI: "mongodb://127.0.0.1:1/gatehouse" },
    });
    expect({ status, stderr }).to.deep.equal({
      status: 1,
      stderr: 'gatehouse cannot start. The package mongoose is not installed: run "npm ci".\n',
    });
  });

  it("exit with 1 and one sentence when the certificate is not one", async () => {
    const path = join(directory, "pem");
    await writeFile(path, "not a certificate");
    const error = await startProcess({ DATA_DIR: join(directory, "data"), TLS_CERT: path, TLS_KEY: path }).catch(
      (reason: Error) => reason,
    );
    expect(String(error)).to.match(
      /ended with 1: gatehouse cannot start\. TLS_CERT and TLS_KEY do not contain [^\n]*\n$/,
    );
  });

  it("log decisions at LOG_LEVEL=debug without secrets", async () => {
    const environment = { DATA_DIR: join(directory, "data"), LOG_LEVEL: "debug", RATE_LIMIT: "scim=500/10" };
    const service = await startProcess(environment);
    const filter = encodeURIComponent('title co "x"');
    await service.clientWithSecret(service.firstSecret).get(`/scim/v2/Users?filter=${filter}`).expect(200);
    await service.clientWithSecret("wxt_unknown").get("/scim/v2/Users").expect(401);
    await service.stop("SIGTERM"); // also searches the log for secrets
    const lines = service
      .stderr()
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    const linesOf = (message: string) => lines.filter((line) => line.message === message);
    expect(linesOf("credential checked")[0]).to.include({ result: "accepted" }).and.have.property("tokenId");
    expect(linesOf("credential rejected")[0]).to.include({ level: "warn", reason: "malformed", ip: "127.0.0.1" });
    expect(linesOf("rate limit checked")[0]).to.include({ result: "accepted" });
    expect(linesOf("store scan started").map(({ collection }) => collection)).to.include("users");
  });
});
