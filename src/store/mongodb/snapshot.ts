import { AppError, storeUnavailable } from "../../errors.ts";
import { isStorableString } from "../condition.ts";
import { type Entity, parseRawRecord } from "../record.ts";
import type { CollectionDefinition, MembershipEdge, Snapshot, SnapshotTenant } from "../store.ts";
import { createMongoReader, type MongoReadContext } from "./collection.ts";
import type { DatabaseAccess } from "./database-access.ts";
import { documentId, documentPath } from "./document.ts";
import { type Database, type Fields, operationTimeMs, type Session } from "./driver.ts";
import { mongoErrorCodes, serverCode, toStoreError } from "./errors.ts";
import { createMongoMembershipReader } from "./memberships.ts";
import { readRawString } from "./read/bson-reader.ts";
import { findRaw } from "./read/find-raw.ts";
import { decodeRawDocument } from "./read/raw-document.ts";
import { idIndex } from "./schema/indexes.ts";
import { byGroupIndex, membershipsCollection } from "./schema/membership-indexes.ts";

/**
 * Runs work on a snapshot session: all reads have the cluster time of the first one. The server keeps what the snapshot
 * shows for `minSnapshotHistoryWindowInSeconds`, 300 by default.
 * @param context what readers need
 * @see https://www.mongodb.com/docs/manual/reference/read-concern-snapshot/
 * @throws AppError unavailable, with the fix if the server does not have the snapshot any more
 */
export async function runOnMongoSnapshot<R>(
  database: Database,
  session: Session,
  collections: readonly CollectionDefinition<Entity>[],
  context: MongoReadContext,
  work: (snapshot: Snapshot) => Promise<R>,
): Promise<R> {
  const access: DatabaseAccess = {
    database,
    inTransaction: true, // rejects full scans, and reads counts with the read concern of the session
    run: async (operation) => {
      try {
        return await operation({ session });
      } catch (error) {
        throw isSnapshotGone(error) ? snapshotGone(error) : toStoreError(error);
      }
    },
  };
  try {
    return await work({
      for: (organizationId) => toSnapshotTenant(access, context, organizationId),
      organizationIds: () => listOrganizationIds(access, collections),
    });
  } finally {
    void session.endSession().catch(() => undefined);
  }
}

const isSnapshotGone = (error: unknown): boolean => {
  const code = serverCode(error);
  return code === mongoErrorCodes.snapshotTooOld || code === mongoErrorCodes.snapshotUnavailable;
};

const snapshotGone = (cause: unknown): AppError => {
  const { details } = storeUnavailable(cause);
  const message =
    "MongoDB does not have this point in time any more. Raise its parameter minSnapshotHistoryWindowInSeconds (300 by default), or read one organization at a time.";
  return new AppError("unavailable", message, details, cause);
};

function toSnapshotTenant(access: DatabaseAccess, context: MongoReadContext, organizationId: string): SnapshotTenant {
  return {
    organizationId,
    open: <T extends Entity>(definition: CollectionDefinition<T>) =>
      createMongoReader(access, context, definition, organizationId, (record) => parseRawRecord(record) as T),
    memberships: createMongoMembershipReader(access, organizationId),
    edges: async ({ after, limit }) => {
      if (!after) return readEdges(access, organizationId, {}, limit);
      const { groupId, memberId } = after;
      // Two ranges, because one filter for both would read the index from its start.
      const sameGroup = { groupId: { $eq: groupId }, memberId: { $gt: memberId } };
      const edges = await readEdges(access, organizationId, sameGroup, limit);
      const missing = limit - edges.length;
      if (missing === 0) return edges;
      return [...edges, ...(await readEdges(access, organizationId, { groupId: { $gt: groupId } }, missing))];
    },
    searchFields: async ({ name, searchFields = "" }, ids) => {
      const documentIds = ids.filter(isStorableString).map((id) => documentId(organizationId, id));
      const documents = await access.run((options) =>
        findRaw(
          access.database,
          name,
          { _id: { $in: documentIds }, organizationId: { $eq: organizationId } },
          {
            ...options,
            projection: { id: 1, [documentPath(searchFields)]: 1 },
            hint: idIndex,
            batchSize: documentIds.length + 1,
            maxTimeMS: operationTimeMs,
          },
        ),
      );
      return new Map(
        documents.map((document) => {
          const { id, json } = decodeRawDocument(document);
          return [id, (JSON.parse(json) as Record<string, unknown>)[searchFields]];
        }),
      );
    },
  };
}

async function readEdges(
  access: DatabaseAccess,
  organizationId: string,
  range: Fields,
  limit: number,
): Promise<readonly MembershipEdge[]> {
  const edges = await access.run((options) =>
    findRaw(
      access.database,
      membershipsCollection,
      { organizationId: { $eq: organizationId }, ...range },
      {
        ...options,
        projection: { _id: 0, groupId: 1, memberId: 1 },
        sort: { groupId: 1, memberId: 1 },
        hint: byGroupIndex,
        limit,
        batchSize: limit + 1,
        maxTimeMS: operationTimeMs,
      },
    ),
  );
  return edges.map((edge) => ({
    groupId: readRawString(edge, "groupId") ?? "",
    memberId: readRawString(edge, "memberId") ?? "",
  }));
}

/** The planner reads one index entry for each organization (DISTINCT_SCAN). */
async function listOrganizationIds(
  access: DatabaseAccess,
  collections: readonly CollectionDefinition<Entity>[],
): Promise<readonly string[]> {
  const ids = new Set<string>();
  for (const name of [membershipsCollection, ...collections.map((each) => each.name)]) {
    const found = await access.run((options) =>
      access.database
        .collection(name)
        .aggregate([{ $group: { _id: "$organizationId" } }], { ...options, maxTimeMS: operationTimeMs })
        .toArray(),
    );
    for (const { _id } of found) ids.add(String(_id));
  }
  return [...ids].sort();
}
