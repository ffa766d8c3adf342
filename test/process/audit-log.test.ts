import { expect } from "chai";
import type { Environment } from "../../src/config.ts";
import type { ServiceProcess } from "../support/process.ts";
import { userUrn } from "../support/service.ts";
import { useServiceOutput } from "./service-output.fixture.ts";

describe("AUDIT_LOG", () => {
  const output = useServiceOutput();
  let service: ServiceProcess;
  const start = async (environment: Environment = {}): Promise<void> => {
    service = await output.start(environment);
  };
  const stopAndReadLines = (): Promise<readonly string[]> => output.stopAndReadLines(/^[{<]/);
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
