import { expect } from "chai";
import { describeOnMongod, describeOnOwnMongod } from "../../../support/mongod.ts";
import {
  contractCollections,
  insertAll,
  newOrganizationId,
  newTestRecord,
  testRecordReader,
  testRecords,
  writeTestRecords,
} from "../../contract/records.fixture.ts";
import { type MongoTestStore, mongoTestStoreOpener } from "../mongodb.fixture.ts";
import { countCommands } from "../round-trips.fixture.ts";

describeOnOwnMongod("Concurrent transactions on MongoDB", (uri) => {
  let opened: MongoTestStore;
  let organization: string;
  before(async () => {
    opened = await mongoTestStoreOpener(uri())({ collections: contractCollections });
  });
  after(() => opened.dispose());
  beforeEach(() => {
    organization = newOrganizationId();
  });
  const read = (name: string) => testRecordReader(opened.store, organization).get(`thg_${name}`);

  it("share commits and inserts", async () => {
    const insert = (at: number) => insertAll(opened.store, organization, [newTestRecord(organization, `n${at}`)]);
    const { commands } = await countCommands(opened.uri, () =>
      Promise.all(Array.from({ length: 64 }, (_, at) => insert(at))),
    );
    expect(commands["commitTransaction"]).to.be.at.most(32);
    expect(commands["insert"]).to.be.at.most(64); // one for the records and one for the counts of each group
    expect(await testRecordReader(opened.store, organization).count()).to.equal(64);
  });

  it("share the query for the records that they expect to read", async () => {
    const names = Array.from({ length: 16 }, (_, at) => `r${at}`);
    await insertAll(
      opened.store,
      organization,
      names.map((name) => newTestRecord(organization, name, { size: 1 })),
    );
    const { result, commands } = await countCommands(opened.uri, () =>
      Promise.all(
        names.map((name) =>
          opened.store.transaction(
            async (change) => {
              const tenant = change.for(organization);
              const isMember = (await tenant.memberships.filterMembers("grp_1", [name])).length > 0;
              return [isMember, (await tenant.open(testRecords).get(`thg_${name}`))?.size];
            },
            {
              expectedReads: {
                organizationId: organization,
                records: [{ definition: testRecords, ids: [`thg_${name}`] }],
                members: { groupId: "grp_1", memberIds: [name] },
              },
            },
          ),
        ),
      ),
    );
    expect(result).to.deep.equal(names.map(() => [false, 1]));
    expect(commands["find"]).to.be.at.most(8); // instead of 32
  });

  it("fail alone: a conflict, a stale version and an error of the body do not affect the others", async () => {
    await insertAll(opened.store, organization, [newTestRecord(organization, "taken", { code: "taken", size: 0 })]);
    const failure = new Error("failed");
    const outcomes = await Promise.allSettled([
      insertAll(opened.store, organization, [newTestRecord(organization, "a", { code: "a" })]),
      insertAll(opened.store, organization, [newTestRecord(organization, "b", { code: "taken" })]),
      writeTestRecords(opened.store, organization, (writer) => writer.increment("thg_taken", { size: 1 })),
      writeTestRecords(opened.store, organization, (writer) => writer.replace(newTestRecord(organization, "taken"), 9)),
      writeTestRecords(opened.store, organization, async (writer) => {
        await writer.insert(newTestRecord(organization, "c"));
        throw failure;
      }),
      writeTestRecords(opened.store, organization, async () => {
        throw failure;
      }),
      insertAll(opened.store, organization, [newTestRecord(organization, "d", { code: "d" })]),
    ]);
    const summary = outcomes.map((each) =>
      each.status === "fulfilled" ? "stored" : (each.reason.code ?? each.reason.message),
    );
    expect(summary).to.deep.equal(["stored", "conflict", "stored", "stale", "failed", "failed", "stored"]);
    expect((await read("taken"))?.size).to.equal(1);
    const names = await Promise.all(["a", "b", "c", "d"].map(async (name) => (await read(name)) && name));
    expect(names).to.deep.equal(["a", undefined, undefined, "d"]);
    expect(await testRecordReader(opened.store, organization).count()).to.equal(3);
  });

  it("see the changes of those before them, so that a check and its change stay together", async () => {
    await insertAll(opened.store, organization, [newTestRecord(organization, "stock", { size: 5 })]);
    const take = () =>
      opened.store.transaction(async (change) => {
        const writer = change.for(organization).open(testRecords);
        const stock = await writer.get("thg_stock");
        if (!stock?.size) return "sold out";
        await writer.replace({ ...stock, size: stock.size - 1, version: stock.version + 1 }, stock.version);
        return "taken";
      });
    const results = await Promise.all(Array.from({ length: 20 }, take));
    expect(results.filter((each) => each === "taken")).to.have.length(5);
    expect((await read("stock"))?.size).to.equal(0);
    expect((await read("stock"))?.version).to.equal(6);
  });

  it("report the first rejected write, even if the body fails later", async () => {
    await insertAll(opened.store, organization, [newTestRecord(organization, "a", { code: "c" })]);
    const failing = writeTestRecords(opened.store, organization, async (writer) => {
      await writer.insert(newTestRecord(organization, "b", { code: "c" }));
      throw new Error("later");
    });
    expect(await failing.catch((error) => error.code)).to.equal("conflict");
  });

  it("do not wait for one that takes long", async () => {
    let finish = (): void => {};
    let slow: Promise<void> | undefined;
    await new Promise<void>((started) => {
      slow = opened.store.transaction(async () => {
        started();
        await new Promise<void>((resolve) => {
          finish = resolve;
        });
      });
    });
    await insertAll(opened.store, organization, [newTestRecord(organization, "a")]);
    expect((await read("a"))?.id).to.equal("thg_a");
    finish();
    await slow;
  });
});

