import { expect } from "chai";
import { toFilterCondition } from "../../../src/scim/filter/condition.ts";
import { collections, users } from "../../../src/store/collections.ts";
import { indexKey } from "../../../src/store/errors.ts";
import { countsCollection } from "../../../src/store/mongodb/counts.ts";
import { toDocument } from "../../../src/store/mongodb/document.ts";
import type { Fields, FindOptions } from "../../../src/store/mongodb/driver.ts";
import { toFindOptions } from "../../../src/store/mongodb/query/page.ts";
import { planCountDocuments, planFind } from "../../../src/store/mongodb/query/plan.ts";
import type { Condition, Query } from "../../../src/store/query.ts";
import type { Entity } from "../../../src/store/record.ts";
import type { Index } from "../../../src/store/store.ts";
import { describeOnMongod } from "../../support/mongod.ts";
import { extendedUserSchema, extensionFilters, unindexedExtensionFilter } from "../extended-schema.fixture.ts";
import { type MongoTestStore, mongoTestStoreOpener, withConnection } from "./mongodb.fixture.ts";

const perOrganization = 400;
const limit = 10;

describeOnMongod("Query plans on MongoDB", (uri) => {
  let opened: MongoTestStore;
  before(async () => {
    opened = await mongoTestStoreOpener(uri())({ collections });
    await withConnection(opened.uri, async (connection) => {
      for (const { name, indexes } of collections) {
        const records = ["org_1", "org_2", "org_3"].flatMap((organizationId, at) =>
          Array.from({ length: perOrganization }, (_, n) => record(organizationId, n, at, indexes)),
        );
        await connection.collection<{ _id: unknown }>(name).insertMany(records.map(withId));
        const countRow = { organizationId: "org_1", collection: name, delta: perOrganization };
        await connection.collection(countsCollection).insertOne(countRow);
      }
    });
  });
  after(() => opened.dispose());
  const explainFind = (name: string, filter: Fields, options: FindOptions): Promise<Explained> =>
    withConnection(opened.uri, async (connection) => {
      const { session: _, ...rest } = options;
      return toExplained(await connection.collection(name).find(filter, rest).explain("executionStats"));
    });

  it("continues a page by offset from the previous page, and reads the last pages from the end", async () => {
    const reader = opened.store.for("org_1").open(users);
    const fetchedKeys = limit + 4; // records after a large offset are fetched by id, and the count rows are read
    for (const sort of [undefined, { path: "externalId", direction: "ascending" } as const]) {
      for (const [offset, examinedMax] of [
        [150, 150 + limit],
        [150 + limit, limit],
        [150 + 2 * limit, limit],
        [perOrganization - 3 * limit, 3 * limit],
      ] as const) {
        const { result: page, keys } = await profile(opened.uri, () =>
          reader.list({ ...(sort && { sort }), offset, limit, total: true }),
        );
        expect(page.items.map((each) => each.id)).to.deep.equal(
          Array.from({ length: limit }, (_, at) => id(offset + at)),
        );
        expect(keys).to.be.at.most(examinedMax + fetchedKeys);
      }
    }
  });

  it("looks up many ids in the index by id regardless of other conditions", async () => {
    const values = Array.from({ length: 3000 }, (_, at) => id(at * 2));
    const manyIds: Condition = { op: "in", path: "id", values };
    const contains: Condition = { op: "contains", path: "title", value: "x" };
    const eq: Condition = { op: "eq", path: "externalId", value: value(1, 7) };
    for (const where of [
      manyIds,
      { op: "and", all: [contains, manyIds] },
      { op: "and", all: [{ op: "ge", path: "externalId", value: "v" }, manyIds] },
      { op: "or", all: [manyIds, eq] },
    ] as const satisfies readonly Condition[]) {
      const plan = planFind({ where, limit: 1000 }, users, "org_2");
      expect(plan.isIndexed, "served by an index").to.equal(true);
      const [part] = plan.parts;
      const explanation = await explainFind("users", part?.filter ?? {}, part ? toFindOptions(part, 0, 1000) : {});
      expect(explanation.stages).not.to.include("COLLSCAN");
      // For an `or`, the planner may examine all records of an organization that has fewer of them than ids are listed.
      const documentsMax = where.op === "or" ? perOrganization : perOrganization / 2 + 1;
      expect(explanation.documents, where.op).to.be.at.most(documentsMax);
    }
    // The complement is counted instead of the condition.
    const reader = opened.store.for("org_2").open(users);
    const { keys } = await profile(opened.uri, () =>
      reader.count({ op: "not", condition: { ...manyIds, values: [id(3)] } }),
    );
    expect(keys).to.be.at.most(5);
  });

  it("serves eq, sw and pr of an extension attribute that is indexed from the index of their keys", async () => {
    for (const filter of extensionFilters) {
      const where = toFilterCondition(filter, extendedUserSchema);
      const [part] = planFind({ where, limit }, users, "org_2").parts;
      const plan = await explainFind("users", part?.filter ?? {}, part ? toFindOptions(part, 0, limit) : {});
      expect(plan.stages, filter).to.include("IXSCAN").and.not.include("COLLSCAN");
      expect(plan.documents, filter).to.equal(0); // no record has such a key
    }
    for (const key of ["userName", "externalId"]) {
      // If every user has the attribute, its key narrows nothing.
      const where = toFilterCondition(`${extensionFilters[2]} and ${key} eq "x"`, extendedUserSchema);
      expect(planFind({ where, limit }, users, "org_2").parts[0]?.hint, key).to.match(new RegExp(`_${key}$`));
    }
    const where = toFilterCondition(unindexedExtensionFilter, extendedUserSchema);
    expect(planFind({ where, limit }, users, "org_2").isIndexed).to.equal(false);
  });

  for (const definition of collections) {
    const explain = (query: Query, { isIndexed = true } = {}): Promise<readonly Explained[]> => {
      const plan = planFind(query, definition, "org_2");
      expect(plan.isIndexed, "served by an index").to.equal(isIndexed);
      return Promise.all(
        plan.parts.map((part) =>
          explainFind(definition.name, part.filter, toFindOptions(part, query.offset ?? 0, query.limit)),
        ),
      );
    };
    /** Asserts that the server examines little more than the documents of the page. */
    const expectIndexWalk = (plans: readonly Explained[]): void => {
      for (const { stages, keys, documents } of plans) {
        expect(stages).not.to.include.oneOf(["COLLSCAN", "SORT"]);
        expect(keys).to.be.at.most(limit + 3);
        expect(documents).to.be.at.most(limit + 3);
      }
    };

    describe(definition.name, () => {
      it("lists by id from the beginning and from any position, in both directions", async () => {
        for (const direction of ["ascending", "descending"] as const) {
          expectIndexWalk(await explain({ sort: { path: "id", direction }, limit }));
          expectIndexWalk(await explain({ sort: { path: "id", direction }, after: { id: id(200) }, limit }));
        }
      });

      for (const index of definition.indexes) {
        const { path, element } = index;
        const toCondition = (leaf: Condition): Condition =>
          element === undefined ? leaf : { op: "some", path, where: leaf };
        const field = element ?? path;

        const { onlyValue } = index;
        if (onlyValue !== undefined) {
          it(`serves ${path} eq ${onlyValue}, and no other value, from the index of that value`, async () => {
            const eq = (wanted: boolean): Condition => ({ op: "eq", path, value: wanted });
            const expectOnlyThose = async (query: Partial<Query>, isIndexed: boolean): Promise<void> => {
              const [plan] = await explain({ where: eq(onlyValue), limit: perOrganization, ...query }, { isIndexed });
              expect(plan).to.include({ keys: onlyValueCount, documents: onlyValueCount, returned: onlyValueCount });
            };
            await expectOnlyThose({}, true);
            // The index can have many records, and sorting them is a scan with its limits.
            await expectOnlyThose({ sort: { path: "normalized.userName", direction: "ascending" } }, false);
            const withText: Condition = {
              op: "and",
              all: [eq(onlyValue), { op: "contains", path: "title", value: "" }],
            };
            expect((await explain({ where: withText, limit }, { isIndexed: false }))[0]?.keys).to.equal(onlyValueCount);
            const range: Condition = { op: "startsWith", path: "normalized.userName", value: "no user" };
            for (const all of [
              [eq(onlyValue), range],
              [range, eq(onlyValue)],
            ])
              expect(
                (await explain({ where: { op: "and", all }, limit }, { isIndexed: false }))[0]?.keys,
              ).to.be.lessThan(3);
            const [counted] = planCountDocuments(eq(onlyValue), definition, "org_2").parts;
            expect(counted?.hint).to.equal(`by_${path}`);
            expect(planFind({ where: eq(!onlyValue), limit }, definition, "org_2").isIndexed).to.equal(false);
            const byPath = { sort: { path, direction: "ascending" }, limit } as const;
            expect(planFind(byPath, definition, "org_2").isIndexed).to.equal(false);
            const key: Condition = { op: "eq", path: "externalId", value: value(1, 7) };
            const [both] = await explain({ where: { op: "and", all: [eq(onlyValue), key] }, limit });
            expect(both?.keys, "of the narrower index").to.equal(1);
          });
          continue;
        }

        it(`serves eq and in of ${indexKey(index)} from its index`, async () => {
          const where = toCondition({ op: "eq", path: field, value: value(1, 7) });
          const [plan] = await explain({ where, limit });
          expect(plan).to.include({ keys: 1, documents: 1, returned: 1 });
          const several = toCondition({ op: "in", path: field, values: [value(1, 7), value(1, 9), value(0, 7)] });
          const [severalPlan] = await explain({ where: several, limit });
          expect(severalPlan?.returned).to.equal(2);
          expect(severalPlan?.documents).to.equal(2);
        });

        it(`limits startsWith of ${indexKey(index)} to a range of its index`, async () => {
          const where = toCondition({ op: "startsWith", path: field, value: value(1, 7).slice(0, -1) });
          const [part] = planCountDocuments(where, definition, "org_2").parts;
          const plan = await explainFind(
            definition.name,
            part?.filter ?? {},
            part?.hint === undefined ? {} : { hint: part.hint },
          );
          expect(plan.returned).to.equal(10);
          expect(plan.keys).to.be.at.most(12);
        });

        if (element !== undefined) continue;
        it(`sorts by ${path} along its index from the beginning and from any position, in both directions`, async () => {
          for (const direction of ["ascending", "descending"] as const) {
            const sort = { path, direction };
            expectIndexWalk(await explain({ sort, limit }));
            expectIndexWalk(await explain({ sort, after: { value: value(1, 200), id: id(200) }, limit }));
            expectIndexWalk(await explain({ sort, after: { value: null, id: id(396) }, limit }));
            const where: Condition = { op: "startsWith", path, value: value(1, 200).slice(0, -2) };
            expectIndexWalk(await explain({ where, sort, limit }));
          }
        });

        it(`skips many records of ${path} without fetching them`, async () => {
          const sort = { path, direction: "ascending" } as const;
          const [present] = await explain({ sort, offset: 300, limit });
          expect(present).to.include({ documents: 0, returned: limit });
        });
      }
    });
  }
});

