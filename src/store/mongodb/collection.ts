import type { Log } from "../../log.ts";
import { isLong, waitForOwnTick } from "../../own-tick.ts";
import { complementOf, isStorableString, validateCondition, validatePath } from "../condition.ts";
import { stale } from "../errors.ts";
import { mapInSteps } from "../paging/map-in-steps.ts";
import { isWholeList, type Query } from "../query.ts";
import { type Entity, parseRawRecord, type RawRecord } from "../record.ts";
import { assertOutsideSearchFields, splitSearchFields } from "../search-fields.ts";
import type { CollectionDefinition, Reader, Writer } from "../store.ts";
import { type CountCompactor, readCount } from "./counts.ts";
import type { DatabaseAccess } from "./database-access.ts";
import { documentId, documentPath, measureDocument, toDocument } from "./document.ts";
import { type Fields, type OperationOptions, operationTimeMs } from "./driver.ts";
import { listDocuments } from "./query/list.ts";
import { countPlanPart, readDocumentPage } from "./query/page.ts";
import { planCountDocuments, planFind, type QueryPlan, toEnvelopePlan } from "./query/plan.ts";
import type { ScanLimiter } from "./query/scan-limiter.ts";
import { Lookups } from "./read/lookups.ts";
import { decodeRawDocument } from "./read/raw-document.ts";
import { byId, byOrganization, byUniquePath, findUniqueValue, wholeListKey } from "./read/record-lookups.ts";
import type { SharedReads } from "./read/shared-reads.ts";
import type { TransactionPart } from "./transaction/attempt.ts";
import { toWriteError } from "./write-errors.ts";

/** What a reader needs besides the database. */
export interface MongoReadContext {
  readonly scanLimiter: ScanLimiter;
  readonly countCompactor: CountCompactor;
  /** Returns the net number of records that this transaction has added but not yet written to the counts. */
  pendingCount(collection: string, organizationId: string): number;
  /** Lets lookups share round trips; absent inside a transaction, whose operations run one after another. */
  readonly sharedReads?: SharedReads;
  /** Whether the content of records is not needed. */
  readonly readsEnvelopes?: boolean;
  readonly log?: Log;
}

/**
 * Opens a collection of one organization for reading. Queries that no index serves wait for the scan limiter, and so do
 * those that turn out to be long although an index serves them.
 * @param decode converts a stored record to the form that the caller receives
 */
export function createMongoReader<T extends Entity>(
  access: DatabaseAccess,
  { scanLimiter, countCompactor, pendingCount, sharedReads, readsEnvelopes, log }: MongoReadContext,
  definition: CollectionDefinition<Entity>,
  organizationId: string,
  decode: (record: RawRecord) => T,
): Reader<T> {
  const { name } = definition;
  const documents = access.database.collection(name);
  const lookups = new Lookups(access, sharedReads);
  const runPlan = <R>(plan: QueryPlan, work: (remainingMs: () => number) => Promise<R>): Promise<R> => {
    if (access.inTransaction && !plan.isIndexed)
      throw new Error("a query inside a transaction must be served by an index");
    if (access.inTransaction || (plan.isIndexed && !plan.mayBeLong)) return work(() => operationTimeMs);
    if (plan.isIndexed) return scanLimiter.runIndexed(`${name} ${organizationId}`, work);
    log?.debug("store scan started", { collection: name, organizationId });
    return scanLimiter.run(work);
  };
  const read = (query: Query): Promise<readonly Uint8Array[]> => {
    const plan = planFind(query, definition, organizationId);
    // The position of a record in another order than that of ids is a part of its content.
    const readPlan = readsEnvelopes && !query.sort ? toEnvelopePlan(plan) : plan;
    return runPlan(plan, (remainingMs) => readDocumentPage(access, definition, readPlan, query, remainingMs));
  };
  const countAll = async (): Promise<number> => {
    const { total, rows } = await readCount(access, name, organizationId, sharedReads);
    countCompactor.compactIfNeeded(rows, name, organizationId);
    return total + pendingCount(name, organizationId);
  };
  const count: Reader<T>["count"] = async (where) => {
    if (!where) return countAll();
    validateCondition(where);
    const plan = planCountDocuments(where, definition, organizationId);
    const complement = plan.isIndexed ? undefined : complementOf(where);
    if (complement && planCountDocuments(complement, definition, organizationId).isIndexed)
      return (await countAll()) - (await count(complement));
    return runPlan(plan, async (remainingMs) => {
      const [part] = plan.parts;
      return part ? countPlanPart(access, documents, part, remainingMs) : 0;
    });
  };
  return {
    get: async (id) => {
      if (!isStorableString(id)) return undefined;
      const record = (await lookups.find(byId(definition, organizationId), [id])).get(id);
      // Converting a long record took milliseconds, and parsing it takes as long.
      if (record && isLong(record.json.length)) await waitForOwnTick();
      return record && decode(record);
    },
    list: async (query) => {
      if (query.where) validateCondition(query.where);
      if (query.sort) validatePath(query.sort.path);
      const ids = findIds(query);
      if (ids) {
        const records = [...(await lookups.find(byId(definition, organizationId), ids)).values()];
        return { items: await mapInSteps(records, lengthOfJson, decode) };
      }
      const unique = findUniqueValue(query, definition);
      if (unique) {
        const kind = byUniquePath(definition, organizationId, unique.index);
        const records = [...(await lookups.find(kind, [unique.value])).values()];
        const items = await mapInSteps(records, lengthOfJson, decode);
        return query.total ? { items, total: items.length } : { items };
      }
      if (definition.isListedWhole && isWholeList(query)) {
        const lists = await lookups.find(byOrganization(definition, organizationId), [wholeListKey]);
        const records = (lists.get(wholeListKey) ?? []).slice(0, query.limit);
        return { items: await mapInSteps(records, lengthOfJson, decode) };
      }
      const { rows, ...rest } = await listDocuments(query, { read, count });
      const items = await mapInSteps(
        rows,
        ({ length }) => length,
        (document) => decode(decodeRawDocument(document, definition.searchFields)),
      );
      return { items, ...rest };
    },
    count,
  };
}

