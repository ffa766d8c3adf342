import { randomUUID } from "node:crypto";
import { StartError } from "../errors.ts";
import type { Migration } from "./migrations.ts";
import { toDocument, toEntity } from "./mongo-document.ts";
import type { Database, Documents, Fields } from "./mongo-driver.ts";
import { codes, serverCode } from "./mongo-errors.ts";

const migrationsName = "migrations";

/**
 * Runs the migrations that the database has not seen, once, although several processes start together: one of them
 * holds a lease while it works, the others wait for it.
 * @throws StartError when the data were written by a newer release
 */
export async function migrate(database: Database, migrations: readonly Migration[]): Promise<void> {
  const newest = migrations.at(-1)?.number ?? 0;
  if ((await applied(database, newest)) === newest) return;
  const lease = await takeLease(database.collection(migrationsName));
  try {
    const from = await applied(database, newest);
    for (const migration of migrations) {
      if (migration.number <= from) continue;
      await rewriteAll(database.collection(migration.collection.name), migration, lease.renew);
      const { number, name } = migration;
      await database.collection(migrationsName).insertOne({ _id: number, name, appliedAt: new Date().toISOString() });
    }
  } finally {
    await lease.release();
  }
}

/** The highest number that the database has seen. @throws StartError when this program does not know it */
async function applied(database: Database, newest: number): Promise<number> {
  const [last] = await database
    .collection(migrationsName)
    .find({ _id: { $type: "number" } }, { sort: { _id: -1 }, limit: 1 })
    .toArray();
  const number = Number(last?.["_id"] ?? 0);
  if (number > newest) {
    throw new StartError(
      `MongoDB: the data were written by a newer release (migration ${number}, this one knows ${newest}). Start that release.`,
    );
  }
  return number;
}

interface Lease {
  /** @throws StartError when another process has it: this one stood still for too long */
  renew(): Promise<void>;
  release(): Promise<void>;
}

const leaseId = "lease";
const leaseMs = 30_000;
const askAgainMs = 200;

/** Times are the server's, so that the clocks of the processes do not matter. */
async function takeLease(documents: Documents): Promise<Lease> {
  const holder = randomUUID();
  const until = { $add: ["$$NOW", leaseMs] };
  const isFree = { $lt: [{ $ifNull: ["$until", new Date(0)] }, "$$NOW"] };
  const taken = [
    { $set: { holder: { $cond: [isFree, holder, "$holder"] }, until: { $cond: [isFree, until, "$until"] } } },
  ];
  for (;;) {
    try {
      await documents.updateOne({ _id: leaseId }, taken, { upsert: true });
    } catch (error) {
      if (serverCode(error) !== codes.duplicateKey) throw error; // another process has just made it
    }
    if (await documents.findOne({ _id: leaseId, holder })) break;
    await new Promise((resolve) => setTimeout(resolve, askAgainMs));
  }
  return {
    renew: async () => {
      const { matchedCount } = await documents.updateOne({ _id: leaseId, holder }, [{ $set: { until } }]);
      if (matchedCount === 0) throw new StartError("MongoDB: another process has taken over the migration.");
    },
    release: async () => {
      await documents.deleteOne({ _id: leaseId, holder });
    },
  };
}

const batch = 500;

async function rewriteAll(documents: Documents, migration: Migration, renew: () => Promise<void>): Promise<void> {
  for (let last = ""; ; ) {
    await renew();
    const found = await documents
      .find({ _id: { $gt: last } }, { sort: { _id: 1 }, limit: batch, batchSize: batch + 1 })
      .toArray();
    await inParallel(found, (document) => rewriteOne(documents, document, migration));
    last = String(found.at(-1)?.["_id"] ?? "");
    if (found.length < batch) return;
  }
}

/** A process of the release before may be at work: what it changed in between is read and rewritten again. */
async function rewriteOne(documents: Documents, document: Fields, { rewrite }: Migration): Promise<void> {
  for (let stored: Fields | null = document; stored; ) {
    const entity = toEntity(stored);
    const changed = rewrite({ ...entity });
    if (!changed) return;
    const { id, organizationId, version, createdAt, updatedAt } = entity;
    const next = toDocument({ ...changed, id, organizationId, version, createdAt, updatedAt });
    const { matchedCount } = await documents.replaceOne({ _id: stored["_id"], version }, next);
    if (matchedCount === 1) return;
    stored = await documents.findOne({ _id: stored["_id"] });
  }
}

/** Durable writes wait for the disk, and many can wait together. */
async function inParallel<T>(all: readonly T[], work: (one: T) => Promise<void>): Promise<void> {
  const rest = all.values();
  await Promise.all(
    Array.from({ length: 16 }, async () => {
      for (const one of rest) await work(one);
    }),
  );
}
