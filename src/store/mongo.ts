import mongoose from "mongoose";
import { StartError } from "../errors.ts";
import {
  type CollectionDefinition,
  type Entity,
  type ReadTenant,
  recordText,
  type Store,
  type Tenant,
} from "./collection.ts";
import { migrations as allMigrations, type Migration } from "./migrations.ts";
import { OpenAccess } from "./mongo-access.ts";
import { collectionReader, collectionWriter, findByKey, type ReadingAids } from "./mongo-collection.ts";
import { CountFolding } from "./mongo-counts.ts";
import { type Database, operationTimeMs } from "./mongo-driver.ts";
import { codes, isDriverError, serverCode, withoutValues } from "./mongo-errors.ts";
import { membershipReader, membershipWriter } from "./mongo-memberships.ts";
import { migrate } from "./mongo-migrations.ts";
import { Scans } from "./mongo-scans.ts";
import { prepareSchema } from "./mongo-schema.ts";
import { type Attempt, Transactions } from "./mongo-transaction.ts";
import { PageMarks } from "./page-marks.ts";
import { keyOf } from "./refusals.ts";

export interface MongoOptions {
  /** MongoDB connection string; the database is `gatehouse` where it names none. */
  readonly uri: string;
  readonly collections: readonly CollectionDefinition<Entity>[];
  readonly migrations?: readonly Migration[];
  /** How long a question that no index narrows may take, in milliseconds. */
  readonly scanTimeMs?: number;
}

const scanTimeMsDefault = 2000;
/** How long a page goes on from where the one before ended, although other replicas may have written in between. */
const markLifeMs = 60_000;

/**
 * The store for several replicas: MongoDB, a replica set, because a change that touches two documents is one
 * transaction. An acknowledged change is in the journal of a majority; reads are the primary's. A server that is gone or
 * frozen is noticed within about two seconds, answered with `unavailable`, and used again as soon as it is back.
 * @throws StartError when the server cannot be reached or used; the message holds no credentials
 */
