import { expect } from "chai";
import type { Store } from "../../../src/store/store.ts";
import {
  insertAll,
  newOrganizationId,
  newTestRecord,
  otherRecords,
  testRecordReader,
  testRecords,
  writeTestRecords,
} from "./records.fixture.ts";
import { expectFailure, expectRejection } from "./rejected.fixture.ts";

/** Tests atomicity and isolation. */
export function transactionContract(store: () => Store): void {
  let organization: string;
  beforeEach(() => {
    organization = newOrganizationId();
  });
  const count = (): Promise<number> => testRecordReader(store(), organization).count();

  describe("transaction", () => {
    it("commits records of several collections and organizations and memberships", async () => {
      const second = newOrganizationId();
      const result = await store().transaction(async (change) => {
        await change.for(organization).open(testRecords).insert(newTestRecord(organization, "a"));
        await change.for(organization).open(testRecords).insert(newTestRecord(organization, "b"));
        await change.for(organization).open(otherRecords).insert(newTestRecord(organization, "a"));
        await change.for(second).open(testRecords).insert(newTestRecord(second, "a"));
        await change.for(organization).memberships.add("grp_1", ["usr_1"]);
        return { any: ["value"] };
      });
      expect(result).to.deep.equal({ any: ["value"] });
      expect(await count()).to.equal(2);
      expect(await testRecordReader(store(), organization, otherRecords).count()).to.equal(1);
      expect(await testRecordReader(store(), second).count()).to.equal(1);
      expect(await store().for(organization).memberships.members("grp_1", { limit: 9 })).to.deep.equal(["usr_1"]);
    });

    describe("inside another transaction", () => {
      const nested = (): Promise<void> => writeTestRecords(store(), organization, async () => undefined);
      const callers: Readonly<Record<string, () => Promise<unknown>>> = {
        directly: nested,
        "after another operation": async () => {
          await count();
          await nested();
        },
        "after a turn of the event loop": async () => {
          await new Promise((resolve) => setImmediate(resolve));
          return nested();
        },
        "in one of several parallel operations": () => Promise.all([count(), count().then(nested)]),
        "in a handler of a promise": () =>
          count()
            .then(nested, nested)
            .catch((error: unknown) => Promise.reject(error)),
      };
      for (const [title, call] of Object.entries(callers)) {
        it(`is rejected at once if it is started ${title}, and the store keeps working`, async () => {
          const outcome = await expectFailure(() =>
            store().transaction(async (change) => {
              await change.for(organization).open(testRecords).insert(newTestRecord(organization, "outer"));
              await call();
            }),
          );
          expect(String(outcome)).to.contain("A transaction was started inside another one");
          expect(await count()).to.equal(0);
          await insertAll(store(), organization, [newTestRecord(organization, "after")]);
          expect(await count()).to.equal(1);
        });
      }

      it("is not mistaken for a transaction that runs at the same time or afterwards", async () => {
        let isRunning = true;
        const others: Promise<void>[] = [];
        const outer = store()
          .transaction(async (change) => {
            for (let at = 0; at < 20; at++) {
              await change
                .for(organization)
                .open(testRecords)
                .insert(newTestRecord(organization, `outer${at}`));
              await new Promise((resolve) => setImmediate(resolve));
            }
          })
          .finally(() => {
            isRunning = false;
          });
        for (let at = 0; isRunning; at++) {
          others.push(insertAll(store(), organization, [newTestRecord(organization, `other${at}`)]));
          await new Promise((resolve) => setTimeout(resolve, 5));
        }
        await outer.then(() => insertAll(store(), organization, [newTestRecord(organization, "after")]));
        await Promise.all(others);
        expect(await count()).to.equal(21 + others.length);
      });
    });

    it("stores nothing when the body throws, and rethrows the error", async () => {
      await insertAll(store(), organization, [newTestRecord(organization, "a", { note: "before", size: 1 })]);
      const reason = new Error("changed my mind");
      const thrown = await expectFailure(() =>
        store().transaction(async (change) => {
          const writer = change.for(organization).open(testRecords);
          await writer.insert(newTestRecord(organization, "b"));
          await writer.replace(newTestRecord(organization, "a", { note: "after" }), "any");
          await writer.increment("thg_a", { size: 5 });
          await change.for(organization).memberships.add("grp_1", ["usr_1"]);
          throw reason;
        }),
      );
      expect(thrown).to.equal(reason);
      expect(await count()).to.equal(1);
      expect(await testRecordReader(store(), organization).get("thg_a")).to.deep.equal(
        newTestRecord(organization, "a", { note: "before", size: 1 }),
      );
      expect(await store().for(organization).memberships.members("grp_1", { limit: 9 })).to.deep.equal([]);
    });

    it("stores nothing when one of its writes is rejected", async () => {
      await insertAll(store(), organization, [newTestRecord(organization, "a", { code: "c" })]);
      await expectRejection(
        writeTestRecords(store(), organization, async (writer) => {
          await writer.insert(newTestRecord(organization, "b"));
          await writer.insert(newTestRecord(organization, "c", { code: "c" }));
        }),
        "conflict",
      );
      await expectRejection(
        writeTestRecords(store(), organization, async (writer) => {
          await writer.remove("thg_a", "any");
          await writer.replace(newTestRecord(organization, "a"), 1);
        }),
        "stale",
      );
      expect(await count()).to.equal(1);
    });

    it("accepts a body without operations", async () => {
      expect(await store().transaction(async () => 42)).to.equal(42);
    });

    it("sees its own writes", async () => {
      await insertAll(store(), organization, [
        newTestRecord(organization, "a", { name: "x" }),
        newTestRecord(organization, "b", { name: "x" }),
      ]);
      await store().transaction(async (change) => {
        const writer = change.for(organization).open(testRecords);
        await writer.insert(newTestRecord(organization, "c", { name: "x", emails: [{ value: "c@x" }] }));
        await writer.remove("thg_a", "any");
        await writer.increment("thg_b", { size: 3 });
        expect(await writer.get("thg_a")).to.equal(undefined);
        expect((await writer.get("thg_b"))?.size).to.equal(3);
        expect((await writer.list({ limit: 9, total: true })).items.map((each) => each.id)).to.deep.equal([
          "thg_b",
          "thg_c",
        ]);
        expect(await writer.count()).to.equal(2);
        expect(await writer.count({ op: "eq", path: "name", value: "x" })).to.equal(2);
        expect(
          await writer.count({ op: "some", path: "emails", where: { op: "eq", path: "value", value: "c@x" } }),
        ).to.equal(1);
        const { memberships } = change.for(organization);
        await memberships.add("grp_1", ["usr_1"]);
        expect(await memberships.filterMembers("grp_1", ["usr_1", "usr_2"])).to.deep.equal(["usr_1"]);
        expect(await memberships.transitiveGroupsOf("usr_1")).to.deep.equal(["grp_1"]);
      });
    });

    it("reads its own writes and those of the transactions before it, whatever reads it expects", async () => {
      await insertAll(store(), organization, [newTestRecord(organization, "a", { size: 0 })]);
      const expectedReads = {
        organizationId: organization,
        records: [
          { definition: testRecords, ids: ["thg_a", "thg_b", "thg_missing", "thg_\0"] },
          { definition: otherRecords, ids: [] },
        ],
        members: { groupId: "grp_1", memberIds: ["usr_1", "usr_2", "usr_\0"] },
      };
      const run = (): Promise<unknown> =>
        store().transaction(
          async (change) => {
            const { memberships, ...tenant } = change.for(organization);
            const writer = tenant.open(testRecords);
            const sizeOf = async (id: string): Promise<number | undefined> => (await writer.get(id))?.size;
            const size = (await sizeOf("thg_a")) ?? Number.NaN;
            await writer.increment("thg_a", { size: 1 });
            expect(await sizeOf("thg_a")).to.equal(size + 1);
            expect(await writer.get("thg_b")).to.equal(undefined);
            await writer.insert(newTestRecord(organization, "b", { size: 1 }));
            expect(await writer.count()).to.equal(2); // the insert is sent before
            expect(await sizeOf("thg_b")).to.equal(1);
            await writer.replace(newTestRecord(organization, "b", { size: 2 }), 1);
            expect(await sizeOf("thg_b")).to.equal(2);
            expect(await writer.remove("thg_b", "any")).to.equal(true);
            expect(await writer.get("thg_b")).to.equal(undefined);
            expect(await writer.get("thg_missing")).to.equal(undefined);
            expect(await memberships.filterMembers("grp_1", ["usr_1", "usr_2"])).to.deep.equal([]);
            expect(await memberships.add("grp_1", ["usr_1"])).to.deep.equal(["usr_1"]);
            expect(await memberships.members("grp_1", { limit: 9 })).to.deep.equal(["usr_1"]);
            expect(await memberships.add("grp_1", ["usr_1", "usr_2"])).to.deep.equal(["usr_2"]);
            expect(await memberships.filterMembers("grp_1", ["usr_1", "usr_2"])).to.deep.equal(["usr_1", "usr_2"]);
            expect(await memberships.remove("grp_1", ["usr_1", "usr_2"])).to.deep.equal(["usr_1", "usr_2"]);
            expect(await memberships.remove("grp_1", ["usr_1"])).to.deep.equal([]);
          },
          { lockKey: "thg_a", expectedReads },
        );
      await Promise.all(Array.from({ length: 5 }, run));
      expect((await testRecordReader(store(), organization).get("thg_a"))?.size).to.equal(5);
    });

    it("hides its writes from other readers until it is committed", async () => {
      await insertAll(store(), organization, [newTestRecord(organization, "a", { size: 1 })]);
      const outside = async (): Promise<unknown> => [
        await count(),
        (await testRecordReader(store(), organization).get("thg_a"))?.size,
        (
          await testRecordReader(store(), organization).list({
            where: { op: "eq", path: "note", value: "n" },
            limit: 9,
          })
        ).items,
        await store().for(organization).memberships.groupsOf("usr_1", { limit: 9 }),
      ];
      await store().transaction(async (change) => {
        await change
          .for(organization)
          .open(testRecords)
          .insert(newTestRecord(organization, "b", { note: "n" }));
        await change.for(organization).open(testRecords).increment("thg_a", { size: 1 });
        await change.for(organization).memberships.add("grp_1", ["usr_1"]);
        expect(await outside()).to.deep.equal([1, 1, [], []]);
      });
      expect(await outside()).to.deep.equal([2, 2, [newTestRecord(organization, "b", { note: "n" })], ["grp_1"]]);
    });

    for (const [writers, options] of [
      [64, { lockKey: "thg_counter" }],
      [16, {}],
    ] as const) {
      it(`loses no update of ${writers} concurrent writers of one record${"lockKey" in options ? " with a lock key" : ""}`, async () => {
        await insertAll(store(), organization, [newTestRecord(organization, "counter", { size: 0 })]);
        const sizes = await Promise.all(
          Array.from({ length: writers }, () =>
            store().transaction(async (change) => {
              const writer = change.for(organization).open(testRecords);
              const read = await writer.get("thg_counter");
              if (!read) throw new Error("the counter is gone");
              const size = (read.size ?? 0) + 1;
              await writer.replace({ ...read, size, version: read.version + 1 }, read.version);
              return size;
            }, options),
          ),
        );
        expect(sizes.sort((a, b) => a - b)).to.deep.equal(Array.from({ length: writers }, (_, at) => at + 1));
        const after = await testRecordReader(store(), organization).get("thg_counter");
        expect([after?.size, after?.version]).to.deep.equal([writers, writers + 1]);
      });
    }

    it("runs transactions with the same lock key one after another, and continues after a failure", async () => {
      const running: string[] = [];
      const outcomes = await Promise.allSettled(
        ["1", "2", "3"].map((name) =>
          store().transaction(
            async (change) => {
              running.push(`${name} begins`);
              await change.for(organization).open(testRecords).insert(newTestRecord(organization, name));
              running.push(`${name} ends`);
              if (name === "2") throw new Error("fails");
            },
            { lockKey: "one" },
          ),
        ),
      );
      expect(outcomes.map(({ status }) => status)).to.deep.equal(["fulfilled", "rejected", "fulfilled"]);
      // A body can run again, because it shares a commit with one that failed.
      for (let at = 0; at < running.length; at += 2)
        expect(running[at + 1], `after ${running[at]}`).to.equal(running[at]?.replace("begins", "ends"));
      const lastRuns = ["1", "2", "3"].map((name) => running.lastIndexOf(`${name} ends`));
      expect(lastRuns)
        .to.deep.equal([...lastRuns].sort((one, other) => one - other))
        .and.not.to.include(-1);
      expect(await count()).to.equal(2);
    });

    it("rejects writes through a transaction that is over", async () => {
      const finishedTenant = await store().transaction(async (change) => change.for(organization));
      await expectFailure(() => finishedTenant.open(testRecords).insert(newTestRecord(organization, "late")));
      await expectFailure(() => finishedTenant.memberships.add("grp_late", ["usr_1"]));
      expect(await count()).to.equal(0);
      expect(await store().for(organization).memberships.members("grp_late", { limit: 1 })).to.deep.equal([]);
    });
  });

  describe("ping", () => {
    it("resolves when the database responds", () => store().ping());
  });
}

