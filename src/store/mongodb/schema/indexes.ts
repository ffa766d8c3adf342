import { StartupError } from "../../../errors.ts";
import { indexKey } from "../../errors.ts";
import type { Entity } from "../../record.ts";
import type { CollectionDefinition, Index } from "../../store.ts";
import { countsCollection } from "../counts.ts";
import { documentPath } from "../document.ts";
import type { Database, IndexSpecification, MongoCollection } from "../driver.ts";
import { mongoErrorCodes, serverCode, violatedUniqueIndex } from "../errors.ts";
import { membershipIndexes, membershipsCollection } from "./membership-indexes.ts";

/**
 * Creates the declared collections and indexes. Every process does so at startup; the server builds an index once even if
 * several processes request it. Indexes with other names stay untouched.
 * @throws StartupError when stored records violate a unique index
 */
export async function prepareMongoSchema(
  database: Database,
  collections: readonly CollectionDefinition<Entity>[],
): Promise<void> {
  for (const { name, indexes } of collections) {
    await prepareCollection(database, name, [idIndexSpecification, ...indexes.flatMap(toIndexSpecifications)]);
    await dropUndeclaredIndexes(database, name, indexes);
  }
  await prepareCollection(database, membershipsCollection, membershipIndexes);
  await prepareCollection(database, countsCollection, [
    { key: { organizationId: 1, collection: 1 }, name: "by_collection" },
  ]);
}

/** The name of the index that orders the records of an organization by id. */
export const idIndex = "by_id";

/** Returns the name of the index that serves queries by a declared path: by organization, path and id. */
export function queryIndexName(index: Index): string {
  return `by_${toNamePart(index)}`;
}

/** Returns the name of the index that enforces uniqueness. It serves no queries, so it excludes records without the path. */
export function uniqueIndexName(index: Index): string | undefined {
  if (index.unique === undefined) return undefined;
  return `${uniquePrefix}${index.unique}_${toNamePart(index)}`;
}

const uniquePrefix = "unique_";

/** Converts a path to a part of an index name. `a.b` and `a_b` stay distinct. */
const toNamePart = (index: Index): string => indexKey(index).replaceAll("_", "__").replaceAll(".", "_");

const idIndexSpecification: IndexSpecification = { key: { organizationId: 1, _id: 1 }, name: idIndex };

function toIndexSpecifications(index: Index): IndexSpecification[] {
  const field = documentPath(indexKey(index));
  const queryIndex: IndexSpecification = {
    key: { organizationId: 1, [field]: 1, _id: 1 },
    name: queryIndexName(index),
    ...(index.onlyValue !== undefined && { partialFilterExpression: { [field]: index.onlyValue } }),
  };
  const name = uniqueIndexName(index);
  if (name === undefined) return [queryIndex];
  const unique: IndexSpecification = {
    key: index.unique === "global" ? { [field]: 1 } : { organizationId: 1, [field]: 1 },
    name,
    unique: true,
    // A missing value and null are never duplicates. A globally unique key has no type condition, because the planner does
    // not use an index with one for equality lookups.
    partialFilterExpression: {
      [field]: index.unique === "global" ? { $exists: true } : { $type: ["string", "number", "bool"] },
    },
  };
  return [queryIndex, unique];
}

async function prepareCollection(
  database: Database,
  name: string,
  specifications: readonly IndexSpecification[],
): Promise<void> {
  try {
    await database.createCollection(name);
  } catch (error) {
    if (serverCode(error) !== mongoErrorCodes.namespaceExists) throw error;
  }
  if (specifications.length === 0) return;
  try {
    await database.collection(name).createIndexes([...specifications]);
  } catch (error) {
    throw toIndexError(error, name) ?? error;
  }
}

/** Drops unique indexes that are no longer declared. Query indexes stay: a process of the previous release may use them. */
async function dropUndeclaredIndexes(database: Database, name: string, indexes: readonly Index[]): Promise<void> {
  const declared = new Set(indexes.map(uniqueIndexName));
  const documents = database.collection(name);
  for (const { name: index = "" } of await documents.indexes()) {
    if (!index.startsWith(uniquePrefix) || declared.has(index)) continue;
    await dropIndex(documents, index);
  }
}

/** Drops an index; does nothing when another process has dropped it already. */
export async function dropIndex(documents: MongoCollection, name: string): Promise<void> {
  try {
    await documents.dropIndex(name);
  } catch (error) {
    if (serverCode(error) !== mongoErrorCodes.indexNotFound) throw error;
  }
}

function toIndexError(error: unknown, collection: string): StartupError | undefined {
  const indexName = violatedUniqueIndex(error);
  if (indexName !== undefined) {
    return new StartupError(
      `MongoDB: records in ${collection} hold the same value where ${indexName} wants it once. Remove the duplicates.`,
    );
  }
  const code = serverCode(error);
  if (code === mongoErrorCodes.indexOptionsConflict || code === mongoErrorCodes.indexKeySpecsConflict) {
    return new StartupError(
      `MongoDB: an index of ${collection} has the name or keys of ours and another definition. Drop it.`,
    );
  }
  return undefined;
}
