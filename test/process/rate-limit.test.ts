import { expect } from "chai";
import { withConnection, withDatabase } from "../store/mongo-opened.ts";
import { ownMongod, testMongo } from "../support/mongod.ts";
import { type ServiceProcess, startProcess } from "../support/process.ts";

const mongo = await testMongo();

/** A window that ends in an hour or later, so that none ends within a test. */
const seconds = (): number => {
  const now = Date.now() / 1000;
  for (let length = 86_400; ; length--) if (length - (now % length) > 3600) return length;
};
const limited = (requests: number) => ({ RATE_LIMIT: `scim=off,api=${requests}/${seconds()}` });

const statusAt = async (process: ServiceProcess, secret: string): Promise<number> =>
  (await process.with(secret).get("/api/whoami")).status;

(mongo ? describe : describe.skip)("A rate limit of two processes on one MongoDB", () => {
  let uri: string;
  let one: ServiceProcess;
  let two: ServiceProcess;
  let secret: string;
  before(async () => {
    uri = withDatabase(mongo?.uri ?? "", `gatehouse_rates_${Date.now()}`);
    const environment = { MONGODB_URI: uri, ...limited(100) };
    [one, two] = await Promise.all([startProcess(environment), startProcess(environment)]);
    secret = one.firstSecret || two.firstSecret;
  });
  after(async () => {
    await Promise.all([one, two].map((each) => each.end("SIGTERM")));
    await withConnection(uri, (connection) => connection.dropDatabase());
  });

  it("is used up by both together: what one lets through the other has heard of within seconds", async () => {
    for (let time = 0; time < 60; time++) expect(await statusAt(one, secret)).to.equal(200);
    // Whoever asks what is left uses up one more.
    let own = 0;
    const leftAtTwo = async (): Promise<number> => {
      own++;
      const { headers } = await two.with(secret).get("/api/whoami").expect(200);
      return Number(/r=(\d+)/.exec(headers["ratelimit"] ?? "")?.[1]);
    };
    while ((await leftAtTwo()) !== 40 - own) {
      expect(own, "requests until it had heard").to.be.below(30);
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
    for (let left = 40 - own; left > 0; left--) expect(await statusAt(two, secret)).to.equal(200);
    expect(await statusAt(two, secret)).to.equal(429);
    let status = 200;
    for (let time = 0; status === 200; time++) {
      expect(time, "requests until the first had heard").to.be.below(40);
      status = await statusAt(one, secret);
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    expect(status).to.equal(429);
  });
});

(mongo ? describe : describe.skip)("A rate limit while MongoDB is away", () => {
  it("is kept by each process for itself, and the outage is logged once", async function () {
    this.timeout(90_000);
    const mongod = await ownMongod("replica-set");
    if (!mongod) {
      process.stdout.write("    (skipped: only a MongoDB that is not the test's own is there)\n");
      return this.skip();
    }
    const service = await startProcess({ MONGODB_URI: withDatabase(mongod.uri, "gatehouse"), ...limited(20) });
    try {
      for (let time = 0; time < 15; time++) expect(await statusAt(service, service.firstSecret)).to.equal(200);
      await mongod.kill();
      const complaint = "Rate limits cannot be shared";
      while (!service.stderr().includes(complaint)) await statusAt(service, service.firstSecret);
      await mongod.start();
      const statuses: number[] = [];
      while (statuses.filter((status) => status !== 503).length < 6) {
        statuses.push(await statusAt(service, service.firstSecret));
      }
      expect(statuses.filter((status) => status !== 503)).to.deep.equal([200, 200, 200, 200, 200, 429]);
      expect(service.stderr().split(complaint)).to.have.length(2);
      expect(await service.end("SIGTERM")).to.equal(0);
    } finally {
      service.child.kill("SIGKILL");
      await mongod.dispose();
    }
  });
});