/** Tests engines that allow several processes on the same data. */
export function sharedDataContract(store: () => Store, openSecond: () => Promise<Store>): void {
  describe("a second process", () => {
    let second: Store;
    before(async () => {
      second = await openSecond();
    });
    after(() => second.close());

    it("sees the changes and unique keys of the first", async () => {
      const organization = newOrganizationId();
      await insertAll(store(), organization, [newTestRecord(organization, "a", { size: 0 })]);
      expect((await testRecordReader(second, organization).get("thg_a"))?.size).to.equal(0);
      await expectRejection(insertAll(second, organization, [newTestRecord(organization, "a")]), "conflict");
      await insertAll(second, organization, [newTestRecord(organization, "b")]);
      expect(await testRecordReader(store(), organization).count()).to.equal(2);
    });

    it("loses none of 32 concurrent changes of one record from both", async () => {
      const organization = newOrganizationId();
      await insertAll(store(), organization, [newTestRecord(organization, "a", { size: 0 })]);
      await Promise.all(
        Array.from({ length: 32 }, (_, at) =>
          (at % 2 ? store() : second).transaction(
            (change) => change.for(organization).open(testRecords).increment("thg_a", { size: 1 }),
            { lockKey: "thg_a" },
          ),
        ),
      );
      expect((await testRecordReader(store(), organization).get("thg_a"))?.size).to.equal(32);
    });
  });
}
