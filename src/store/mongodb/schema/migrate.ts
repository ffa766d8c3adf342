import { randomUUID } from "node:crypto";
import { StartupError } from "../../../errors.ts";
import type { Log } from "../../../log.ts";
import type { FieldRename, Migration, RecordMigration } from "../../migrations.ts";
import { documentPath, fromDocument, toDocument } from "../document.ts";
import type { Database, Fields, MongoCollection } from "../driver.ts";
import { mongoErrorCodes, serverCode } from "../errors.ts";
import { dropIndex } from "./indexes.ts";

const migrationsName = "migrations";

/**
 * Runs the migrations that were not yet applied to the database. If several processes start together, each migration runs
 * once: one process holds a lease while it migrates, and the others wait for it.
 * @throws StartupError when the data were written by a newer release
 */
export async function runMongoMigrations(
  database: Database,
  migrations: readonly Migration[],
  log?: Log,
): Promise<void> {
  const newest = migrations.at(-1)?.number ?? 0;
  if ((await readAppliedVersion(database, newest)) === newest) return;
  const lease = await acquireLease(database.collection(migrationsName));
  try {
    const from = await readAppliedVersion(database, newest);
    for (const migration of migrations) {
      if (migration.number <= from) continue;
      if ("renames" in migration) {
        for (const rename of migration.renames) await renameField(database, rename, lease.renew);
      } else {
        await rewriteAll(database.collection(migration.collection.name), migration, lease.renew);
      }
      const { number, name } = migration;
      await database.collection(migrationsName).insertOne({ _id: number, name, appliedAt: new Date().toISOString() });
      log?.debug("migration run", { number, name });
    }
  } finally {
    await lease.release();
  }
}

/** Checks that a database exists, without creating one. @throws StartupError that names the fix */
export async function assertMongoDatabaseExists(database: Database): Promise<void> {
  if ((await database.collection(migrationsName).findOne({ _id: { $type: "number" } })) !== null) return;
  throw new StartupError(
    `MONGODB_URI: there is no data in the database ${database.databaseName}. Set MONGODB_URI to the database of the service, or create the data with "gatehouse init".`,
  );
}

/** Returns the highest applied migration number. @throws StartupError when this release does not know it */
async function readAppliedVersion(database: Database, newest: number): Promise<number> {
  const [last] = await database
    .collection(migrationsName)
    .find({ _id: { $type: "number" } }, { sort: { _id: -1 }, limit: 1 })
    .toArray();
  const number = Number(last?.["_id"] ?? 0);
  if (number > newest) {
    throw new StartupError(
      `MongoDB: the data were written by a newer release (migration ${number}, this one knows ${newest}). Start that release.`,
    );
  }
  return number;
}

interface Lease {
  /** @throws StartupError when another process holds the lease, because this one was suspended for too long */
  renew(): Promise<void>;
  release(): Promise<void>;
}

const leaseId = "lease";
const leaseMs = 30_000;
const leasePollMs = 200;

/** Expiry times use the server's clock, so that the clocks of the processes do not matter. */
async function acquireLease(documents: MongoCollection): Promise<Lease> {
  const holder = randomUUID();
  const until = { $add: ["$$NOW", leaseMs] };
  const isFree = { $lt: [{ $ifNull: ["$until", new Date(0)] }, "$$NOW"] };
  const acquireUpdate = [
    { $set: { holder: { $cond: [isFree, holder, "$holder"] }, until: { $cond: [isFree, until, "$until"] } } },
  ];
  for (;;) {
    try {
      await documents.updateOne({ _id: leaseId }, acquireUpdate, { upsert: true });
    } catch (error) {
      if (serverCode(error) !== mongoErrorCodes.duplicateKey) throw error; // another process has just created it
    }
    if (await documents.findOne({ _id: leaseId, holder })) break;
    await new Promise((resolve) => setTimeout(resolve, leasePollMs));
  }
  return {
    renew: async () => {
      const { matchedCount } = await documents.updateOne({ _id: leaseId, holder }, [{ $set: { until } }]);
      if (matchedCount === 0) throw new StartupError("MongoDB: another process has acquired the migration lease.");
    },
    release: async () => {
      await documents.deleteOne({ _id: leaseId, holder });
    },
  };
}

const renameBatchSize = 5000;

/**
 * Renames a top-level field in every document that has it, in id order, and drops the indexes on the old name: a unique
 * one would reject nothing any more, and the others would be maintained for no query. Safe to run twice.
 */
async function renameField(
  database: Database,
  { collection, from, to }: FieldRename,
  renew: () => Promise<void>,
): Promise<void> {
  const documents = database.collection(collection);
  const [oldField, newField] = [documentPath(from), documentPath(to)];
  if (!(await documents.findOne({}))) return; // also when the collection does not exist yet
  for (const { name = "", key } of await documents.indexes()) {
    if (Object.keys(key).some((path) => path === oldField || path.startsWith(`${oldField}.`)))
      await dropIndex(documents, name);
  }
  for (let last = ""; ; ) {
    await renew();
    const page = await documents
      .find({ _id: { $gt: last } }, { sort: { _id: 1 }, projection: { _id: 1 }, limit: renameBatchSize })
      .toArray();
    const end = String(page.at(-1)?.["_id"] ?? "");
    if (end === "") return;
    const range = { $gt: last, $lte: end };
    await documents.updateMany({ _id: range, [oldField]: { $exists: true } }, { $rename: { [oldField]: newField } });
    last = end;
  }
}

const batchSize = 500;

async function rewriteAll(
  documents: MongoCollection,
  migration: RecordMigration,
  renew: () => Promise<void>,
): Promise<void> {
  for (let last = ""; ; ) {
    await renew();
    const page = await documents
      .find({ _id: { $gt: last } }, { sort: { _id: 1 }, limit: batchSize, batchSize: batchSize + 1 })
      .toArray();
    await inParallel(page, (document) => rewriteOne(documents, document, migration));
    last = String(page.at(-1)?.["_id"] ?? "");
    if (page.length < batchSize) return;
  }
}

/** A process of the previous release may still write. A document that it changed meanwhile is read and rewritten again. */
async function rewriteOne(documents: MongoCollection, document: Fields, { rewrite }: RecordMigration): Promise<void> {
  for (let stored: Fields | null = document; stored; ) {
    const entity = fromDocument(stored);
    const rewritten = rewrite({ ...entity });
    if (!rewritten) return;
    const { id, organizationId, version, createdAt, updatedAt } = entity;
    const replacement = toDocument({ ...rewritten, id, organizationId, version, createdAt, updatedAt });
    const { matchedCount } = await documents.replaceOne({ _id: stored["_id"], version }, replacement);
    if (matchedCount === 1) return;
    stored = await documents.findOne({ _id: stored["_id"] });
  }
}

/** Runs up to 16 operations at a time: durable writes wait for the disk and can wait together. */
async function inParallel<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const remaining = items.values();
  await Promise.all(
    Array.from({ length: 16 }, async () => {
      for (const item of remaining) await work(item);
    }),
  );
}
