import { expect } from "chai";
import type { Writer } from "../../../../src/store/store.ts";
import { describeOnOwnMongod } from "../../../support/mongod.ts";
import {
  contractCollections,
  insertAll,
  newOrganizationId,
  newTestRecord,
  type TestRecord,
  testRecordReader,
  testRecords,
} from "../../contract/records.fixture.ts";
import { type MongoTestStore, mongoTestStoreOpener } from "../mongodb.fixture.ts";
import { countCommands } from "../round-trips.fixture.ts";

/** The driver encodes one command at once, which holds the event loop for as long as it takes. */
describeOnOwnMongod("Large changes on MongoDB", (uri) => {
  let opened: MongoTestStore;
  let organization: string;
  before(async () => {
    opened = await mongoTestStoreOpener(uri())({ collections: contractCollections });
  });
  after(() => opened.dispose());
  beforeEach(() => {
    organization = newOrganizationId();
  });
  const memberIds = Array.from({ length: 3500 }, (_, at) => `usr_${String(at).padStart(5, "0")}`);
  const changeMembers = (change: "add" | "remove", ids: readonly string[]): Promise<readonly string[]> =>
    opened.store.transaction((transaction) => transaction.for(organization).memberships[change]("grp_1", ids));
  const longRecords = (length: number) =>
    Array.from({ length: 6 }, (_, at) => newTestRecord(organization, `n${at}`, { note: "x".repeat(length) }));
  const write = (action: (writer: Writer<TestRecord>) => Promise<void>): Promise<void> =>
    opened.store.transaction((transaction) => action(transaction.for(organization).open(testRecords)));

  it("insert and delete a thousand members per command, in one transaction", async () => {
    const added = await countCommands(opened.uri, () => changeMembers("add", memberIds));
    expect(added.result).to.deep.equal(memberIds);
    expect(added.commands).to.include({ insert: 4, commitTransaction: 1 });
    const removed = await countCommands(opened.uri, () => changeMembers("remove", ["usr_none", ...memberIds.slice(1)]));
    expect(removed.result).to.deep.equal(memberIds.slice(1));
    expect(removed.commands).to.include({ delete: 4, commitTransaction: 1 });
    const left = await opened.store.for(organization).memberships.members("grp_1", { limit: 10 });
    expect(left).to.deep.equal([memberIds[0]]);
  });

  it("insert new members of many groups with one command, and read nothing before", async () => {
    const { commands } = await countCommands(opened.uri, () =>
      opened.store.transaction(async (transaction) => {
        const { memberships } = transaction.for(organization);
        for (let at = 0; at < 90; at++) await memberships.addNew(`grp_${at}`, memberIds.slice(at, at + 10));
      }),
    );
    expect(commands).to.include({ insert: 1, find: 0, aggregate: 0, commitTransaction: 1 });
  });

  it("return each member once, also if the request has it in two steps", async () => {
    const added = await changeMembers("add", [...memberIds, ...memberIds.slice(0, 10)]);
    expect(added).to.deep.equal(memberIds);
    const removed = await changeMembers("remove", [...memberIds, ...memberIds.slice(0, 10)]);
    expect(removed).to.deep.equal(memberIds);
  });

  it("store no member if the transaction fails after some were sent", async () => {
    const failure = new Error("failed");
    const failed = opened.store.transaction(async (transaction) => {
      await transaction.for(organization).memberships.add("grp_1", memberIds);
      throw failure;
    });
    expect(await failed.catch((error: unknown) => error)).to.equal(failure);
    expect(await opened.store.for(organization).memberships.members("grp_1", { limit: 10 })).to.deep.equal([]);
  });

  for (const [length, commands] of [
    [200_000, 6],
    [50_000, 2],
    [10, 1],
  ] as const) {
    it(`write six records of ${length} characters with ${commands} commands`, async () => {
      const records = longRecords(length);
      const inserted = await countCommands(opened.uri, () => insertAll(opened.store, organization, records));
      expect(inserted.commands).to.include({ insert: commands + 1, commitTransaction: 1 }); // one is for the counts
      const replaced = await countCommands(opened.uri, () =>
        write(async (writer) => {
          for (const record of records) await writer.replace({ ...record, version: 2, rank: 1 }, 1);
        }),
      );
      expect(replaced.commands).to.include({ update: commands, commitTransaction: 1 });
      expect(await testRecordReader(opened.store, organization).count({ op: "eq", path: "rank", value: 1 })).to.equal(
        6,
      );
    });
  }

  it("run the bodies of a group in iterations of the event loop of their own if they take long", async () => {
    let iteration = 0;
    let immediate = setImmediate(function count() {
      iteration++;
      immediate = setImmediate(count);
    });
    const ranIn: number[] = [];
    const run = (at: number): Promise<void> =>
      write(async (writer) => {
        ranIn.push(iteration);
        await writer.insert(newTestRecord(organization, `n${at}`));
        for (const startedAt = performance.now(); performance.now() - startedAt < 15; );
      });
    const { commands } = await countCommands(opened.uri, () => Promise.all([run(0), run(1), run(2), run(3)]));
    clearImmediate(immediate);
    expect(commands).to.include({ commitTransaction: 1 });
    expect(new Set(ranIn).size).to.equal(4);
  });
});
