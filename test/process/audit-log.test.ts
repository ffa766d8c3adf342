import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import type { Environment } from "../../src/config.ts";
import { type ServiceProcess, startProcess } from "../support/process.ts";
import { assertNoSecrets } from "../support/secrets.ts";
import { userUrn } from "../support/service.ts";

describe("AUDIT_LOG", () => {
  let directory: string;
  let service: ServiceProcess;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "gatehouse-audit-log-"));
  });
  afterEach(async () => {
    service.child.kill("SIGKILL");
    await rm(directory, { recursive: true, force: true });
  });
  const start = async (environment: Environment): Promise<void> => {
    service = await startProcess({ DATA_DIR: join(directory, "data"), ...environment });
  };
  const stopAndReadLines = async (): Promise<readonly string[]> => {
    const closed = once(service.child, "close");
    expect(await service.stop("SIGTERM")).to.equal(0);
    await closed; // all output has arrived
    const lines = service
      .stdout()
      .split("\n")
      .filter((line) => /^[{<]/.test(line));
    assertNoSecrets(lines.join("\n"), "standard output");
    return lines;
  };
  const createUser = async (userName: string): Promise<string> => {
    const client = service.clientWithSecret(service.firstSecret);
    const { text } = await client
      .post("/scim/v2/Users")
      .send({ schemas: [userUrn], userName })
      .expect(201);
    return JSON.parse(text).id;
  };

  it("json: has a line for each change beside those of the access log, also of the first start", async () => {
    await start({ AUDIT_LOG: "json" });
    const id = await createUser("ada@example.com");
    const client = service.clientWithSecret(service.firstSecret);
    await client
      .post("/scim/v2/Users")
      .send({ schemas: [userUrn] })
      .expect(400); // changes nothing
    const lines = (await stopAndReadLines()).map((line) => JSON.parse(line));
    expect(lines.filter(({ type }) => type === "access")).to.have.length(2);
    const audit = lines.filter(({ type }) => type === "audit");
    expect(audit.map(({ action }) => action)).to.deep.equal(["organization.create", "token.create", "user.create"]);
    expect(audit[2]).to.deep.include({ target: { type: "user", id }, outcome: "success", ip: "127.0.0.1" });
  });

  it("syslog: has a message of RFC 5424 for each change", async () => {
    await start({ AUDIT_LOG: "syslog", ACCESS_LOG: "off" });
    await createUser("ünal\r\n<0>1 forged");
    const lines = await stopAndReadLines();
    const [, , created] = lines;
    expect(lines).to.have.length(3);
    expect(created).to.match(/^<110>1 \S+Z \S+ gatehouse \d+ user\.create - \{"type":"audit",/);
    expect(JSON.parse((created ?? "").replace(/^.*? - /, "")).after.userName).to.equal("ünal\r\n<0>1 forged");
  });

  it("is off by default", async () => {
    await start({ ACCESS_LOG: "off" });
    await createUser("ada@example.com");
    expect(await stopAndReadLines()).to.deep.equal([]);
  });

  it("delays no request and no shutdown when nothing reads standard output", async () => {
    await start({ AUDIT_LOG: "json" });
    service.child.stdout?.removeAllListeners("data");
    service.child.stdout?.pause();
    // More than a pipe holds.
    for (let at = 0; at < 150; at++) await createUser(`${at}${"x".repeat(500)}`);
    expect(await service.stop("SIGTERM")).to.equal(0);
  });
});
