import { deepStrictEqual } from "node:assert";
import { expect } from "chai";
import fc from "fast-check";
import { anyCharacter } from "../../support/any-character.ts";
import { describeOnMongod } from "../../support/mongod.ts";
import {
  contractCollections,
  insertAll,
  newOrganizationId,
  newTestRecord,
  testRecordReader,
} from "../contract/records.fixture.ts";
import { expectRejection } from "../contract/rejected.fixture.ts";
import { type MongoTestStore, mongoTestStoreOpener } from "./mongodb.fixture.ts";

describeOnMongod("Documents on MongoDB", (uri) => {
  let opened: MongoTestStore;
  before(async () => {
    opened = await mongoTestStoreOpener(uri())({ collections: contractCollections });
  });
  after(() => opened.dispose());

  it("round-trips records with arbitrary keys and values", async () => {
    const key = fc.oneof(
      fc.constantFrom(
        ...["_id", "_bsontype", "$set", "$ref", "$id", "$db", "a.b", ".", "$", "%", "%2e", "%24set", "", "\0", "0"],
        ...[
          "__proto__",
          "constructor",
          "toString",
          "hasOwnProperty",
          "toBSON",
          "length",
          "urn:ietf:params:scim:schemas:core:2.0:User",
        ],
      ),
      fc.string({ unit: fc.constantFrom(".", "$", "%", "_", "a", "5", "f", "\0", "é", "\u{1f600}") }),
    );
    const { value } = fc.letrec<{ value: unknown }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        fc.constantFrom(null, true, false, "", "ObjectId", "$where", 0, 1, -1, 1.5, 2 ** 31, -(2 ** 53) + 1, 1e300),
        fc.string({ unit: anyCharacter }),
        fc.array(tie("value"), { maxLength: 3 }),
        fc.dictionary(key, tie("value"), { maxKeys: 4, noNullPrototype: true }),
      ),
    }));
    await fc.assert(
      fc.asyncProperty(value, async (extra) => {
        const organization = newOrganizationId();
        await insertAll(opened.store, organization, [newTestRecord(organization, "a", { extra })]);
        const stored = await testRecordReader(opened.store, organization).get("thg_a");
        // Not chai's comparison: it treats a key named `constructor` specially.
        deepStrictEqual(stored, newTestRecord(organization, "a", { extra }));
      }),
      { numRuns: 150 },
    );
  });

  it("round-trips keys that are properties of Object.prototype", async () => {
    for (const name of [...Object.getOwnPropertyNames(Object.prototype), "__proto__"]) {
      const extra = JSON.parse(`{"${name}": [{}, [1], {"a": "b"}]}`);
      const organization = newOrganizationId();
      await insertAll(opened.store, organization, [newTestRecord(organization, "a", { extra })]);
      deepStrictEqual((await testRecordReader(opened.store, organization).get("thg_a"))?.extra, extra);
    }
  });

  it("rejects a string with an unpaired surrogate instead of changing it", async () => {
    const organization = newOrganizationId();
    for (const extra of ["\ud800", ["a\udc00"], { "\ud83d": 1 }, { a: { b: "\ud800" } }]) {
      await expectRejection(
        insertAll(opened.store, organization, [newTestRecord(organization, "a", { extra })]),
        "invalid-value",
      );
    }
    expect(await testRecordReader(opened.store, organization).count()).to.equal(0);
  });

  it("separates organizations with similar ids", async () => {
    const [short, long] = [newOrganizationId(), newOrganizationId()].map((each) => `${each}-similar`) as [
      string,
      string,
    ];
    const [a, b] = [short, `${short}:thg_a`];
    const nested = { ...newTestRecord(a, "a"), id: "thg_a:thg_b" };
    await insertAll(opened.store, a, [newTestRecord(a, "a", { name: "x" }), nested]);
    await insertAll(opened.store, b, [newTestRecord(b, "b")]);
    await insertAll(opened.store, long, [newTestRecord(long, "a")]);
    const ids = async (organization: string): Promise<string[]> =>
      (await testRecordReader(opened.store, organization).list({ limit: 9 })).items.map(({ id }) => id);
    expect(await ids(a)).to.deep.equal(["thg_a", "thg_a:thg_b"]);
    expect(await ids(b)).to.deep.equal(["thg_b"]);
    expect(await ids(short.slice(0, -1))).to.deep.equal([]);
    expect(await testRecordReader(opened.store, a).get("thg_a:thg_b")).to.deep.equal(nested);
    expect(await testRecordReader(opened.store, b).get("thg_a")).to.equal(undefined);
  });
});
