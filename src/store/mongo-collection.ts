import type { AppError } from "../errors.ts";
import type { CollectionDefinition, Entity, Index, Query, Reader, Writer } from "./collection.ts";
import { checkCondition, checkPath, complementOf, isStorableText } from "./condition.ts";
import type { Access } from "./mongo-access.ts";
import { type CountFolding, readCount } from "./mongo-counts.ts";
import { documentId, documentPath, toDocument, toEntity, withoutTwin } from "./mongo-document.ts";
import { type Documents, type Fields, operationTimeMs } from "./mongo-driver.ts";
import { refusingIndex, withoutValues } from "./mongo-errors.ts";
import { listPage } from "./mongo-list.ts";
import { countPart, readPage } from "./mongo-page.ts";
import { type Plan, planCount, planList } from "./mongo-plan.ts";
import type { Scans } from "./mongo-scans.ts";
import { uniqueIndex } from "./mongo-schema.ts";
import type { Attempt } from "./mongo-transaction.ts";
import type { PageMarks } from "./page-marks.ts";
import { conflict, stale } from "./refusals.ts";
import { assertOutsideTwin, splitTwin } from "./twin.ts";

/** What reading needs beside the database. */
export interface ReadingAids {
  readonly scans: Scans;
  readonly folding: CountFolding;
  /** Records that this transaction has added and not yet counted. */
  pending(collection: string, organizationId: string): number;
  /** Where pages ended; absent inside a transaction, which sees what nobody else does. */
  readonly marks?: PageMarks;
}

/**
 * The collection of one organisation, for reading. What no index answers waits for a place among the scans.
 * @param made what is made of a record
 */
export function collectionReader<T extends Entity>(
  access: Access,
  { scans, folding, pending, marks }: ReadingAids,
  definition: CollectionDefinition<Entity>,
  organizationId: string,
  made: (record: Entity) => T,
): Reader<T> {
  const { name } = definition;
  const documents = access.database.collection(name);
  const projection = withoutTwin(definition);
  const within = <R>(plan: Plan, work: (timeMs: () => number) => Promise<R>): Promise<R> => {
    if (plan.isServed) return work(() => operationTimeMs);
    if (access.inTransaction) throw new Error("inside a transaction only what an index answers may be asked");
    return scans.run(work);
  };
  const read = (query: Query): Promise<Fields[]> => {
    const plan = planList(query, definition, organizationId);
    return within(plan, (timeMs) => readPage(access, documents, plan, query, timeMs));
  };
  const countAll = async (): Promise<number> => {
    const { total, rows } = await readCount(access, name, organizationId);
    folding.saw(rows, name, organizationId);
    return total + pending(name, organizationId);
  };
  const count: Reader<T>["count"] = async (where) => {
    if (!where) return countAll();
    checkCondition(where);
    const plan = planCount(where, definition, organizationId);
    const rest = plan.isServed ? undefined : complementOf(where);
    if (rest && planCount(rest, definition, organizationId).isServed) return (await countAll()) - (await count(rest));
    return within(plan, async (timeMs) => {
      const [part] = plan.parts;
      return part ? countPart(access, documents, part, timeMs) : 0;
    });
  };
  return {
    get: async (id) => {
      if (!isStorableText(id)) return undefined;
      const found = await access.run((options) =>
        documents.findOne(
          { _id: { $eq: documentId(organizationId, id) } },
          { ...options, maxTimeMS: operationTimeMs, ...(projection && { projection }) },
        ),
      );
      return found ? made(toEntity(found, definition)) : undefined;
    },
    list: async (query) => {
      if (query.where) checkCondition(query.where);
      if (query.sort) checkPath(query.sort.path);
      const book = marks?.book(name, organizationId);
      const { found, total } = await listPage(query, { read, count, ...(book && { book }) });
      const items = found.map((document) => made(toEntity(document, definition)));
      return query.total && total !== undefined ? { items, total } : { items };
    },
    count,
  };
}

