import mongoose from "mongoose";
import { AppError, StartupError } from "../../errors.ts";
import type { Log } from "../../log.ts";
import { isStorableString } from "../condition.ts";
import type { StoreEngine, WriteListener } from "../engine.ts";
import { indexKey } from "../errors.ts";
import { createGroupLists } from "../group-lists.ts";
import { migrations as allMigrations, type Migration } from "../migrations.ts";
import { type Entity, parseRawRecord, toEnvelope } from "../record.ts";
import type { CollectionDefinition, ReadTenant, Tenant } from "../store.ts";
import { TransactionScope } from "../transaction-scope.ts";
import { reportClockSkew } from "./clock-skew.ts";
import { createMongoReader, createMongoWriter, type MongoReadContext } from "./collection.ts";
import { CountCompactor } from "./counts.ts";
import { DirectAccess } from "./database-access.ts";
import { type Database, operationTimeMs, type Session } from "./driver.ts";
import { isDriverError, mongoErrorCodes, redactError, serverCode } from "./errors.ts";
import { createMongoMembershipReader, createMongoMembershipWriter } from "./memberships.ts";
import { ScanLimiter } from "./query/scan-limiter.ts";
import { Lookups } from "./read/lookups.ts";
import { byGlobalKey } from "./read/record-lookups.ts";
import { SharedReads } from "./read/shared-reads.ts";
import { prepareMongoSchema } from "./schema/indexes.ts";
import { assertMongoDatabaseExists, runMongoMigrations } from "./schema/migrate.ts";
import { runOnMongoSnapshot } from "./snapshot.ts";
import type { TransactionPart } from "./transaction/attempt.ts";
import { TransactionGroupQueue } from "./transaction/group-queue.ts";
import { TransactionRunner } from "./transaction/runner.ts";

/** Options of `openMongoStore`. */
export interface MongoOptions {
  /** MongoDB connection string. The database is `gatehouse` unless it names one. */
  readonly uri: string;
  /** What to do when the database is empty; by default, its collections are created. */
  readonly missing?: "create" | "reject";
  readonly collections: readonly CollectionDefinition<Entity>[];
  readonly migrations?: readonly Migration[];
  /** Time limit for a query that no index serves, in milliseconds. */
  readonly scanTimeMs?: number;
  readonly log?: Log;
  /** The clock that is compared with the server's at the start, in milliseconds since the epoch. */
  readonly now?: () => number;
}

const scanTimeMsDefault = 2000;

/**
 * Opens the MongoDB store, which several replicas of the service can share. It requires a replica set, because a change of
 * two documents is one transaction. An acknowledged change is in the journal of a majority; reads go to the primary. An
 * unreachable or frozen server is detected within about two seconds. Operations then fail with `unavailable` until the
 * server is back.
 * @throws StartupError when the server cannot be reached or used; the message contains no credentials
 */
export async function openMongoStore({
  uri,
  missing = "create",
  collections,
  migrations = allMigrations,
  scanTimeMs = scanTimeMsDefault,
  log,
  now = Date.now,
}: MongoOptions): Promise<StoreEngine> {
  await prepareDatabase({ uri, missing, collections, migrations, log, now });
  const connection = await connect(uri, runtimeOptions);
  const access = new DirectAccess(databaseFrom(connection));
  const startSession = (): Session => connection.getClient().startSession();
  const listeners: WriteListener[] = [];
  const runner = new TransactionRunner(access.database, startSession, (attempt, isCommitted) => {
    for (const listener of listeners) listener(attempt.written); // also after a failure: the commit may have succeeded
    if (isCommitted) countCompactor.recordWrites(attempt.counts.nonZero);
  });
  const transactions = new TransactionGroupQueue(runner);
  const scope = new TransactionScope(log);
  const scanLimiter = new ScanLimiter(scanTimeMs);
  const countCompactor = new CountCompactor(async (body) => {
    await access.track(() => runner.run([body])); // not in a group, whose requests would wait for it and its conflicts
  });
  const context: MongoReadContext = { scanLimiter, countCompactor, pendingCount: () => 0, ...(log && { log }) };
  const sharedReads = new SharedReads(access);
  const lookups = new Lookups(access, sharedReads);
  const directContext: MongoReadContext = { ...context, sharedReads };
  let closing: Promise<void> | undefined;

  const writeTenant = (part: TransactionPart, organizationId: string): Tenant<"write"> => ({
    organizationId,
    open: (definition) =>
      createMongoWriter(
        part,
        { ...context, pendingCount: (name, id) => part.attempt.counts.pending(name, id) },
        definition,
        organizationId,
      ),
    memberships: createMongoMembershipWriter(part, organizationId),
  });

  return {
    for: (organizationId): ReadTenant => {
      const tenant: Omit<ReadTenant, "groupLists"> = {
        organizationId,
        open: <T extends Entity>(definition: CollectionDefinition<T>) =>
          createMongoReader(access, directContext, definition, organizationId, (record) => parseRawRecord(record) as T),
        openRaw: (definition) =>
          createMongoReader(access, directContext, definition, organizationId, (record) => record),
        openEnvelopes: (definition) =>
          createMongoReader(access, { ...directContext, readsEnvelopes: true }, definition, organizationId, toEnvelope),
        memberships: createMongoMembershipReader(access, organizationId, sharedReads),
      };
      return Object.assign(tenant, { groupLists: createGroupLists(tenant) });
    },
    lookup: async <T extends Entity>(definition: CollectionDefinition<T>, key: string, values: readonly string[]) => {
      const index = definition.indexes.find((each) => each.unique === "global" && indexKey(each) === key);
      if (!index) throw new Error(`${definition.name} has no globally unique key ${key}`);
      const candidates = values.filter(isStorableString);
      const records = await lookups.find(byGlobalKey(definition, index), candidates);
      return candidates.map((value) => records.get(value)).find((record) => record !== undefined) as T | undefined;
    },
    transaction: (body, options) =>
      access.track(async () => {
        scope.assertOutside();
        return transactions.run(
          (part) => scope.run(() => body({ for: (organizationId) => writeTenant(part, organizationId) })),
          options,
        );
      }),
    snapshot: (work) =>
      access.track(() => {
        const session = connection.getClient().startSession({ snapshot: true });
        return runOnMongoSnapshot(access.database, session, collections, context, work);
      }),
    backup: async () => {
      throw new AppError(
        "not-implemented",
        "A MongoDB database is backed up with its own tools: mongodump --oplog, or snapshots of its volumes.",
      );
    },
    hasOtherWriters: true,
    onWrite: (listener) => {
      listeners.push(listener);
    },
    assertAvailable: () => access.assertOpen(),
    ping: () =>
      access.run(async () => {
        await access.database.command({ ping: 1 }, { maxTimeMS: operationTimeMs });
      }),
    close: () => {
      closing ??= access.drain().then(() => connection.close());
      return closing;
    },
  };
}

