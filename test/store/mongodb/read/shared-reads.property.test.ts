import { setImmediate as nextTurn } from "node:timers/promises";
import { expect } from "chai";
import fc from "fast-check";
import { DirectAccess } from "../../../../src/store/mongodb/database-access.ts";
import type { Database } from "../../../../src/store/mongodb/driver.ts";
import { type ReadAll, SharedReads } from "../../../../src/store/mongodb/read/shared-reads.ts";

/** Reads without a database: each test passes the query. */
const newSharedReads = (): SharedReads => new SharedReads(new DirectAccess({} as Database));

describe("SharedReads", () => {
  it("never returns a value that was read before the lookup began, whatever the order of lookups, writes and replies", () =>
    fc.assert(
      fc.asyncProperty(fc.scheduler(), fc.array(fc.constantFrom("a", "b", "c"), { maxLength: 30 }), async (s, keys) => {
        let written = 0;
        const read: ReadAll<string, number> = async (wanted) => {
          const now = written;
          await s.schedule(Promise.resolve());
          return new Map([...wanted.keys()].map((key) => [key, now]));
        };
        const reads = newSharedReads();
        const lookups = keys.map(async (key) => {
          await s.schedule(Promise.resolve());
          const writtenBefore = ++written;
          expect((await reads.read("queue", [[key, key]], read)).get(key)).to.be.at.least(writtenBefore);
        });
        const all = Promise.all(lookups);
        for (let isDone = false; !isDone; ) {
          isDone = await Promise.race([all.then(() => true), nextTurn(false)]);
          if (s.count() > 0) await s.waitOne();
        }
        await all;
      }),
      { numRuns: 50 },
    ));

  it("sends one query for the lookups of one turn, and one for those that arrive while it runs", async () => {
    const queries: (readonly string[])[] = [];
    const read: ReadAll<string, string> = async (subjects) => {
      queries.push([...subjects.keys()]);
      await nextTurn();
      return subjects;
    };
    const reads = newSharedReads();
    const lookUp = (...keys: readonly string[]) =>
      reads.read(
        "queue",
        keys.map((key) => [key, key] as const),
        read,
      );
    const first = [lookUp("a", "b"), lookUp("b")];
    await nextTurn();
    const later = [lookUp("a"), lookUp("c")];
    await Promise.all([...first, ...later]);
    expect(queries).to.deep.equal([
      ["a", "b"],
      ["a", "c"],
    ]);
  });

  it("does not let a lookup wait for a query that never ends", async () => {
    const reads = newSharedReads();
    void reads.read("queue", [["stuck", 0]], () => new Promise<never>(() => {}));
    await nextTurn();
    expect((await reads.read("queue", [["a", 1]], async (subjects) => subjects)).get("a")).to.equal(1);
  });

  it("reports an error to the lookups of the failed query only", async () => {
    const reads = newSharedReads();
    const failure = new Error("failed");
    const failing = reads.read("queue", [["a", 1]], () => Promise.reject(failure));
    expect(await failing.catch((error: unknown) => error)).to.equal(failure);
    expect((await reads.read("queue", [["a", 2]], async (subjects) => subjects)).get("a")).to.equal(2);
  });
});
