import { expect } from "chai";
import { withConnection, withDatabase } from "../store/mongodb/mongodb.fixture.ts";
import { describeOnMongod, startDedicatedMongod } from "../support/mongod.ts";
import { type ServiceProcess, startProcess } from "../support/process.ts";
import { userUrn } from "../support/service.ts";

/** Returns a window length in seconds. The window ends in an hour or later, so that none ends during a test. */
const windowSeconds = (): number => {
  const now = Date.now() / 1000;
  for (let length = 86_400; ; length--) if (length - (now % length) > 3600) return length;
};
const rateLimit = (requests: number) => ({
  RATE_LIMIT: `scim=off,connect-organization=off,api=${requests}/${windowSeconds()},connect=${requests}/${windowSeconds()}`,
});

const statusAt = async (process: ServiceProcess, secret: string): Promise<number> =>
  (await process.clientWithSecret(secret).get("/api/whoami")).status;

describeOnMongod("Rate limit of two processes that share MongoDB", (server) => {
  let uri: string;
  let one: ServiceProcess;
  let two: ServiceProcess;
  let secret: string;
  before(async () => {
    uri = withDatabase(server(), `gatehouse_rates_${Date.now()}`);
    const environment = { MONGODB_URI: uri, ...rateLimit(100) };
    [one, two] = await Promise.all([startProcess(environment), startProcess(environment)]);
    secret = one.firstSecret || two.firstSecret;
  });
  after(async () => {
    await Promise.all([one, two].map((each) => each.stop("SIGTERM")));
    await withConnection(uri, (connection) => connection.dropDatabase());
  });

  it("counts the requests of both processes within seconds", async () => {
    for (let time = 0; time < 60; time++) expect(await statusAt(one, secret)).to.equal(200);
    // Reading the remaining limit counts as a request.
    let readRequests = 0;
    const readRemainingAtTwo = async (): Promise<number> => {
      readRequests++;
      const { headers } = await two.clientWithSecret(secret).get("/api/whoami").expect(200);
      return Number(/r=(\d+)/.exec(headers["ratelimit"] ?? "")?.[1]);
    };
    while ((await readRemainingAtTwo()) !== 40 - readRequests) {
      expect(readRequests, "requests until the counters were synchronized").to.be.below(30);
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
    for (let left = 40 - readRequests; left > 0; left--) expect(await statusAt(two, secret)).to.equal(200);
    expect(await statusAt(two, secret)).to.equal(429);
    let status = 200;
    for (let time = 0; status === 200; time++) {
      expect(time, "requests until the counters were synchronized").to.be.below(40);
      status = await statusAt(one, secret);
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    expect(status).to.equal(429);
  });

  it("counts the requests of one acting user at both processes, apart from those of another", async () => {
    for (const userName of ["ada", "bob"]) {
      const user = { schemas: [userUrn], userName };
      await one.clientWithSecret(secret).post("/scim/v2/Users").send(user).expect(201);
    }
    const requestAs = async (process: ServiceProcess, userName: string) =>
      process.clientWithSecret(secret).get("/api/whoami").set("x-user-email", userName);
    for (let time = 0; time < 95; time++) expect((await requestAs(one, "ada")).status).to.equal(200);
    let status = 200;
    for (let time = 0; status === 200; time++) {
      expect(time, "requests until the counters were synchronized").to.be.below(100);
      status = (await requestAs(two, "ada")).status;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    expect(status).to.equal(429);
    const { headers } = await requestAs(two, "bob");
    expect(headers["ratelimit"]).to.match(/"connect";r=99;/);
  });
});

describeOnMongod("Rate limit during a MongoDB outage", () => {
  it("applies per process and logs the outage once", async function () {
    this.timeout(90_000);
    const mongod = await startDedicatedMongod("replica-set");
    if (!mongod) {
      process.stdout.write("    (skipped: the test needs a mongod of its own)\n");
      return this.skip();
    }
    const service = await startProcess({ MONGODB_URI: withDatabase(mongod.uri, "gatehouse"), ...rateLimit(20) });
    try {
      for (let time = 0; time < 15; time++) expect(await statusAt(service, service.firstSecret)).to.equal(200);
      await mongod.kill();
      const warning = "a background job cannot reach the store";
      const killedMs = performance.now();
      while (!service.stderr().includes(warning)) {
        expect(performance.now() - killedMs, "ms without the warning").to.be.below(60_000);
        await statusAt(service, service.firstSecret);
      }
      await mongod.start();
      const statuses: number[] = [];
      while (statuses.filter((status) => status !== 503).length < 6) {
        statuses.push(await statusAt(service, service.firstSecret));
      }
      expect(statuses.filter((status) => status !== 503)).to.deep.equal([200, 200, 200, 200, 200, 429]);
      expect(service.stderr().split(warning)).to.have.length(2);
      expect(await service.stop("SIGTERM")).to.equal(0);
    } finally {
      service.child.kill("SIGKILL");
      await mongod.dispose();
    }
  });
});