interface Explained {
  readonly stages: readonly string[];
  readonly keys: number;
  readonly documents: number;
  readonly returned: number;
}

/** How many records of an organization have the only value of an index. */
const onlyValueCount = 20;

const id = (n: number): string => `rec_${String(n).padStart(4, "0")}`;
const value = (organization: number, n: number): string => `v${organization}-${String(n).padStart(4, "0")}`;

/** Builds a record with a value at every declared path; the last five records have only the envelope. */
function record(organizationId: string, n: number, organization: number, indexes: readonly Index[]): Entity {
  const createdAt = "2026-01-01T00:00:00.000Z";
  const fields: Record<string, unknown> = { id: id(n), organizationId, version: 1, createdAt, updatedAt: createdAt };
  if (n >= perOrganization - 5) return fields as unknown as Entity;
  for (const { path, element, onlyValue } of indexes) {
    if (onlyValue !== undefined) {
      fields[path] = n < onlyValueCount ? onlyValue : !onlyValue;
      continue;
    }
    const parts = path.split(".");
    const last = parts.pop() ?? "";
    let parent = fields;
    for (const part of parts) {
      parent[part] ??= {};
      parent = parent[part] as Record<string, unknown>;
    }
    parent[last] = element === undefined ? value(organization, n) : [{ [element]: value(organization, n) }];
  }
  return fields as unknown as Entity;
}

