import { expect } from "chai";
import type { Condition } from "../../../src/store/query.ts";
import { describeOnMongod } from "../../support/mongod.ts";
import {
  contractCollections,
  insertAll,
  nameOf,
  newTestRecord,
  testRecordReader,
} from "../contract/records.fixture.ts";
import { expectRejection } from "../contract/rejected.fixture.ts";
import { type MongoTestStore, mongoTestStoreOpener } from "./mongodb.fixture.ts";

/** So many that reading all of them takes three times as long as a scan may, or more. */
const holders = 6000;

describeOnMongod("Queries by a key that many records share on MongoDB", (uri) => {
  let opened: MongoTestStore;
  before(async () => {
    opened = await mongoTestStoreOpener(uri())({ collections: contractCollections, scanTimeMs: 1000 });
    const tags = Array.from({ length: 100 }, (_, at) => `tag-${at}@example.com`);
    const names = Array.from({ length: holders }, (_, at) => `n${at}`);
    for (let at = 0; at < holders; at += 500) {
      const records = names.slice(at, at + 500).map((name) => newTestRecord("org_1", name, { name: "shared", tags }));
      await insertAll(opened.store, "org_1", records);
    }
    await insertAll(opened.store, "org_2", [newTestRecord("org_2", "only", { name: "few", note: "text" })]);
  });
  after(() => opened.dispose());

  const eq = (path: string, value: string): Condition => ({ op: "eq", path, value });
  /** Takes half a millisecond or more for each record, and matches none. */
  const slow: Condition = {
    op: "or",
    all: Array.from({ length: 90 }, (_, at): Condition => {
      return { op: "some", path: "tags", where: { op: "contains", path: "", value: `none-${at}@` } };
    }),
  };
  const bySharedKey: Condition = { op: "and", all: [eq("name", "shared"), slow] };
  const select = async (where: Condition, organization = "org_1"): Promise<readonly string[]> =>
    (await testRecordReader(opened.store, organization).list({ where, limit: 9 })).items.map(nameOf);

  it("have the limits of a scan if they turn out to be long, for pages, counts and sorted pages", async () => {
    const reader = testRecordReader(opened.store, "org_1");
    for (const query of [
      () => reader.list({ where: bySharedKey, limit: 9 }),
      () => reader.count(bySharedKey),
      () => reader.list({ where: bySharedKey, sort: { path: "rank", direction: "ascending" }, limit: 9 }),
    ])
      await expectRejection(query(), "query-too-expensive");
  });

  it("do not delay those of other organizations by a key of few records", async () => {
    const few: Condition = { op: "and", all: [eq("name", "few"), { op: "contains", path: "note", value: "e" }] };
    await Promise.all(Array.from({ length: 20 }, () => opened.store.ping())); // opens connections
    let hasEnded = false;
    const long = Promise.allSettled(
      Array.from({ length: 6 }, () =>
        select(bySharedKey).finally(() => {
          hasEnded = true;
        }),
      ),
    );
    await new Promise((resolve) => setTimeout(resolve, 300)); // now they are scans, more than run at a time
    expect(await select(few, "org_2")).to.deep.equal(["only"]);
    expect(hasEnded).to.equal(false);
    for (const each of await long) expect(each.status).to.equal("rejected");
  });

  it("use another key that is unique, wherever it is in the condition", async () => {
    const unique = eq("code", "n/a");
    for (const all of [
      [bySharedKey, unique],
      [unique, bySharedKey],
      [bySharedKey, { op: "or", all: [unique, eq("id", "thg_none")] }],
    ] as const satisfies readonly (readonly Condition[])[])
      expect(await select({ op: "and", all })).to.deep.equal([]);
  });

  it("are not long if the key is the whole condition", async () => {
    expect(await select(eq("name", "shared"))).to.have.length(9);
    expect(await testRecordReader(opened.store, "org_1").count(eq("name", "shared"))).to.equal(holders);
  });
});
