import { expect } from "chai";
import fc from "fast-check";
import { LruCache } from "../../../src/store/cache/lru-cache.ts";

describe("LruCache", () => {
  it("returns what was set, and undefined for a key that was deleted or cleared", () => {
    const map = new LruCache<string, number>(4);
    map.set("a", 1);
    map.set("a", 2);
    map.set("b", 3);
    expect([map.get("a"), map.get("b"), map.get("c"), map.size]).to.deep.equal([2, 3, undefined, 2]);
    expect([map.delete("a"), map.delete("a"), map.get("a"), map.size]).to.deep.equal([true, false, undefined, 1]);
    map.clear();
    expect([map.get("b"), map.size]).to.deep.equal([undefined, 0]);
  });

  it("stays empty with a limit of 0", () => {
    const cache = new LruCache<string, number>(0);
    cache.set("a", 1);
    expect([cache.get("a"), cache.size]).to.deep.equal([undefined, 0]);
  });

  it("never exceeds its limit, never returns an outdated value and keeps the last half of the keys used", () => {
    const operation = fc.record({ key: fc.nat(12), isWrite: fc.boolean() });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9 }), fc.array(operation, { maxLength: 100 }), (maxSize, operations) => {
        const map = new LruCache<number, number>(maxSize);
        const latest = new Map<number, number>();
        let recentKeys: number[] = [];
        for (const [at, { key, isWrite }] of operations.entries()) {
          if (isWrite) {
            map.set(key, at + 1);
            latest.set(key, at + 1);
          } else {
            const value = map.get(key);
            if (value === undefined) {
              expect(recentKeys).not.to.include(key);
              continue;
            }
            expect(value).to.equal(latest.get(key));
          }
          recentKeys = [key, ...recentKeys.filter((each) => each !== key)].slice(
            0,
            Math.max(1, Math.floor(maxSize / 2)),
          );
          expect(map.size).to.be.at.most(maxSize);
        }
      }),
    );
  });
});
