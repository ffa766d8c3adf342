import { expect } from "chai";
import { CounterSync } from "../../../src/domain/rate-limit/counter-sync.ts";
import { Quota } from "../../../src/domain/rate-limit/quota.ts";
import { collections, rateCounts, serviceTenant } from "../../../src/store/collections.ts";
import { describeOnEngines } from "../../store/engines.fixture.ts";
import type { TestStore } from "../../store/test-store.fixture.ts";
import { openDomain, simulateOutage } from "../domain.fixture.ts";

const start = Date.parse("2026-01-01T00:00:00Z");

describeOnEngines("CounterSync", (open, name) => {
  let opened: TestStore;
  let now: number;
  beforeEach(async () => {
    opened = await open({ collections });
    now = start;
  });
  afterEach(() => opened.dispose());

  /** Starts a replica with its quotas and its counter synchronization. */
  const replica = (limits: Readonly<Record<string, readonly [number, number]>> = { connect: [100, 60] }) => {
    const clock = (): number => now;
    const quotas = Object.entries(limits).map(
      ([quota, [requests, seconds]]) => new Quota(quota, { requests, seconds }, clock),
    );
    const [connect] = quotas;
    if (!connect) throw new Error("at least one limit is required");
    const sync = new CounterSync(opened.store, quotas, clock);
    const take = (key: string, times: number, quota = connect): void => {
      for (let time = 0; time < times; time++) quota.consume(key);
    };
    const left = (key: string, quota = connect): number => quota.remaining(key).requests;
    return { quotas, take, left, flush: () => sync.flush() };
  };
  const records = async () => (await opened.store.for(serviceTenant).open(rateCounts).list({ limit: 100 })).items;

  it("adds up the counts of all replicas by key", async () => {
    const [one, two, three] = [replica(), replica(), replica()];
    one.take("tok_a", 40);
    one.take("tok_b", 10);
    two.take("tok_a", 30);
    three.take("tok_a", 20);
    for (const each of [one, two, three, one, two]) await each.flush();
    for (const each of [one, two, three]) expect([each.left("tok_a"), each.left("tok_b")]).to.deep.equal([10, 90]);
    one.take("tok_a", 10);
    await one.flush();
    await two.flush();
    expect(two.left("tok_a")).to.equal(0);
  });

  it("synchronizes each quota separately and drops the counts of an ended window", async () => {
    const limits = { connect: [100, 60], "connect-organization": [1000, 3600] } as const;
    const [one, two] = [replica(limits), replica(limits)];
    one.take("tok_a", 50);
    one.take("org_a", 50, one.quotas[1]);
    two.take("tok_a", 1);
    await one.flush();
    await two.flush();
    expect([two.left("tok_a"), two.left("org_a", two.quotas[1])]).to.deep.equal([49, 950]);
    now += 60_000;
    two.take("tok_a", 1);
    await two.flush();
    expect([two.left("tok_a"), two.left("org_a", two.quotas[1])]).to.deep.equal([99, 950]);
  });

  it("does not mix windows of different lengths that start at the same time", async () => {
    const [one, two] = [replica({ connect: [100, 60] }), replica({ connect: [100, 3600] })];
    one.take("tok_a", 50);
    two.take("tok_a", 10);
    for (const each of [one, two, one]) await each.flush();
    expect([one.left("tok_a"), two.left("tok_a")]).to.deep.equal([50, 90]);
  });

  it("writes nothing without requests, and nothing for keys below 5 % of their limit", async () => {
    const one = replica();
    await one.flush();
    one.take("tok_a", 4);
    await one.flush();
    expect(await records()).to.deep.equal([]);
    one.take("tok_a", 1);
    await one.flush();
    const [first] = await records();
    expect(first?.windows).to.deep.equal([
      { quota: "connect", seconds: 60, start, counts: [{ key: "tok_a", requests: 5 }] },
    ]);
    now += 1000;
    await one.flush();
    expect(await records()).to.deep.equal([first]);
  });

  it("stores one record per replica and publishes the 2,000 keys with the highest counts", async () => {
    const one = replica();
    for (let at = 0; at < 2100; at++) one.take(`tok_${at}`, at < 2000 ? 6 : 5);
    await one.flush();
    const [record, ...more] = await records();
    expect(more).to.deep.equal([]);
    expect(record?.windows[0]?.counts).to.have.length(2000);
    expect(record?.windows[0]?.counts.every(({ requests }) => requests === 6)).to.equal(true);
  });

  it("removes the records of stopped replicas after their windows end", async () => {
    const stopped = replica();
    stopped.take("tok_a", 50);
    await stopped.flush();
    const one = replica();
    const countRecords = async (): Promise<number> => {
      for (let time = 0; time < 2; time++) {
        one.take("tok_b", 10);
        await one.flush();
      }
      return (await records()).length;
    };
    expect(await countRecords()).to.equal(2);
    now += 119_000;
    expect(await countRecords()).to.equal(2);
    now += 2000;
    expect(await countRecords()).to.equal(1);
  });

  it("recreates its record after another replica has removed it", async () => {
    const [one, two] = [replica(), replica()];
    one.take("tok_a", 50);
    await one.flush();
    now += 3_600_000;
    for (let time = 0; time < 2; time++) {
      two.take("tok_b", 10);
      await two.flush();
    }
    expect(await records()).to.have.length(1);
    one.take("tok_a", 30);
    await one.flush();
    two.take("tok_a", 1);
    await two.flush();
    expect(two.left("tok_a")).to.equal(69);
  });

  if (name !== "SQLite") {
    it("loses no count when many replicas synchronize concurrently", async () => {
      const stores = await Promise.all(Array.from({ length: 4 }, () => opened.openSecond?.()));
      try {
        const replicas = stores.map((store) => {
          if (!store) throw new Error("a second store is required");
          const quota = new Quota("connect", { requests: 1000, seconds: 60 }, () => now);
          return { quota, sync: new CounterSync(store, [quota], () => now) };
        });
        for (let round = 0; round < 5; round++) {
          for (const { quota } of replicas) for (let time = 0; time < 20; time++) quota.consume("tok_a");
          await Promise.all(replicas.map(({ sync }) => sync.flush()));
        }
        await Promise.all(replicas.map(({ sync }) => sync.flush()));
        for (const { quota } of replicas) expect(quota.remaining("tok_a").requests).to.equal(600);
      } finally {
        await Promise.all(stores.map((store) => store?.close()));
      }
    });
  }
});

describe("CounterSync during an outage of the store", () => {
  it("throws, continues with the counts that it has, and synchronizes again afterwards", async () => {
    const domain = await openDomain();
    try {
      const replica = () => {
        const quota = new Quota("connect", { requests: 100, seconds: 60 }, () => start);
        return { quota, sync: new CounterSync(domain.store, [quota], () => start) };
      };
      const [one, two] = [replica(), replica()];
      for (const { quota } of [one, two]) for (let time = 0; time < 10; time++) quota.consume("tok_a");
      await one.sync.flush();
      await two.sync.flush();
      const restore = await simulateOutage(domain);
      two.quota.consume("tok_a");
      const failed = await two.sync.flush().catch((error: Error) => error);
      expect(failed).to.be.instanceOf(Error);
      expect(two.quota.remaining("tok_a").requests).to.equal(79);
      await restore();
      await two.sync.flush();
      await one.sync.flush();
      expect(one.quota.remaining("tok_a").requests).to.equal(79);
    } finally {
      await domain.dispose();
    }
  });
});