describeOnMongod("A transaction on MongoDB", (uri) => {
  let opened: MongoTestStore;
  let organization: string;
  before(async () => {
    opened = await mongoTestStoreOpener(uri())({ collections: contractCollections });
  });
  after(() => opened.dispose());
  beforeEach(() => {
    organization = newOrganizationId();
  });

  it("reads its own inserts, replacements and members before they are sent, as copies", async () => {
    const record = newTestRecord(organization, "a", { size: 1, tags: ["x"] });
    await opened.store.transaction(async (change) => {
      const tenant = change.for(organization);
      const writer = tenant.open(testRecords);
      await writer.insert(record);
      const pending = await writer.get("thg_a");
      expect(pending).to.deep.equal(record);
      expect(pending?.tags).not.to.equal(record.tags);
      await writer.replace({ ...record, size: 2, version: 2 }, 1);
      expect((await writer.get("thg_a"))?.size).to.equal(2);
      expect(
        (await writer.list({ where: { op: "in", path: "id", values: ["thg_a"] }, limit: 9 })).items,
      ).to.have.length(1);
      await writer.replace({ ...record, size: 3, version: 3 }, 2);
      await writer.increment("thg_a", { size: 10 });
      expect((await writer.get("thg_a"))?.size).to.equal(13);
      await tenant.memberships.add("grp_1", ["usr_2", "usr_1"]);
      expect(await tenant.memberships.add("grp_1", ["usr_1", "usr_3"])).to.deep.equal(["usr_3"]);
      expect(await tenant.memberships.filterMembers("grp_1", ["usr_3", "usr_9", "usr_1"])).to.deep.equal([
        "usr_3",
        "usr_1",
      ]);
      expect(await tenant.memberships.members("grp_1", { limit: 9 })).to.deep.equal(["usr_1", "usr_2", "usr_3"]);
      expect(await tenant.memberships.remove("grp_1", ["usr_2"])).to.deep.equal(["usr_2"]);
    });
    const stored = await testRecordReader(opened.store, organization).get("thg_a");
    expect([stored?.size, stored?.version]).to.deep.equal([13, 3]);
    const tenant = opened.store.for(organization);
    expect(await tenant.memberships.members("grp_1", { limit: 9 })).to.deep.equal(["usr_1", "usr_3"]);
  });

  it("rejects a replacement of another version than its own last one", async () => {
    const record = newTestRecord(organization, "a", { size: 1 });
    const failing = writeTestRecords(opened.store, organization, async (writer) => {
      await writer.insert(record);
      await writer.replace({ ...record, version: 9 }, 8);
    });
    expect(await failing.catch((error) => error.code)).to.equal("stale");
  });

  it("keeps the order of writes that exchange a unique value", async () => {
    const [a, b] = ["a", "b"].map((name) => newTestRecord(organization, name, { code: name })) as [
      ReturnType<typeof newTestRecord>,
      ReturnType<typeof newTestRecord>,
    ];
    await insertAll(opened.store, organization, [a, b]);
    await writeTestRecords(opened.store, organization, async (writer) => {
      await writer.replace({ ...a, code: "c", version: 2 }, 1);
      await writer.replace({ ...b, code: "a", version: 2 }, 1);
      await writer.insert(newTestRecord(organization, "d", { code: "b" }));
      await writer.replace({ ...a, code: "e", version: 3 }, 2);
      await writer.insert(newTestRecord(organization, "f", { code: "c" }));
    });
    const codes = await Promise.all(
      ["a", "b", "d", "f"].map(
        async (name) => (await testRecordReader(opened.store, organization).get(`thg_${name}`))?.code,
      ),
    );
    expect(codes).to.deep.equal(["e", "a", "b", "c"]);
  });
});
