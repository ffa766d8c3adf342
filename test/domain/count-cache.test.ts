import { expect } from "chai";
import { CountCache } from "../../src/domain/count-cache.ts";

describe("CountCache", () => {
  let now = 0;
  let counted: string[] = [];
  /** Counts the calls, each of which takes this time. */
  const createCache = (durationMs: number): CountCache<number> =>
    new CountCache(
      async (organizationId) => {
        await Promise.resolve();
        now += durationMs;
        counted.push(organizationId);
        if (organizationId === "org_failing" && counted.length === 1) throw new Error("the store is away");
        return counted.length;
      },
      () => now,
    );
  beforeEach(() => {
    now = 0;
    counted = [];
  });

  it("counts once for concurrent calls, and for each organization", async () => {
    const cache = createCache(10);
    expect(await Promise.all([cache.read("org_1"), cache.read("org_1"), cache.read("org_2")])).to.deep.equal([1, 1, 2]);
    expect(counted).to.deep.equal(["org_1", "org_2"]);
  });

  it("uses a result for a hundred times as long as the count took, at most for a minute", async () => {
    for (const [durationMs, usedMs] of [
      [2, 200],
      [5000, 60_000],
    ] as const) {
      const cache = createCache(durationMs);
      const first = await cache.read("org_1");
      now += usedMs - 1;
      expect(await cache.read("org_1")).to.equal(first);
      now += 1;
      expect(await cache.read("org_1")).to.equal(first + 1);
    }
  });

  it("keeps no failure", async () => {
    const cache = createCache(10);
    const failure: unknown = await cache.read("org_failing").catch((error: unknown) => error);
    expect(failure).to.be.an("error");
    expect(await cache.read("org_failing")).to.equal(2);
  });
});
