import { expect } from "chai";
import { tokens } from "../../src/store/collections.ts";
import { membershipsCollection } from "../../src/store/mongodb/schema/membership-indexes.ts";
import { type MongoTestStore, mongoTestStoreOpener, withConnection } from "../store/mongodb/mongodb.fixture.ts";
import { describeOnMongod } from "../support/mongod.ts";
import { patchUrn, type Service, startService, userUrn } from "../support/service.ts";

/** An operation as the profiler of the server records it. */
interface ProfiledOperation {
  readonly ns: string;
  readonly op: string;
  readonly command: Readonly<Record<string, unknown>>;
}

describeOnMongod("A cluster that is sharded by organization", (uri) => {
  let service: Service;
  let database: MongoTestStore;
  before(async () => {
    service = await startService({
      open: async (options) => {
        database = await mongoTestStoreOpener(uri())(options);
        return database;
      },
    });
  });
  after(() => service.dispose());

  it("receives the organization with every read and write of a request, so that one shard serves it", async () => {
    const client = await service.clientWithScopes(["all"]);
    const operations = await profile(async () => {
      const post = async (path: string, body: object): Promise<string> =>
        JSON.parse((await client.post(path).send(body).expect(201)).text).id;
      const userIds: string[] = [];
      for (const userName of ["ada", "bob", "eve"])
        userIds.push(await post("/scim/v2/Users", { schemas: [userUrn], userName }));
      const groupId = await post("/scim/v2/Groups", { displayName: "team", members: [{ value: userIds[0] }] });
      const patch = (path: string, operation: object) =>
        client.patch(path).send({ schemas: [patchUrn], Operations: [operation] });
      await patch(`/scim/v2/Groups/${groupId}`, { op: "add", path: "members", value: [{ value: userIds[1] }] }).expect(
        204,
      );
      await patch(`/scim/v2/Groups/${groupId}`, { op: "remove", path: `members[value eq "${userIds[0]}"]` }).expect(
        204,
      );
      await patch(`/scim/v2/Users/${userIds[2]}`, { op: "replace", path: "active", value: false }).expect(200);
      // Concurrent requests share queries.
      await Promise.all([...userIds, ...userIds].map((id) => client.get(`/scim/v2/Users/${id}`).expect(200)));
      for (const query of [
        "?startIndex=2&count=1",
        '?filter=userName eq "ADA"',
        '?filter=userName sw "a"',
        '?filter=title co "x"',
        "?sortBy=userName&sortOrder=descending",
        "?cursor&count=1",
      ])
        await client.get(`/scim/v2/Users${query}`).expect(200);
      await client.get(`/scim/v2/Groups/${groupId}`).expect(200);
      await client.get(`/scim/v2/Groups?filter=members.value eq "${userIds[1]}"`).expect(200);
      await client.delete(`/scim/v2/Users/${userIds[1]}`).expect(204);
      await client.delete(`/scim/v2/Groups/${groupId}`).expect(204);
      const created = await client
        .post("/api/tokens")
        .send({ name: "t", scopes: ["admin:read"] })
        .expect(201);
      await client.delete(`/api/tokens/${JSON.parse(created.text).id}`).expect(204);
      await client.get("/api/tokens").expect(200);
      await client.get("/api/audit-events").expect(200);
      await client.get("/api/whoami").expect(200);
    });
    const unsharded = operations
      .flatMap(toFilters)
      .filter(({ collection, filter }) => !namesOrganization(filter) && !isTokenLookup(collection, filter));
    expect(unsharded.map((each) => JSON.stringify(each))).to.deep.equal([]);
    const collections = new Set(operations.flatMap(toFilters).map(({ collection }) => collection));
    expect([...collections]).to.include.members(["users", "groups", "tokens", membershipsCollection, "audit_events"]);
  });

  async function profile(work: () => Promise<void>): Promise<readonly ProfiledOperation[]> {
    return withConnection(database.uri, async (connection) => {
      const { db } = connection;
      if (!db) throw new Error("not connected");
      await db.command({ profile: 2 });
      try {
        await work();
      } finally {
        await db.command({ profile: 0 });
      }
      const operations = await db.collection("system.profile").find().toArray();
      await db.dropCollection("system.profile");
      return operations as unknown as readonly ProfiledOperation[];
    });
  }
});

interface NamedFilter {
  readonly collection: string;
  readonly filter: unknown;
}

/** Returns the filters of an operation, one for each collection that it reads or changes. */
function toFilters({ ns, op, command }: ProfiledOperation): readonly NamedFilter[] {
  const collection = ns.slice(ns.indexOf(".") + 1);
  if (collection.startsWith("system.") || collection === "$cmd") return [];
  if (op === "insert") return []; // the documents have the organization
  if (op === "update" || op === "remove") return [{ collection, filter: command["q"] }];
  if ("find" in command) return [{ collection, filter: command["filter"] }];
  if (!("aggregate" in command)) return [];
  const pipeline = command["pipeline"] as readonly Readonly<Record<string, never>>[];
  return pipeline.flatMap((stage): NamedFilter[] => {
    const { $match, $unionWith, $graphLookup } = stage as {
      $match?: unknown;
      $unionWith?: { coll: string; pipeline: readonly [{ $match: unknown }] };
      $graphLookup?: { from: string; restrictSearchWithMatch: unknown };
    };
    if ($match) return [{ collection, filter: $match }];
    if ($unionWith) return [{ collection: $unionWith.coll, filter: $unionWith.pipeline[0].$match }];
    return $graphLookup ? [{ collection: $graphLookup.from, filter: $graphLookup.restrictSearchWithMatch }] : [];
  });
}

/** Whether a filter, or one part of its conjunction, requires one organization. */
function namesOrganization(filter: unknown): boolean {
  const { organizationId, $and = [] } = filter as { organizationId?: unknown; $and?: readonly unknown[] };
  return organizationId !== undefined || $and.some(namesOrganization);
}

/** A token is looked up by the hash of its secret before its organization is known. Its collection is not sharded. */
const isTokenLookup = (collection: string, filter: unknown): boolean =>
  collection === tokens.name && Object.keys(filter as object).join() === "secrets.hash";
