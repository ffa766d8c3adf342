import { expect } from "chai";
import type { Condition, Entity, Index, Query } from "../../src/store/collection.ts";
import { collections, users } from "../../src/store/collections.ts";
import { countsName } from "../../src/store/mongo-counts.ts";
import { toDocument } from "../../src/store/mongo-document.ts";
import type { Fields, FindOptions } from "../../src/store/mongo-driver.ts";
import { findOptions } from "../../src/store/mongo-page.ts";
import { planCount, planList } from "../../src/store/mongo-plan.ts";
import { keyOf } from "../../src/store/refusals.ts";
import { testMongo } from "../support/mongod.ts";
import { type MongoOpened, openMongo, withConnection } from "./mongo-opened.ts";

const server = await testMongo();
const perOrganization = 400;
const limit = 10;

/** What the planner makes of our questions, over the collections that the service has. */
if (server) {
  describe("Query plans on MongoDB", () => {
    let opened: MongoOpened;
    before(async () => {
      opened = await openMongo(server.uri)({ collections });
      await withConnection(opened.uri, async (connection) => {
        for (const { name, indexes } of collections) {
          const records = ["org_1", "org_2", "org_3"].flatMap((organizationId, at) =>
            Array.from({ length: perOrganization }, (_, n) => record(organizationId, n, at, indexes)),
          );
          await connection.collection<{ _id: unknown }>(name).insertMany(records.map(withOwnId));
          const counted = { organizationId: "org_1", collection: name, delta: perOrganization };
          await connection.collection(countsName).insertOne(counted);
        }
      });
    });
    after(() => opened.dispose());
    const explainFind = (name: string, filter: Fields, options: FindOptions): Promise<Explained> =>
      withConnection(opened.uri, async (connection) => {
        const { session: _, ...rest } = options;
        return explained(await connection.collection(name).find(filter, rest).explain("executionStats"));
      });

    it("a page by offset goes on from where the one before ended, and the last are read from the end", async () => {
      const reader = opened.store.for("org_1").open(users);
      const fetching = limit + 4; // what is passed over in the index is fetched by id, and the total is read
      for (const sort of [undefined, { path: "externalId", direction: "ascending" } as const]) {
        for (const [offset, lookedAtMax] of [
          [150, 150 + limit],
          [150 + limit, limit],
          [150 + 2 * limit, limit],
          [perOrganization - 3 * limit, 3 * limit],
        ] as const) {
          const { answer, keys } = await profiled(opened.uri, () =>
            reader.list({ ...(sort && { sort }), offset, limit, total: true }),
          );
          expect(answer.items.map((each) => each.id)).to.deep.equal(
            Array.from({ length: limit }, (_, at) => id(offset + at)),
          );
          expect(keys).to.be.at.most(lookedAtMax + fetching);
        }
      }
    });

    it("many ids are looked up one by one, whatever else is asked", async () => {
      const values = Array.from({ length: 3000 }, (_, at) => id(at * 2));
      const many: Condition = { op: "in", path: "id", values };
      const co: Condition = { op: "contains", path: "title", value: "x" };
      const eq: Condition = { op: "eq", path: "externalId", value: value(1, 7) };
      for (const where of [
        many,
        { op: "and", all: [co, many] },
        { op: "and", all: [{ op: "ge", path: "externalId", value: "v" }, many] },
        { op: "or", all: [many, eq] },
      ] as const satisfies readonly Condition[]) {
        const plan = planList({ where, limit: 1000 }, users, "org_2");
        expect(plan.isServed, "served by an index").to.equal(true);
        const [part] = plan.parts;
        const found = await explainFind("users", part?.filter ?? {}, part ? findOptions(part, 0, 1000) : {});
        expect(found.stages).not.to.include("COLLSCAN");
        expect(found.documents).to.be.at.most(perOrganization / 2 + 1);
      }
      // What is not among them is counted by what is.
      const reader = opened.store.for("org_2").open(users);
      const { keys } = await profiled(opened.uri, () =>
        reader.count({ op: "not", condition: { ...many, values: [id(3)] } }),
      );
      expect(keys).to.be.at.most(5);
    });

    for (const definition of collections) {
      const explain = (query: Query): Promise<readonly Explained[]> => {
        const plan = planList(query, definition, "org_2");
        expect(plan.isServed, "served by an index").to.equal(true);
        return Promise.all(
          plan.parts.map((part) =>
            explainFind(definition.name, part.filter, findOptions(part, query.offset ?? 0, query.limit)),
          ),
        );
      };
      /** Looks at what it shows, and at next to nothing else. */
      const isWalk = (plans: readonly Explained[]): void => {
        for (const { stages, keys, documents } of plans) {
          expect(stages).not.to.include.oneOf(["COLLSCAN", "SORT"]);
          expect(keys).to.be.at.most(limit + 3);
          expect(documents).to.be.at.most(limit + 3);
        }
      };

      describe(definition.name, () => {
        it("lists by id, from the beginning and from any place, in both directions", async () => {
          for (const direction of ["ascending", "descending"] as const) {
            isWalk(await explain({ sort: { path: "id", direction }, limit }));
            isWalk(await explain({ sort: { path: "id", direction }, after: { id: id(200) }, limit }));
          }
        });

        for (const index of definition.indexes) {
          const { path, element } = index;
          const about = (leaf: Condition): Condition =>
            element === undefined ? leaf : { op: "some", path, where: leaf };
          const field = element ?? path;

          it(`answers eq and in of ${keyOf(index)} from its index`, async () => {
            const where = about({ op: "eq", path: field, value: value(1, 7) });
            const [plan] = await explain({ where, limit });
            expect(plan).to.include({ keys: 1, documents: 1, found: 1 });
            const several = about({ op: "in", path: field, values: [value(1, 7), value(1, 9), value(0, 7)] });
            const [many] = await explain({ where: several, limit });
            expect(many?.found).to.equal(2);
            expect(many?.documents).to.equal(2);
          });

          it(`narrows startsWith of ${keyOf(index)} by its index`, async () => {
            const where = about({ op: "startsWith", path: field, value: value(1, 7).slice(0, -1) });
            const [part] = planCount(where, definition, "org_2").parts;
            const plan = await explainFind(
              definition.name,
              part?.filter ?? {},
              part?.hint === undefined ? {} : { hint: part.hint },
            );
            expect(plan.found).to.equal(10);
            expect(plan.keys).to.be.at.most(12);
          });

          if (element !== undefined) continue;
          it(`sorts by ${path} along its index, from the beginning and from any place, in both directions`, async () => {
            for (const direction of ["ascending", "descending"] as const) {
              const sort = { path, direction };
              isWalk(await explain({ sort, limit }));
              isWalk(await explain({ sort, after: { value: value(1, 200), id: id(200) }, limit }));
              isWalk(await explain({ sort, after: { value: null, id: id(396) }, limit }));
              const where: Condition = { op: "startsWith", path, value: value(1, 200).slice(0, -2) };
              isWalk(await explain({ where, sort, limit }));
            }
          });

          it(`passes over many records of ${path} without fetching them`, async () => {
            const sort = { path, direction: "ascending" } as const;
            const [present] = await explain({ sort, offset: 300, limit });
            expect(present).to.include({ documents: 0, found: limit });
          });
        }
      });
    }
  });
}

