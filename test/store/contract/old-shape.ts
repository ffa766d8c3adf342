import { expect } from "chai";
import {
  cascadeDeletes,
  collections,
  groups,
  legacyTokenMarkers,
  scimExtensions,
  skills,
  tokens,
  users,
} from "../../../src/store/collections.ts";
import { migrations } from "../../../src/store/migrations.ts";
import { withSearchFields } from "../../../src/store/normalized-fields.ts";
import type { Entity } from "../../../src/store/record.ts";
import type { CollectionDefinition, Index, Store } from "../../../src/store/store.ts";
import type { OpenTestStore, TestStore } from "../test-store.fixture.ts";
import { expectFailure, expectRejection } from "./rejected.fixture.ts";
import { eq, some } from "./selects.fixture.ts";

type StoredRecord = Entity & Readonly<Record<string, unknown>>;

const organizationId = "org_old";

function newRecord(id: string, fields: object): StoredRecord {
  const createdAt = "2026-01-01T00:00:00.000Z";
  return { id, organizationId, version: 1, createdAt, updatedAt: createdAt, ...fields };
}

/** Data as the builds before migration 1 wrote them, with the indexes of those builds, opened by this build. */
export function oldShapeContract(open: OpenTestStore): void {
  describe("data written before migration 1", () => {
    let opened: TestStore;
    let store: Store;
    before(async () => {
      opened = await open({ collections: oldCollections, migrations: [] });
      await opened.store.transaction(async (transaction) => {
        const tenant = transaction.for(organizationId);
        for (const [name, record] of oldRecords) await tenant.open(findOldCollection(name)).insert(record);
      });
      store = await opened.reopen({ collections, migrations });
    });
    after(() => opened.dispose());

    it("is returned by the new search fields of users and groups", async () => {
      const tenant = store.for(organizationId);
      const user = newRecord("usr_1", { userName: "Ada@X", emails: [{ value: "Ada@X" }], active: true });
      for (const where of [
        eq("normalized.userName", "ada@x"),
        { op: "contains", path: "normalized.userName", value: "da" } as const,
        some("normalized.emails", eq("value", "ada@x")),
      ]) {
        expect((await tenant.open(users).list({ where, limit: 9 })).items).to.deep.equal([user]);
      }
      const where = { op: "startsWith", path: "normalized.displayName", value: "eng" } as const;
      expect((await tenant.open(groups).list({ where, limit: 9 })).items).to.deep.equal([
        newRecord("grp_1", { displayName: "Eng" }),
      ]);
    });

    it("is returned by the new lookup fields of the catalog", async () => {
      const skill = newRecord("skl_1", { slug: "review", lockVersion: 3 });
      const reader = store.for(organizationId).open(skills);
      for (const where of [
        eq("lookup.key", "review"),
        some("lookup.audience", eq("id", "everyone")),
        some("lookup.references", eq("to", "mcp-server:github")),
      ]) {
        expect((await reader.list({ where, limit: 9 })).items).to.deep.equal([skill]);
      }
    });

    it("has its other fields under their new names", async () => {
      const tenant = store.for(organizationId);
      expect(await tenant.open(tokens).get("tok_1")).to.deep.equal(
        newRecord("tok_1", { secrets: [{ hash: "hash-1" }], lockVersion: 2 }),
      );
      expect((await store.lookup(tokens, "secrets.hash", ["hash-1"]))?.id).to.equal("tok_1");
      expect((await tenant.open(cascadeDeletes).get("pur_1"))?.targetOrganizationId).to.equal("org_a");
      expect((await tenant.open(legacyTokenMarkers).get("leg_1"))?.targetOrganizationId).to.equal("org_b");
    });

    it("keeps unique keys unique, and keeps search fields up to date with later writes", async () => {
      const user = newRecord("usr_2", { userName: "ADA@x", active: true });
      const insert = (): Promise<void> =>
        store.transaction(async (transaction) =>
          transaction
            .for(organizationId)
            .open(users)
            .insert(withSearchFields(user as never)),
        );
      const { details } = await expectRejection(insert(), "conflict");
      expect(details).to.deep.equal({ key: "normalized.userName" });
      await store.transaction(async (transaction) => {
        const writer = transaction.for(organizationId).open(users);
        await writer.replace(
          withSearchFields({ ...newRecord("usr_1", {}), userName: "Bob", active: true, emails: [{ value: "B@X" }] }),
          1,
        );
      });
      await insert();
      const reader = store.for(organizationId).open(users);
      expect(await reader.count(some("normalized.emails", eq("value", "ada@x")))).to.equal(0);
      expect(await reader.count(some("normalized.emails", eq("value", "b@x")))).to.equal(1);
    });

    it("is rejected by a build that does not know the migration, and is not migrated again by one that does", async () => {
      await opened.store.close();
      const error = await expectFailure(() => opened.reopen({ collections: oldCollections, migrations: [] }));
      expect(String(error)).to.match(/newer/);
      store = await opened.reopen({ collections, migrations });
      expect(await store.for(organizationId).open(users).count(eq("normalized.userName", "bob"))).to.equal(1);
    });
  });
}

const oldSearchFields: Readonly<Record<string, string>> = { normalized: "folded", lookup: "asked" };

function toOldDefinition({ name, searchFields, indexes }: CollectionDefinition<Entity>): CollectionDefinition<Entity> {
  const old = searchFields === undefined ? undefined : oldSearchFields[searchFields];
  if (searchFields === undefined || old === undefined) return { name, indexes };
  const toOldIndex = (index: Index): Index => ({
    ...index,
    path: index.path.startsWith(`${searchFields}.`) ? old + index.path.slice(searchFields.length) : index.path,
  });
  return { name, searchFields: old, indexes: indexes.map(toOldIndex) };
}

/** No build before migration 1 had extension schemas. */
const oldCollections = collections.filter(({ name }) => name !== scimExtensions.name).map(toOldDefinition);

function findOldCollection(name: string): CollectionDefinition<StoredRecord> {
  const definition = oldCollections.find((each) => each.name === name);
  if (!definition) throw new Error(`no collection ${name}`);
  return definition as CollectionDefinition<StoredRecord>;
}

const oldRecords: readonly (readonly [collection: string, record: StoredRecord])[] = [
  [
    "users",
    newRecord("usr_1", {
      ...{ userName: "Ada@X", emails: [{ value: "Ada@X" }], active: true },
      folded: { userName: "ada@x", emails: [{ value: "ada@x" }] },
    }),
  ],
  ["groups", newRecord("grp_1", { displayName: "Eng", folded: { displayName: "eng" } })],
  [
    "skills",
    newRecord("skl_1", {
      ...{ slug: "review", named: 3 },
      asked: { key: "review", audience: [{ id: "everyone" }], references: [{ to: "mcp-server:github" }] },
    }),
  ],
  ["tokens", newRecord("tok_1", { secrets: [{ hash: "hash-1" }], kept: 2 })],
  ["purges", newRecord("pur_1", { of: "org_a", subjectId: "usr_9" })],
  ["legacy_marks", newRecord("leg_1", { of: "org_b", tokenId: "tok_9" })],
];
