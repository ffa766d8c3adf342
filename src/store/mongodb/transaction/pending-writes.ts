import { isDeepStrictEqual } from "node:util";
import { isLong, waitForOwnTick } from "../../../own-tick.ts";
import { stale } from "../../errors.ts";
import type { Entity } from "../../record.ts";
import type { CollectionDefinition } from "../../store.ts";
import type { DatabaseAccess } from "../database-access.ts";
import { documentId, documentPath, fromDocument } from "../document.ts";
import type { Fields } from "../driver.ts";
import { toWriteError } from "../write-errors.ts";

/** A record to write, and the same record as a document, with its length in characters. */
interface WrittenRecord {
  readonly entity: Entity;
  readonly document: Fields;
  readonly length: number;
}

/** A write that is not sent yet. A replacement states the version that must be stored. */
interface PendingWrite extends WrittenRecord {
  readonly expectedVersion: number | "any" | "none";
}

/** Writes of one collection from which an insert sends them, so that a transaction of many records holds few in memory. */
const pendingMax = 1000;

/** Writes of one collection, in order. */
interface CollectionWrites {
  readonly definition: CollectionDefinition<Entity>;
  readonly byId: Map<string, PendingWrite>;
}

/**
 * Holds the inserts and replacements of a transaction until they are needed: each collection is then written with one
 * command instead of one per record. Whoever reads or changes a collection in another way calls `send` before. A write
 * that the database rejects therefore fails later than its call, but always before the transaction commits.
 */
export class PendingWrites {
  readonly #access: DatabaseAccess;
  readonly #collections = new Map<string, CollectionWrites>();

  /** @param access runs the commands in the transaction */
  constructor(access: DatabaseAccess) {
    this.#access = access;
  }

  /** Returns the record as a pending write leaves it; undefined if none changes it. */
  find(definition: CollectionDefinition<Entity>, organizationId: string, id: string): Entity | undefined {
    const write = this.#collections.get(definition.name)?.byId.get(documentId(organizationId, id));
    return write && fromDocument(write.document, definition);
  }

  async insert(definition: CollectionDefinition<Entity>, record: WrittenRecord): Promise<void> {
    const { organizationId, id } = record.entity;
    if (this.find(definition, organizationId, id)) await this.send(definition.name); // reports the duplicate
    this.#add(definition, { ...record, expectedVersion: "none" });
    const pending = this.#collections.get(definition.name)?.byId.size ?? 0;
    if (pending >= pendingMax) await this.send(definition.name);
  }

  /** Replaces a record. @throws AppError stale, now or when it is sent */
  async replace(
    definition: CollectionDefinition<Entity>,
    record: WrittenRecord,
    expectedVersion: number | "any",
  ): Promise<void> {
    const { entity, document } = record;
    const byId = this.#collections.get(definition.name)?.byId;
    const key = documentId(entity.organizationId, entity.id);
    const pending = byId?.get(key);
    if (byId && pending && hasSameUniqueValues(definition, pending.document, document)) {
      if (expectedVersion !== "any" && expectedVersion !== pending.entity.version) throw stale(entity.id);
      byId.set(key, { ...pending, ...record });
      return;
    }
    if (pending) await this.send(definition.name);
    this.#add(definition, { ...record, expectedVersion });
  }

  /**
   * Sends the writes of one collection, or of all.
   * @throws AppError conflict | stale
   */
  async send(name?: string): Promise<void> {
    for (const [each, writes] of [...this.#collections]) {
      if (name !== undefined && each !== name) continue;
      this.#collections.delete(each);
      for (const run of toRuns([...writes.byId.values()])) await this.#sendRun(writes.definition, run);
    }
  }

  #add(definition: CollectionDefinition<Entity>, write: PendingWrite): void {
    const writes = this.#collections.get(definition.name) ?? { definition, byId: new Map<string, PendingWrite>() };
    this.#collections.set(definition.name, writes);
    writes.byId.set(documentId(write.entity.organizationId, write.entity.id), write);
  }

  async #sendRun(definition: CollectionDefinition<Entity>, run: readonly PendingWrite[]): Promise<void> {
    const documents = this.#access.database.collection(definition.name);
    await this.#access.run(async (options) => {
      if (isLong(measureRun(run))) await waitForOwnTick(); // the driver encodes a command at once
      try {
        if (isInsert(run[0])) {
          await documents.insertMany(
            run.map(({ document }) => document),
            options,
          );
          return;
        }
        const replacements = run.map((write) => ({ filter: toFilter(write), replacement: write.document }));
        const [only] = replacements;
        const { matchedCount } = await (only && replacements.length === 1
          ? documents.replaceOne(only.filter, only.replacement, options)
          : documents.bulkWrite(
              replacements.map((replaceOne) => ({ replaceOne })),
              options,
            ));
        if (matchedCount < run.length) throw stale(run.map(({ entity }) => entity.id).join(", "));
      } catch (error) {
        throw toWriteError(error, definition);
      }
    });
  }
}

const isInsert = (write: PendingWrite | undefined): boolean => write?.expectedVersion === "none";

/** In characters. */
const measureRun = (run: readonly PendingWrite[]): number => run.reduce((sum, { length }) => sum + length, 0);

/**
 * Divides writes into those of the same kind that follow each other, because their order can decide about a conflict. A run
 * that is long ends, because one command is encoded at once.
 */
function toRuns(writes: readonly PendingWrite[]): PendingWrite[][] {
  const runs: PendingWrite[][] = [];
  let runLength = 0;
  for (const write of writes) {
    const run = runs.at(-1);
    if (run && isInsert(run[0]) === isInsert(write) && !isLong(runLength)) {
      run.push(write);
      runLength += write.length;
    } else {
      runs.push([write]);
      runLength = write.length;
    }
  }
  return runs;
}

/** Whether a replacement of a record leaves all of its unique values as they are. */
function hasSameUniqueValues(definition: CollectionDefinition<Entity>, before: Fields, after: Fields): boolean {
  return definition.indexes
    .filter(({ unique }) => unique !== undefined)
    .every(({ path }) => isDeepStrictEqual(valueAt(before, path), valueAt(after, path)));
}

const valueAt = (document: Fields, path: string): unknown =>
  documentPath(path)
    .split(".")
    .reduce<unknown>((value, part) => (value as Fields | undefined)?.[part], document);

/** The organization is the shard key. */
function toFilter({ entity: { organizationId, id }, expectedVersion }: PendingWrite): Fields {
  return {
    _id: { $eq: documentId(organizationId, id) },
    organizationId: { $eq: organizationId },
    ...(typeof expectedVersion === "number" && { version: { $eq: expectedVersion } }),
  };
}
