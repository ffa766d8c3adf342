import type { Access } from "./mongo-access.ts";
import { operationTimeMs } from "./mongo-driver.ts";

/** Collection of the kept counts: rows {organizationId, collection, delta}, whose sum is the number of records. */
export const countsName = "record_counts";

/**
 * How many records a transaction adds and takes away. Written at its end as new rows: adding to one row that everybody
 * shares would make every two inserts a lost race.
 */
export class CountChanges {
  readonly #changes = new Map<string, CountChange>();

  add(collection: string, organizationId: string, delta: number): void {
    const key = JSON.stringify([organizationId, collection]);
    const before = this.#changes.get(key)?.delta ?? 0;
    this.#changes.set(key, { collection, organizationId, delta: before + delta });
  }

  /** What is not written yet. */
  pending(collection: string, organizationId: string): number {
    return this.#changes.get(JSON.stringify([organizationId, collection]))?.delta ?? 0;
  }

  get all(): readonly CountChange[] {
    return [...this.#changes.values()].filter(({ delta }) => delta !== 0);
  }

  async write(access: Access): Promise<void> {
    const rows = this.all.map((change) => ({ ...change }));
    if (rows.length === 0) return;
    await access.run((options) => access.database.collection(countsName).insertMany(rows, options));
  }
}

export interface CountChange {
  readonly collection: string;
  readonly organizationId: string;
  readonly delta: number;
}

/** The exact number of records, and of rows that say so. */
export async function readCount(
  access: Access,
  collection: string,
  organizationId: string,
): Promise<{ readonly total: number; readonly rows: number }> {
  const [sum] = await access.run((options) =>
    access.database
      .collection(countsName)
      .aggregate(
        [
          { $match: { organizationId: { $eq: organizationId }, collection: { $eq: collection } } },
          { $group: { _id: null, total: { $sum: "$delta" }, rows: { $sum: 1 } } },
        ],
        // One moment of all rows, so that no half of a folding is seen; inside a transaction they are that anyway.
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

/** Rows folded into one in one transaction. */
const foldMax = 10_000;
/** Rows that are worth folding. */
const rowsMax = 1000;

/**
 * Keeps the rows few: folds those of one organisation and collection into one, beside the work, whenever enough have
 * gathered. Two processes that fold the same rows lose a race, never a count.
 */
export class CountFolding {
  readonly #written = new Map<string, number>();
  readonly #underWay = new Set<string>();
  readonly #transaction: (body: (access: Access) => Promise<void>) => Promise<void>;

  constructor(transaction: (body: (access: Access) => Promise<void>) => Promise<void>) {
    this.#transaction = transaction;
  }

  /** To be told of what was committed. */
  wrote(changes: readonly CountChange[]): void {
    for (const { collection, organizationId } of changes) {
      const key = JSON.stringify([organizationId, collection]);
      const rows = (this.#written.get(key) ?? 0) + 1;
      this.#written.set(key, rows);
      this.saw(rows, collection, organizationId);
    }
  }

  /** To be told of how many rows there are. */
  saw(rows: number, collection: string, organizationId: string): void {
    const key = JSON.stringify([organizationId, collection]);
    if (rows < rowsMax || this.#underWay.has(key)) return;
    this.#underWay.add(key);
    this.#written.delete(key);
    void this.#transaction((access) => fold(access, collection, organizationId))
      .catch(() => undefined) // the rows stay, and the next sum is as right as this one
      .finally(() => this.#underWay.delete(key));
  }
}

async function fold(access: Access, collection: string, organizationId: string): Promise<void> {
  const counts = access.database.collection(countsName);
  const rows = await access.run((options) =>
    counts
      .find(
        { organizationId: { $eq: organizationId }, collection: { $eq: collection } },
        { ...options, limit: foldMax, batchSize: foldMax + 1, maxTimeMS: operationTimeMs },
      )
      .toArray(),
  );
  if (rows.length < 2) return;
  await access.run((options) => counts.deleteMany({ _id: { $in: rows.map((row) => row["_id"]) } }, options));
  const delta = rows.reduce((sum, row) => sum + Number(row["delta"]), 0);
  await access.run((options) => counts.insertOne({ organizationId, collection, delta }, options));
}