/** Runs a query. @returns its result, and the number of index keys that the server examined for it */
async function profile<R>(
  uri: string,
  query: () => Promise<R>,
): Promise<{ readonly result: R; readonly keys: number }> {
  return withConnection(uri, async ({ db }) => {
    await db?.command({ profile: 2 });
    const result = await query();
    await db?.command({ profile: 0 });
    const entries =
      (await db
        ?.collection("system.profile")
        .find({ ns: /\.users$/ })
        .toArray()) ?? [];
    await db?.dropCollection("system.profile");
    const keys = entries.reduce((sum, each) => sum + Number(each["keysExamined"] ?? 0), 0);
    return { result, keys };
  });
}

const withId = (entity: Entity): { _id: unknown } => ({ _id: "", ...toDocument(entity) });

function toExplained(explanation: unknown): Explained {
  const { executionStats } = explanation as {
    executionStats: {
      executionStages: Stage;
      totalKeysExamined: number;
      totalDocsExamined: number;
      nReturned: number;
    };
  };
  return {
    stages: listStages(executionStats.executionStages),
    keys: executionStats.totalKeysExamined,
    documents: executionStats.totalDocsExamined,
    returned: executionStats.nReturned,
  };
}

interface Stage {
  readonly stage: string;
  readonly inputStage?: Stage;
  readonly inputStages?: readonly Stage[];
}

function listStages({ stage, inputStage, inputStages = [] }: Stage): string[] {
  return [stage, ...[...(inputStage ? [inputStage] : []), ...inputStages].flatMap(listStages)];
}
