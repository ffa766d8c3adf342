import { deepStrictEqual } from "node:assert";
import { expect } from "chai";
import fc from "fast-check";
import { testMongo } from "../support/mongod.ts";
import { refused } from "./contract/refused.ts";
import { contractCollections, insertAll, newOrganization, reading, thing } from "./contract/things.ts";
import { type MongoOpened, openMongo } from "./mongo-opened.ts";

const server = await testMongo();

/** Records as documents: what MongoDB and its driver give a meaning to is only data here. */
if (server) {
  describe("Records on MongoDB", () => {
    let opened: MongoOpened;
    before(async () => {
      opened = await openMongo(server.uri)({ collections: contractCollections });
    });
    after(() => opened.dispose());

    it("come back as they went in, whatever their keys and values", async () => {
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
          fc.string({ unit: "binary" }),
          fc.array(tie("value"), { maxLength: 3 }),
          fc.dictionary(key, tie("value"), { maxKeys: 4, noNullPrototype: true }),
        ),
      }));
      await fc.assert(
        fc.asyncProperty(value, async (extra) => {
          const organization = newOrganization();
          await insertAll(opened.store, organization, [thing(organization, "a", { extra })]);
          const stored = await reading(opened.store, organization).get("thg_a");
          // Not chai's comparison: it reads a meaning into a key named constructor.
          deepStrictEqual(stored, thing(organization, "a", { extra }));
        }),
        { numRuns: 150 },
      );
    });

    it("come back as they went in under the names that every object is born with", async () => {
      for (const name of [...Object.getOwnPropertyNames(Object.prototype), "__proto__"]) {
        const extra = JSON.parse(`{"${name}": [{}, [1], {"a": "b"}]}`);
        const organization = newOrganization();
        await insertAll(opened.store, organization, [thing(organization, "a", { extra })]);
        deepStrictEqual((await reading(opened.store, organization).get("thg_a"))?.extra, extra);
      }
    });

    it("are refused rather than changed when a text holds half of a character", async () => {
      const organization = newOrganization();
      for (const extra of ["\ud800", ["a\udc00"], { "\ud83d": 1 }, { a: { b: "\ud800" } }]) {
        await refused(insertAll(opened.store, organization, [thing(organization, "a", { extra })]), "invalid-value");
      }
      expect(await reading(opened.store, organization).count()).to.equal(0);
    });

    it("of organisations whose ids look like each other's do not meet", async () => {
      const [short, long] = [newOrganization(), newOrganization()].map((each) => `${each}-meet`) as [string, string];
      const [a, b] = [short, `${short}:thg_a`];
      const nested = { ...thing(a, "a"), id: "thg_a:thg_b" };
      await insertAll(opened.store, a, [thing(a, "a", { name: "x" }), nested]);
      await insertAll(opened.store, b, [thing(b, "b")]);
      await insertAll(opened.store, long, [thing(long, "a")]);
      const ids = async (organization: string): Promise<string[]> =>
        (await reading(opened.store, organization).list({ limit: 9 })).items.map(({ id }) => id);
      expect(await ids(a)).to.deep.equal(["thg_a", "thg_a:thg_b"]);
      expect(await ids(b)).to.deep.equal(["thg_b"]);
      expect(await ids(short.slice(0, -1))).to.deep.equal([]);
      expect(await reading(opened.store, a).get("thg_a:thg_b")).to.deep.equal(nested);
      expect(await reading(opened.store, b).get("thg_a")).to.equal(undefined);
    });
  });
}
