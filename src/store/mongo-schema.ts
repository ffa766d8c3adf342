import { StartError } from "../errors.ts";
import type { CollectionDefinition, Entity, Index } from "./collection.ts";
import { countsName } from "./mongo-counts.ts";
import { documentPath } from "./mongo-document.ts";
import type { Database, IndexSpecification } from "./mongo-driver.ts";
import { codes, refusingIndex, serverCode } from "./mongo-errors.ts";
import { membershipIndexes, membershipsName } from "./mongo-memberships.ts";
import { keyOf } from "./refusals.ts";

/**
 * Brings a database to the shape that the declarations ask for: collections and their indexes. Every process does so at
 * its start; building one index from several at once is one building. Indexes of other names are left alone.
 * @throws StartError when a unique index cannot be built over what is stored
 */
export async function prepareSchema(
  database: Database,
  collections: readonly CollectionDefinition<Entity>[],
): Promise<void> {
  for (const { name, indexes } of collections) {
    await prepareCollection(database, name, indexes.flatMap(specificationsOf));
    await dropUndeclared(database, name, indexes);
  }
  await prepareCollection(database, membershipsName, membershipIndexes);
  await prepareCollection(database, countsName, [{ key: { organizationId: 1, collection: 1 }, name: "by_collection" }]);
}

/** The index that answers questions about a declared path: of one organisation, in the order of the path, then of ids. */
export function servingIndex(index: Index): string {
  return `by_${flat(index)}`;
}

/** The index that keeps a declared path unique. It answers no questions, so records without the path need no place in it. */
export function uniqueIndex(index: Index): string | undefined {
  if (index.unique === undefined) return undefined;
  return `${uniquePrefix}${index.unique}_${flat(index)}`;
}

const uniquePrefix = "unique_";

/** A path as part of a name: `a.b` and `a_b` stay apart. */
const flat = (index: Index): string => keyOf(index).replaceAll("_", "__").replaceAll(".", "_");

function specificationsOf(index: Index): IndexSpecification[] {
  const field = documentPath(keyOf(index));
  const serving: IndexSpecification = { key: { organizationId: 1, [field]: 1, _id: 1 }, name: servingIndex(index) };
  const name = uniqueIndex(index);
  if (name === undefined) return [serving];
  const unique: IndexSpecification = {
    key: index.unique === "everywhere" ? { [field]: 1 } : { organizationId: 1, [field]: 1 },
    name,
    unique: true,
    // Nothing and null are no values that could be taken. Of a key that is looked up by itself no type is asked: an index
    // that asks for one is not used for equality.
    partialFilterExpression: {
      [field]: index.unique === "everywhere" ? { $exists: true } : { $type: ["string", "number", "bool"] },
    },
  };
  return [serving, unique];
}

async function prepareCollection(
  database: Database,
  name: string,
  specifications: readonly IndexSpecification[],
): Promise<void> {
  try {
    await database.createCollection(name);
  } catch (error) {
    if (serverCode(error) !== codes.namespaceExists) throw error;
  }
  if (specifications.length === 0) return;
  try {
    await database.collection(name).createIndexes([...specifications]);
  } catch (error) {
    throw indexRefusal(error, name) ?? error;
  }
}

/** What is unique no longer must not refuse anything. Serving indexes stay: a process of the last release may use them. */
async function dropUndeclared(database: Database, name: string, indexes: readonly Index[]): Promise<void> {
  const declared = new Set(indexes.map(uniqueIndex));
  const documents = database.collection(name);
  for (const { name: index = "" } of await documents.indexes()) {
    if (!index.startsWith(uniquePrefix) || declared.has(index)) continue;
    try {
      await documents.dropIndex(index);
    } catch (error) {
      if (serverCode(error) !== codes.indexNotFound) throw error; // another process was quicker
    }
  }
}

function indexRefusal(error: unknown, collection: string): StartError | undefined {
  const refusing = refusingIndex(error);
  if (refusing !== undefined) {
    return new StartError(
      `MongoDB: records in ${collection} hold the same value where ${refusing} wants it once. Remove the duplicates.`,
    );
  }
  const code = serverCode(error);
  if (code === codes.indexOptionsConflict || code === codes.indexKeySpecsConflict) {
    return new StartError(
      `MongoDB: an index of ${collection} has the name or keys of ours and another definition. Drop it.`,
    );
  }
  return undefined;
}