export async function openMongoStore({
  uri,
  collections,
  migrations = allMigrations,
  scanTimeMs = scanTimeMsDefault,
}: MongoOptions): Promise<Store> {
  await prepare(uri, collections, migrations);
  const connection = await connect(uri, workOptions);
  const access = new OpenAccess(databaseOf(connection));
  const transactions = new Transactions(access.database, () => connection.getClient().startSession());
  const scans = new Scans(scanTimeMs);
  const folding = new CountFolding((body) => access.track(() => transactions.run(body)));
  const marks = new PageMarks(markLifeMs);
  const aids: ReadingAids = { scans, folding, pending: () => 0 };
  const outside: ReadingAids = { ...aids, marks };
  let closing: Promise<void> | undefined;

  const inside = (attempt: Attempt, organizationId: string): Tenant<"write"> => ({
    organizationId,
    open: (definition) =>
      collectionWriter(
        attempt,
        { ...aids, pending: (name, id) => attempt.counts.pending(name, id) },
        definition,
        organizationId,
      ),
    memberships: membershipWriter(attempt, organizationId),
  });

  return {
    for: (organizationId): ReadTenant => ({
      organizationId,
      open: <T extends Entity>(definition: CollectionDefinition<T>) =>
        collectionReader(access, outside, definition, organizationId, (record) => record as T),
      texts: (definition) => collectionReader(access, outside, definition, organizationId, recordText),
      memberships: membershipReader(access, organizationId),
    }),
    lookup: async (from, key, values) => {
      const index = from.indexes.find((each) => each.unique === "everywhere" && keyOf(each) === key);
      if (!index) throw new Error(`${from.name} has no key ${key} that is unique everywhere`);
      return access.track(() => findByKey(access, from, index, values));
    },
    transaction: (body, { turn } = {}) =>
      access.track(async () => {
        let last: Attempt | undefined;
        try {
          const result = await transactions.run((attempt) => {
            last = attempt;
            return body({ for: (organizationId) => inside(attempt, organizationId) });
          }, turn);
          folding.wrote(last?.counts.all ?? []);
          return result;
        } finally {
          if (last) marks.wrote(last.changes); // it may have been kept, also when its outcome is not known
        }
      }),
    ping: () =>
      access.run(async () => {
        await access.database.command({ ping: 1 }, { maxTimeMS: operationTimeMs });
      }),
    close: () => {
      closing ??= access.finish().then(() => connection.close());
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

const workOptions = {
  ...commonOptions,
  maxPoolSize: 50,
  waitQueueTimeoutMS: 1000,
  serverSelectionTimeoutMS: 1000,
  socketTimeoutMS: 10_000,
} as const;

/** MongoDB 5.0, the first that reads a snapshot outside of transactions. */
const wireVersionMin = 13;

/** For the start: a set that is just electing its primary is waited for, and an index may take its time. */
const startOptions = { ...commonOptions, maxPoolSize: 20, serverSelectionTimeoutMS: 3000 } as const;

/** Brings the database to its shape, on a connection of its own. @throws StartError with the mend */
async function prepare(
  uri: string,
  collections: readonly CollectionDefinition<Entity>[],
  migrations: readonly Migration[],
): Promise<void> {
  let connection: mongoose.Connection | undefined;
  try {
    connection = await connect(uri, startOptions);
    const database = databaseOf(connection);
    const hello = await database.command({ hello: 1 });
    if (hello["setName"] === undefined && hello["msg"] !== "isdbgrid") {
      throw new StartError(
        "MONGODB_URI: this server is a standalone, which has no transactions. Make it a replica set of one: start mongod with --replSet rs0 and run rs.initiate() once in mongosh.",
      );
    }
    if (Number(hello["maxWireVersion"]) < wireVersionMin) {
      throw new StartError("MONGODB_URI: this server is older than MongoDB 5.0. Upgrade it.");
    }
    await prepareSchema(database, collections);
    await migrate(database, migrations);
  } catch (error) {
    throw startErrorOf(error, uri);
  } finally {
    await connection?.close();
  }
}

/** @throws StartError */
async function connect(uri: string, options: typeof workOptions | typeof startOptions): Promise<mongoose.Connection> {
  const namesDatabase = /^mongodb(\+srv)?:\/\/[^/]+\/[^?]/.test(uri);
  const connection = mongoose.createConnection();
  try {
    return await connection.openUri(uri, { ...options, ...(!namesDatabase && { dbName: "gatehouse" }) });
  } catch (error) {
    await connection.close();
    throw startErrorOf(error, uri);
  }
}

function databaseOf(connection: mongoose.Connection): Database {
  if (!connection.db) throw new Error("the connection is not open");
  return connection.db;
}

function startErrorOf(error: unknown, uri: string): unknown {
  if (error instanceof StartError) return error;
  const reason = withoutCredentials(withoutValues(error).message, uri);
  if (serverCode(error) === codes.authenticationFailed) {
    return new StartError("MONGODB_URI: the server does not accept the user or the password in it.");
  }
  if (serverCode(error) !== undefined) return new StartError(`MongoDB refuses what the service needs: ${reason}`);
  if (/Parse|InvalidArgument|APIError/.test((error as Error).name)) {
    return new StartError(
      `MONGODB_URI is not a usable connection string (mongodb://host:27017/gatehouse?replicaSet=rs0): ${reason}`,
    );
  }
  if (isDriverError(error)) {
    return new StartError(`MONGODB_URI: no server to write to answers there. Start it or correct the URI. (${reason})`);
  }
  return error;
}

/** The driver's own words, in case they repeat a part of the connection string. */
function withoutCredentials(text: string, uri: string): string {
  const [, user, password] = /\/\/([^:@/]*):?([^/]*)@/.exec(uri) ?? [];
  const parts = [uri, password, user].flatMap((part) => (part ? [part, decoded(part)] : []));
  return parts.reduce((safe, part) => safe.replaceAll(part, "[redacted]"), text);
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
