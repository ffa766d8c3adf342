import { expect } from "chai";
import { Quota } from "../../../src/domain/rate/quota.ts";
import { QuotaExchange } from "../../../src/domain/rate/quota-exchange.ts";
import { collections, rateCounts, serviceTenant } from "../../../src/store/collections.ts";
import { engines } from "../../store/engines.ts";
import type { Opened } from "../../store/opened.ts";
import { openDomain, takeAway } from "../opened.ts";

const start = Date.parse("2026-01-01T00:00:00Z");

for (const { name, open } of engines) {
  describe(`QuotaExchange on ${name}`, () => {
    let opened: Opened;
    let now: number;
    beforeEach(async () => {
      opened = await open({ collections });
      now = start;
    });
    afterEach(() => opened.dispose());

    /** A replica: what it counts in, and its exchange. */
    const replica = (limits: Readonly<Record<string, readonly [number, number]>> = { connect: [100, 60] }) => {
      const clock = (): number => now;
      const quotas = Object.entries(limits).map(
        ([quota, [requests, seconds]]) => new Quota(quota, { requests, seconds }, clock),
      );
      const [connect] = quotas;
      if (!connect) throw new Error("there is no quota");
      const exchange = new QuotaExchange(opened.store, quotas, clock);
      const take = (key: string, times: number, quota = connect): void => {
        for (let time = 0; time < times; time++) quota.take(key);
      };
      const left = (key: string, quota = connect): number => quota.remaining(key).requests;
      return { quotas, take, left, flush: () => exchange.flush() };
    };
    const records = async () => (await opened.store.for(serviceTenant).open(rateCounts).list({ limit: 100 })).items;

    it("makes replicas count together, key by key", async () => {
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

    it("counts each quota by itself, and forgets a window when it is over", async () => {
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

    it("does not mix windows of different length that begin together", async () => {
      const [one, two] = [replica({ connect: [100, 60] }), replica({ connect: [100, 3600] })];
      one.take("tok_a", 50);
      two.take("tok_a", 10);
      for (const each of [one, two, one]) await each.flush();
      expect([one.left("tok_a"), two.left("tok_a")]).to.deep.equal([50, 90]);
    });

    it("writes nothing while nothing is counted, and nothing for keys that have hardly used their limit", async () => {
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

    it("keeps one record for each replica, and tells the most used of very many keys", async () => {
      const one = replica();
      for (let at = 0; at < 2100; at++) one.take(`tok_${at}`, at < 2000 ? 6 : 5);
      await one.flush();
      const [record, ...more] = await records();
      expect(more).to.deep.equal([]);
      expect(record?.windows[0]?.counts).to.have.length(2000);
      expect(record?.windows[0]?.counts.every(({ requests }) => requests === 6)).to.equal(true);
    });

    it("sweeps away the records of replicas that have ended, once their windows are over", async () => {
      const ended = replica();
      ended.take("tok_a", 50);
      await ended.flush();
      const one = replica();
      const goOn = async (): Promise<number> => {
        for (let time = 0; time < 2; time++) {
          one.take("tok_b", 10);
          await one.flush();
        }
        return (await records()).length;
      };
      expect(await goOn()).to.equal(2);
      now += 119_000;
      expect(await goOn()).to.equal(2);
      now += 2000;
      expect(await goOn()).to.equal(1);
    });

    it("goes on with a record that another replica has swept away", async () => {
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
      it("of many replicas at once loses no count", async () => {
        const stores = await Promise.all(Array.from({ length: 4 }, () => opened.beside?.()));
        try {
          const replicas = stores.map((store) => {
            if (!store) throw new Error("there is no second store");
            const quota = new Quota("connect", { requests: 1000, seconds: 60 }, () => now);
            return { quota, exchange: new QuotaExchange(store, [quota], () => now) };
          });
          for (let round = 0; round < 5; round++) {
            for (const { quota } of replicas) for (let time = 0; time < 20; time++) quota.take("tok_a");
            await Promise.all(replicas.map(({ exchange }) => exchange.flush()));
          }
          await Promise.all(replicas.map(({ exchange }) => exchange.flush()));
          for (const { quota } of replicas) expect(quota.remaining("tok_a").requests).to.equal(600);
        } finally {
          await Promise.all(stores.map((store) => store?.close()));
        }
      });
    }
  });
}

describe("QuotaExchange without its store", () => {
  it("tells of the outage once, counts on with what it knows, and shares again afterwards", async () => {
    const domain = await openDomain();
    try {
      const replica = () => {
        const quota = new Quota("connect", { requests: 100, seconds: 60 }, () => start);
        return { quota, exchange: new QuotaExchange(domain.store, [quota], () => start) };
      };
      const [one, two] = [replica(), replica()];
      for (const { quota } of [one, two]) for (let time = 0; time < 10; time++) quota.take("tok_a");
      await one.exchange.flush();
      await two.exchange.flush();
      const bringBack = await takeAway(domain);
      two.quota.take("tok_a");
      const failed = await two.exchange.flush().catch((error: Error) => error);
      expect(failed).to.be.instanceOf(Error);
      await two.exchange.flush();
      expect(two.quota.remaining("tok_a").requests).to.equal(79);
      await bringBack();
      await two.exchange.flush();
      await one.exchange.flush();
      expect(one.quota.remaining("tok_a").requests).to.equal(79);
    } finally {
      await domain.dispose();
    }
  });
});
