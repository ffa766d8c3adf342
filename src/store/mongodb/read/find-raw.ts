import type { Database, Fields, FindOptions, Session } from "../driver.ts";
import { isRetryableRead } from "../errors.ts";

/** The options of `findRaw`. */
export interface RawFindOptions extends FindOptions {
  readonly batchSize: number;
  readonly maxTimeMS: number;
}

/**
 * Finds documents and returns each as its BSON. It sends the command without a cursor object and without the conversion of
 * each document, which are most of what a query costs in this process.
 * @param options.batchSize more than the number of expected documents, so that the server closes its cursor at once
 * @throws errors of the driver
 * @see https://www.mongodb.com/docs/manual/reference/command/find/
 */
export function findRaw(
  database: Database,
  collection: string,
  filter: Fields,
  { session, ...options }: RawFindOptions,
): Promise<readonly Uint8Array[]> {
  // The cursor of the driver reads the documents again if they do not fit in one reply of 16 MiB, which is rare.
  const readAll = async (): Promise<readonly Uint8Array[]> => {
    const rawOptions = { ...options, ...(session && { session }), raw: true };
    return (await database.collection(collection).find(filter, rawOptions).toArray()) as unknown as Uint8Array[];
  };
  return readRaw(database, { find: collection, filter, ...options }, readAll, session);
}

/**
 * Runs a command that returns a cursor, and returns the documents of its first batch as BSON. Like the driver's own
 * queries, it has the read concern of the connection string, and is sent once more after a failover or a lost connection,
 * unless it is in a transaction, which has a read concern of its own.
 * @param command `find` or `aggregate`
 * @param readAll reads the documents in another way, if they do not fit in the first batch
 * @throws errors of the driver
 */
export async function readRaw(
  database: Database,
  command: Fields,
  readAll: () => Promise<readonly Uint8Array[]>,
  session?: Session,
): Promise<readonly Uint8Array[]> {
  const sessionOption = session ? { session } : {};
  const run = async (): Promise<readonly Uint8Array[]> => {
    // The driver reads one id of a cursor in a thousand as a number, which `killCursors` does not accept.
    const options = { fieldsAsRaw: { firstBatch: true }, promoteLongs: false, ...sessionOption };
    const level = session ? undefined : database.readConcern?.level;
    const readConcern = level === undefined ? {} : { readConcern: { level } };
    const { cursor } = (await database.command({ ...command, ...readConcern }, options)) as unknown as CursorReply;
    if (Number(cursor.id) === 0) return cursor.firstBatch;
    const collection = command["find"] ?? command["aggregate"];
    // A snapshot session would add a read concern, which this command does not support.
    const killOptions = session?.inTransaction() ? sessionOption : {};
    await database.command({ killCursors: collection, cursors: [cursor.id] }, killOptions);
    return readAll();
  };
  try {
    return await run();
  } catch (error) {
    if (session || !isRetryableRead(error)) throw error;
    return run();
  }
}

interface CursorReply {
  readonly cursor: { readonly id: unknown; readonly firstBatch: readonly Uint8Array[] };
}