interface Explained {
  readonly stages: readonly string[];
  readonly keys: number;
  readonly documents: number;
  readonly found: number;
}

const id = (n: number): string => `rec_${String(n).padStart(4, "0")}`;
const value = (organization: number, n: number): string => `v${organization}-${String(n).padStart(4, "0")}`;

/** A record with a value at every declared path; the last few lack what may be lacking. */
function record(organizationId: string, n: number, organization: number, indexes: readonly Index[]): Entity {
  const moment = "2026-01-01T00:00:00.000Z";
  const made: Record<string, unknown> = { id: id(n), organizationId, version: 1, createdAt: moment, updatedAt: moment };
  if (n >= perOrganization - 5) return made as unknown as Entity;
  for (const { path, element } of indexes) {
    const parts = path.split(".");
    const last = parts.pop() ?? "";
    let at = made;
    for (const part of parts) {
      at[part] ??= {};
      at = at[part] as Record<string, unknown>;
    }
    at[last] = element === undefined ? value(organization, n) : [{ [element]: value(organization, n) }];
  }
  return made as unknown as Entity;
}

/** Runs one question. @returns its answer, and how many keys the server looked at for it */
async function profiled<R>(uri: string, ask: () => Promise<R>): Promise<{ readonly answer: R; readonly keys: number }> {
  return withConnection(uri, async ({ db }) => {
    await db?.command({ profile: 2 });
    const answer = await ask();
    await db?.command({ profile: 0 });
    const seen =
      (await db
        ?.collection("system.profile")
        .find({ ns: /\.users$/ })
        .toArray()) ?? [];
    await db?.dropCollection("system.profile");
    const keys = seen.reduce((sum, each) => sum + Number(each["keysExamined"] ?? 0), 0);
    return { answer, keys };
  });
}

const withOwnId = (entity: Entity): { _id: unknown } => ({ _id: "", ...toDocument(entity) });

function explained(answer: unknown): Explained {
  const { executionStats } = answer as {
    executionStats: {
      executionStages: Stage;
      totalKeysExamined: number;
      totalDocsExamined: number;
      nReturned: number;
    };
  };
  return {
    stages: stagesOf(executionStats.executionStages),
    keys: executionStats.totalKeysExamined,
    documents: executionStats.totalDocsExamined,
    found: executionStats.nReturned,
  };
}

interface Stage {
  readonly stage: string;
  readonly inputStage?: Stage;
  readonly inputStages?: readonly Stage[];
}

function stagesOf({ stage, inputStage, inputStages = [] }: Stage): string[] {
  return [stage, ...[...(inputStage ? [inputStage] : []), ...inputStages].flatMap(stagesOf)];
}