/** The collection of one organisation inside a transaction. */
export function collectionWriter<T extends Entity, Written extends T>(
  attempt: Attempt,
  aids: ReadingAids,
  definition: CollectionDefinition<T, Written>,
  organizationId: string,
): Writer<T, Written> {
  const { name } = definition;
  const documents = attempt.database.collection(name);
  const write = <R>(operation: Parameters<typeof attempt.run<R>>[0]): Promise<R> =>
    attempt.run(async (options) => {
      try {
        return await operation(options);
      } catch (error) {
        throw conflictOf(error, definition) ?? error;
      }
    });
  const noted = (id: string, how: "place" | "content"): void => attempt.changes.note(name, organizationId, id, how);
  const ours = (id: string, readVersion: number | "any"): Fields => ({
    _id: { $eq: documentId(organizationId, id) },
    ...(readVersion !== "any" && { version: { $eq: readVersion } }),
  });
  const exists = async (id: string): Promise<boolean> =>
    (await attempt.run((options) => documents.findOne(ours(id, "any"), { ...options, projection: { _id: 1 } }))) !==
    null;
  const toOwnDocument = (entity: T): Fields => {
    if (entity.organizationId !== organizationId) throw new Error("a record is written where it belongs");
    splitTwin(entity, definition); // refuses a record without its twin
    return toDocument(entity);
  };
  return {
    ...collectionReader(attempt, aids, definition, organizationId, (record) => record as T),
    insert: async (entity) => {
      const document = toOwnDocument(entity);
      await write((options) => documents.insertOne(document, options));
      noted(entity.id, "place");
      attempt.counts.add(name, organizationId, 1);
    },
    replace: async (entity, readVersion) => {
      const document = toOwnDocument(entity);
      const { matchedCount } = await write((options) =>
        documents.replaceOne(ours(entity.id, readVersion), document, options),
      );
      if (matchedCount === 0) throw stale(entity.id);
      noted(entity.id, "content");
    },
    remove: async (id, readVersion) => {
      if (!isStorableText(id)) return false;
      const { deletedCount } = await write((options) => documents.deleteOne(ours(id, readVersion), options));
      if (deletedCount === 1) {
        noted(id, "place");
        attempt.counts.add(name, organizationId, -1);
        return true;
      }
      if (readVersion !== "any" && (await exists(id))) throw stale(id);
      return false;
    },
    increment: async (id, amounts, atLeast = {}) => {
      if (!isStorableText(id)) return false;
      const update = incrementing(definition, amounts, atLeast);
      if (!update) return exists(id);
      noted(id, "content");
      return (await write((options) => documents.updateOne(ours(id, "any"), update, options))).matchedCount === 1;
    },
  };
}

/** The one record that holds one of these values of a key that is unique in the whole store. */
export async function findByKey<T extends Entity>(
  access: Access,
  definition: CollectionDefinition<T>,
  index: Index,
  values: readonly string[],
): Promise<T | undefined> {
  const asked = values.filter(isStorableText);
  if (asked.length === 0) return undefined;
  const field = documentPath(index.element === undefined ? index.path : `${index.path}.${index.element}`);
  const documents: Documents = access.database.collection(definition.name);
  const found = await access.run((options) =>
    documents.find({ [field]: { $in: asked } }, { ...options, maxTimeMS: operationTimeMs }).toArray(),
  );
  if (found.length < 2) return found[0] && (toEntity(found[0], definition) as T);
  const held = (document: Fields): unknown[] => valuesAt(document, field.split("."));
  for (const value of asked) {
    const first = found.find((document) => held(document).includes(value));
    if (first) return toEntity(first, definition) as T;
  }
  return undefined;
}

function valuesAt(value: unknown, [part, ...rest]: readonly string[]): unknown[] {
  if (Array.isArray(value)) return value.flatMap((each) => valuesAt(each, part === undefined ? [] : [part, ...rest]));
  if (part === undefined) return [value];
  return typeof value === "object" && value !== null ? valuesAt((value as Fields)[part], rest) : [];
}

function incrementing(
  definition: CollectionDefinition<Entity>,
  amounts: Readonly<Record<string, number>>,
  atLeast: Readonly<Record<string, string>>,
): Fields | undefined {
  const onFields = (values: Readonly<Record<string, number | string>>): Fields | undefined => {
    const entries = Object.entries(values);
    for (const [path] of entries) {
      checkPath(path);
      assertOutsideTwin(path, definition);
    }
    return entries.length === 0 ? undefined : Object.fromEntries(entries.map(([path, v]) => [documentPath(path), v]));
  };
  const $inc = onFields(amounts);
  const $max = onFields(atLeast);
  return $inc || $max ? { ...($inc && { $inc }), ...($max && { $max }) } : undefined;
}

function conflictOf(error: unknown, definition: CollectionDefinition<Entity>): AppError | undefined {
  const refusing = refusingIndex(error);
  if (refusing === undefined) return undefined;
  return conflict(
    definition.indexes.find((each) => uniqueIndex(each) === refusing),
    withoutValues(error),
  );
}
