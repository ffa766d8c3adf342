import type { DatabaseAccess } from "./database-access.ts";
import { operationTimeMs } from "./driver.ts";
import type { SharedReads } from "./read/shared-reads.ts";

/** Collection of record counts: rows {organizationId, collection, delta}. The sum of the deltas is the number of records. */
export const countsCollection = "record_counts";

/**
 * Collects how many records a transaction adds and removes, and writes the result as new rows at its end. Incrementing
 * one shared row instead would make every two concurrent inserts a write conflict.
 */
export class CountDeltas {
  readonly #deltas = new Map<string, CountDelta>();

  add(collection: string, organizationId: string, delta: number): void {
    const key = JSON.stringify([organizationId, collection]);
    const previous = this.#deltas.get(key)?.delta ?? 0;
    this.#deltas.set(key, { collection, organizationId, delta: previous + delta });
  }

  /** Returns the delta that is not yet written. */
  pending(collection: string, organizationId: string): number {
    return this.#deltas.get(JSON.stringify([organizationId, collection]))?.delta ?? 0;
  }

  /** The changes that affect a count. */
  get nonZero(): readonly CountDelta[] {
    return [...this.#deltas.values()].filter(({ delta }) => delta !== 0);
  }

  /** Inserts the deltas into the database. Call this once, as the last operation of the transaction. */
  async flush(access: DatabaseAccess): Promise<void> {
    const rows = this.nonZero.map((change) => ({ ...change }));
    if (rows.length === 0) return;
    await access.run((options) => access.database.collection(countsCollection).insertMany(rows, options));
  }
}

/** The change of one count by one transaction. */
export interface CountDelta {
  readonly collection: string;
  readonly organizationId: string;
  readonly delta: number;
}

/**
 * Reads the exact number of records of a collection. Concurrent calls share a query.
 * @param sharedReads absent inside a transaction
 */
export async function readCount(
  access: DatabaseAccess,
  collection: string,
  organizationId: string,
  sharedReads?: SharedReads,
): Promise<RecordCount> {
  if (!sharedReads) return sumRows(access, collection, organizationId);
  const subjects = [[collection, collection]] as const;
  const counts = await sharedReads.read(`counts ${organizationId}`, subjects, async (names, tracked) => {
    const all = [...names.keys()];
    const sums = await Promise.all(all.map((name) => sumRows(tracked, name, organizationId)));
    return new Map(all.map((name, at) => [name, sums[at] as RecordCount]));
  });
  return counts.get(collection) ?? { total: 0, rows: 0 };
}

/** The number of records, and the number of count rows that it was summed from. */
interface RecordCount {
  readonly total: number;
  readonly rows: number;
}

async function sumRows(access: DatabaseAccess, collection: string, organizationId: string): Promise<RecordCount> {
  const [sum] = await access.run((options) =>
    access.database
      .collection(countsCollection)
      .aggregate(
        [
          { $match: { organizationId: { $eq: organizationId }, collection: { $eq: collection } } },
          { $group: { _id: null, total: { $sum: "$delta" }, rows: { $sum: 1 } } },
        ],
        // A snapshot never shows a half-finished compaction. Inside a transaction, reads are a snapshot anyway.
        {
          ...options,
          maxTimeMS: operationTimeMs,
          ...(access.inTransaction ? {} : { readConcern: { level: "snapshot" as const } }),
        },
      )
      .toArray(),
  );
  return { total: Number(sum?.["total"] ?? 0), rows: Number(sum?.["rows"] ?? 0) };
}

/** Most rows that one transaction merges into one. */
const compactionBatchMax = 10_000;
/** Number of rows from which merging is worth a transaction. */
const compactionThreshold = 1000;

/**
 * Merges the count rows of an organization and collection into one, in the background, whenever enough have accumulated.
 * If two processes merge the same rows, one of the transactions fails; no count is lost.
 */
export class CountCompactor {
  readonly #rowEstimates = new Map<string, number>();
  readonly #compacting = new Set<string>();
  readonly #runTransaction: (body: (access: DatabaseAccess) => Promise<void>) => Promise<void>;

  /** @param runTransaction runs a body in a transaction of its own */
  constructor(runTransaction: (body: (access: DatabaseAccess) => Promise<void>) => Promise<void>) {
    this.#runTransaction = runTransaction;
  }

  /** Records the count rows that a committed transaction has inserted. */
  recordWrites(changes: readonly CountDelta[]): void {
    for (const { collection, organizationId } of changes) {
      const key = JSON.stringify([organizationId, collection]);
      const rows = (this.#rowEstimates.get(key) ?? 0) + 1;
      this.#rowEstimates.set(key, rows);
      this.compactIfNeeded(rows, collection, organizationId);
    }
  }

  /** Starts a merge in the background if there are enough rows. */
  compactIfNeeded(rows: number, collection: string, organizationId: string): void {
    const key = JSON.stringify([organizationId, collection]);
    if (rows < compactionThreshold || this.#compacting.has(key)) return;
    this.#compacting.add(key);
    this.#rowEstimates.delete(key);
    void this.#runTransaction((access) => compactRows(access, collection, organizationId))
      .catch(() => undefined) // the rows stay, and their sum stays correct
      .finally(() => this.#compacting.delete(key));
  }
}

async function compactRows(access: DatabaseAccess, collection: string, organizationId: string): Promise<void> {
  const counts = access.database.collection(countsCollection);
  const rows = await access.run((options) =>
    counts
      .find(
        { organizationId: { $eq: organizationId }, collection: { $eq: collection } },
        { ...options, limit: compactionBatchMax, batchSize: compactionBatchMax + 1, maxTimeMS: operationTimeMs },
      )
      .toArray(),
  );
  if (rows.length < 2) return;
  const compacted = { organizationId: { $eq: organizationId }, _id: { $in: rows.map((row) => row["_id"]) } };
  await access.run((options) => counts.deleteMany(compacted, options));
  const delta = rows.reduce((sum, row) => sum + Number(row["delta"]), 0);
  await access.run((options) => counts.insertOne({ organizationId, collection, delta }, options));
}