const lengthOfJson = ({ json }: RawRecord): number => json.length;

/**
 * Opens a collection of one organization inside a transaction.
 * @throws AppError conflict when a unique index is violated; stale when the expected version does not match
 */
export function createMongoWriter<T extends Entity, Written extends T>(
  part: TransactionPart,
  context: MongoReadContext,
  definition: CollectionDefinition<T, Written>,
  organizationId: string,
): Writer<T, Written> {
  const { name } = definition;
  const documents = part.database.collection(name);
  const reader = createMongoReader(part, context, definition, organizationId, (record) => parseRawRecord(record) as T);
  const toFilter = (id: string, expectedVersion: number | "any"): Fields => ({
    _id: { $eq: documentId(organizationId, id) },
    organizationId: { $eq: organizationId },
    ...(expectedVersion !== "any" && { version: { $eq: expectedVersion } }),
  });
  /** Runs an operation after the pending writes of the collection, which it may concern. */
  const run = async <R>(operation: (options: OperationOptions) => Promise<R>): Promise<R> => {
    await part.attempt.writes.send(name);
    return part.run(operation);
  };
  const recordChange = (id: string, kind: "inserted-or-removed" | "updated"): void => {
    part.attempt.recordWrite();
    part.attempt.prefetched.forgetRecord(name, organizationId, id);
    part.attempt.written.add(name, organizationId, id, kind);
  };
  const exists = async (id: string): Promise<boolean> =>
    (await run((options) => documents.findOne(toFilter(id, "any"), { ...options, projection: { _id: 1 } }))) !== null;
  const toTenantDocument = (entity: T): { readonly document: Fields; readonly length: number } => {
    if (entity.organizationId !== organizationId)
      throw new Error("the record belongs to another organization than the one that was opened");
    splitSearchFields(entity, definition); // rejects a record without its search fields
    const document = toDocument(entity);
    return { document, length: measureDocument(document) };
  };
  return {
    get: async (id) => {
      const pending = part.attempt.writes.find(definition, organizationId, id);
      if (pending) return pending as T;
      const prefetched = part.attempt.prefetched.findRecord(name, organizationId, id);
      if (!prefetched) return reader.get(id);
      return prefetched.record && (parseRawRecord(prefetched.record) as T);
    },
    list: async (query) => {
      await part.attempt.writes.send(name);
      return reader.list(query);
    },
    count: async (where) => {
      await part.attempt.writes.send(name);
      return reader.count(where);
    },
    insert: async (entity) => {
      const { document, length } = toTenantDocument(entity);
      recordChange(entity.id, "inserted-or-removed");
      part.attempt.counts.add(name, organizationId, 1);
      await part.attempt.writes.insert(definition, { entity, document, length });
      if (isLong(length)) await waitForOwnTick();
    },
    replace: async (entity, expectedVersion) => {
      const { document, length } = toTenantDocument(entity);
      recordChange(entity.id, "updated");
      await part.attempt.writes.replace(definition, { entity, document, length }, expectedVersion);
      if (isLong(length)) await waitForOwnTick(); // converting it took milliseconds, and what follows takes as long
    },
    remove: async (id, expectedVersion) => {
      if (!isStorableString(id)) return false;
      const { deletedCount } = await run((options) => documents.deleteOne(toFilter(id, expectedVersion), options));
      if (deletedCount === 1) {
        recordChange(id, "inserted-or-removed");
        part.attempt.counts.add(name, organizationId, -1);
        return true;
      }
      if (expectedVersion !== "any" && (await exists(id))) throw stale(id);
      return false;
    },
    increment: async (id, amounts, atLeast = {}) => {
      if (!isStorableString(id)) return false;
      const update = buildIncrement(definition, amounts, atLeast);
      if (!update) return exists(id);
      recordChange(id, "updated");
      const { matchedCount } = await run(async (options) => {
        try {
          return await documents.updateOne(toFilter(id, "any"), update, options);
        } catch (error) {
          throw toWriteError(error, definition);
        }
      });
      return matchedCount === 1;
    },
  };
}

/** Returns the ids that a query lists, in order, if it is for all records with these ids. */
function findIds({ where, sort, offset = 0, after, limit, total }: Query): readonly string[] | undefined {
  if (where?.op !== "in" || where.path !== "id" || sort || offset > 0 || after || total) return undefined;
  const ids = where.values.filter((each) => typeof each === "string");
  return ids.length <= limit ? [...new Set(ids)].sort() : undefined;
}

function buildIncrement(
  definition: CollectionDefinition<Entity>,
  amounts: Readonly<Record<string, number>>,
  atLeast: Readonly<Record<string, string>>,
): Fields | undefined {
  const toUpdateFields = (values: Readonly<Record<string, number | string>>): Fields | undefined => {
    const entries = Object.entries(values);
    for (const [path] of entries) {
      validatePath(path);
      assertOutsideSearchFields(path, definition);
    }
    return entries.length === 0 ? undefined : Object.fromEntries(entries.map(([path, v]) => [documentPath(path), v]));
  };
  const $inc = toUpdateFields(amounts);
  const $max = toUpdateFields(atLeast);
  return $inc || $max ? { ...($inc && { $inc }), ...($max && { $max }) } : undefined;
}