const commonOptions = {
  autoIndex: false,
  autoCreate: false,
  bufferCommands: false,
  appName: "gatehouse",
  readPreference: "primary",
  retryWrites: true,
  writeConcern: { w: "majority", journal: true },
  connectTimeoutMS: 1000,
  heartbeatFrequencyMS: 1000,
} as const;

const runtimeOptions = {
  ...commonOptions,
  maxPoolSize: 50,
  waitQueueTimeoutMS: 1000,
  serverSelectionTimeoutMS: 1000,
  socketTimeoutMS: 10_000,
} as const;

/** Wire version of MongoDB 5.0, the first release with snapshot reads outside transactions. */
const wireVersionMin = 13;

/** At startup, an election of the primary may be in progress, and building an index may take long. */
const startupOptions = { ...commonOptions, maxPoolSize: 20, serverSelectionTimeoutMS: 3000 } as const;

/** Creates collections and indexes and runs migrations, on a separate connection. @throws StartupError that names the fix */
async function prepareDatabase({
  uri,
  missing,
  collections,
  migrations,
  log,
  now,
}: {
  readonly uri: string;
  readonly missing: "create" | "reject";
  readonly collections: readonly CollectionDefinition<Entity>[];
  readonly migrations: readonly Migration[];
  readonly log: Log | undefined;
  readonly now: () => number;
}): Promise<void> {
  let connection: mongoose.Connection | undefined;
  try {
    connection = await connect(uri, startupOptions);
    const database = databaseFrom(connection);
    const sentAt = now();
    const hello = await database.command({ hello: 1 });
    reportClockSkew(hello["localTime"], sentAt, now(), log);
    if (hello["setName"] === undefined && hello["msg"] !== "isdbgrid") {
      throw new StartupError(
        "MONGODB_URI: the server is a standalone, which does not support transactions. Convert it to a replica set with one member: start mongod with --replSet rs0 and run rs.initiate() once in mongosh.",
      );
    }
    if (Number(hello["maxWireVersion"]) < wireVersionMin) {
      throw new StartupError("MONGODB_URI: the server is older than MongoDB 5.0. Upgrade it to 5.0 or later.");
    }
    if (missing === "reject") await assertMongoDatabaseExists(database);
    await runMongoMigrations(database, migrations, log);
    await prepareMongoSchema(database, collections);
  } catch (error) {
    throw toStartupError(error, uri);
  } finally {
    await connection?.close();
  }
}

/** @throws StartupError when the server cannot be reached */
async function connect(
  uri: string,
  options: typeof runtimeOptions | typeof startupOptions,
): Promise<mongoose.Connection> {
  const hasDatabaseName = /^mongodb(\+srv)?:\/\/[^/]+\/[^?]/.test(uri);
  const connection = mongoose.createConnection();
  try {
    return await connection.openUri(uri, { ...options, ...(!hasDatabaseName && { dbName: "gatehouse" }) });
  } catch (error) {
    await connection.close();
    throw toStartupError(error, uri);
  }
}

function databaseFrom(connection: mongoose.Connection): Database {
  if (!connection.db) throw new Error("the connection is not open");
  return connection.db;
}

function toStartupError(error: unknown, uri: string): unknown {
  if (error instanceof StartupError) return error;
  const reason = redactCredentials(redactError(error).message, uri);
  if (serverCode(error) === mongoErrorCodes.authenticationFailed) {
    return new StartupError("MONGODB_URI: authentication failed. Correct the user name or the password.");
  }
  if (serverCode(error) !== undefined)
    return new StartupError(`MONGODB_URI: the server rejected a command that the service needs: ${reason}`);
  if (/Parse|InvalidArgument|APIError/.test((error as Error).name)) {
    return new StartupError(
      `MONGODB_URI is not a valid connection string. Use the form mongodb://host:27017/gatehouse?replicaSet=rs0. (${reason})`,
    );
  }
  if (isDriverError(error)) {
    return new StartupError(
      `MONGODB_URI: no primary responds at this address. Start the server or correct the URI. (${reason})`,
    );
  }
  return error;
}

/** Removes the credentials from a message of the driver, which may repeat a part of the connection string. */
function redactCredentials(message: string, uri: string): string {
  const [, user, password] = /\/\/([^:@/]*):?([^/]*)@/.exec(uri) ?? [];
  const secrets = [uri, password, user].flatMap((part) => (part ? [part, tryDecode(part)] : []));
  return secrets.reduce((redacted, part) => redacted.replaceAll(part, "[redacted]"), message);
}

function tryDecode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
