import { indexKey } from "../../errors.ts";
import type { Query } from "../../query.ts";
import { type Entity, parseRawRecord, type RawRecord } from "../../record.ts";
import type { CollectionDefinition, Index } from "../../store.ts";
import { documentId, documentPath, withoutSearchFields } from "../document.ts";
import type { Fields } from "../driver.ts";
import { idIndex, queryIndexName, uniqueIndexName } from "../schema/indexes.ts";
import { readRawString } from "./bson-reader.ts";
import type { LookupKind } from "./lookups.ts";
import { decodeRawDocument } from "./raw-document.ts";

/** Looks up the records of an organization by id. */
export function byId(definition: CollectionDefinition<Entity>, organizationId: string): LookupKind<RawRecord> {
  const { name } = definition;
  return {
    name: `${name} ${organizationId}`,
    collection: name,
    projection: projectionOf(definition),
    hint: idIndex,
    // The organization is the shard key. The `_id` contains it, so it does not narrow the query further.
    filter: (ids) => ({
      _id: { $in: ids.map((id) => documentId(organizationId, id)) },
      organizationId: { $eq: organizationId },
    }),
    decode: (documents) => {
      const records = documents.map(decodeWith(definition));
      return new Map(records.map((record) => [record.id, record]));
    },
  };
}

/** Looks up the records of an organization by the value of a path that is unique within it. */
export function byUniquePath(
  definition: CollectionDefinition<Entity>,
  organizationId: string,
  index: Index,
): LookupKind<RawRecord> {
  const field = documentPath(index.path);
  return {
    name: `${definition.name} ${field} ${organizationId}`,
    collection: definition.name,
    projection: { _id: 0 },
    hint: queryIndexName(index),
    filter: (values) => ({ organizationId: { $eq: organizationId }, [field]: { $in: values } }),
    decode: (documents) =>
      new Map(
        documents.map((document) => [
          readRawString(document, ...field.split(".")) ?? "",
          decodeRawDocument(document, definition.searchFields),
        ]),
      ),
  };
}

/** The key of a list of all records. */
export const wholeListKey = "";

/** Looks up all records of an organization, in id order, in a collection of few. */
export function byOrganization(
  definition: CollectionDefinition<Entity>,
  organizationId: string,
): LookupKind<readonly RawRecord[]> {
  return {
    name: `${definition.name} of ${organizationId}`,
    collection: definition.name,
    projection: projectionOf(definition),
    hint: idIndex,
    filter: () => ({ organizationId: { $eq: organizationId } }),
    decode: (documents) => new Map([[wholeListKey, toIdOrder(documents.map(decodeWith(definition)))]]),
    merge: (one, other) => toIdOrder([...one, ...other]),
  };
}

const decodeWith =
  ({ searchFields }: CollectionDefinition<Entity>) =>
  (document: Uint8Array): RawRecord =>
    decodeRawDocument(document, searchFields);

/** A union of several lookups returns documents in any order. */
const toIdOrder = (records: readonly RawRecord[]): readonly RawRecord[] =>
  records.toSorted((one, other) => (one.id < other.id ? -1 : 1));

/** Looks up records of all organizations by a key that is unique across them. */
export function byGlobalKey(definition: CollectionDefinition<Entity>, index: Index): LookupKind<Entity> {
  const path = indexKey(index);
  return {
    name: `${definition.name} ${path}`,
    collection: definition.name,
    projection: projectionOf(definition),
    hint: uniqueIndexName(index) ?? "",
    filter: (values) => ({ [documentPath(path)]: { $in: values } }),
    decode: (documents) => {
      const byValue = new Map<string, Entity>();
      for (const document of documents) {
        const record = parseRawRecord(decodeRawDocument(document, definition.searchFields));
        for (const value of valuesAt(record, path.split("."))) byValue.set(String(value), record);
      }
      return byValue;
    },
  };
}

/** A value that a query requires of a unique path. */
interface UniqueValue {
  readonly index: Index;
  readonly value: string;
}

/** Returns the value of a unique path if it alone decides the result and the total of a query. */
export function findUniqueValue(
  { where, offset = 0, after, limit }: Query,
  { indexes }: CollectionDefinition<Entity>,
): UniqueValue | undefined {
  if (where?.op !== "eq" || typeof where.value !== "string" || offset > 0 || after || limit < 1) return undefined;
  const { path, value } = where;
  const index = indexes.find((each) => each.path === path && each.unique === "organization");
  return index && { index, value };
}

/** Returns a projection without the `_id` and the search fields. */
const projectionOf = (definition: CollectionDefinition<Entity>): Record<string, 0> => ({
  _id: 0,
  ...withoutSearchFields(definition),
});

/** Returns the values at a path of a record, of which an array in the path can have several. */
function valuesAt(value: unknown, [part, ...rest]: readonly string[]): unknown[] {
  if (Array.isArray(value)) return value.flatMap((each) => valuesAt(each, part === undefined ? [] : [part, ...rest]));
  if (part === undefined) return [value];
  return typeof value === "object" && value !== null ? valuesAt((value as Fields)[part], rest) : [];
}
