/**
 * The part of the MongoDB driver that the store uses, so that only store.ts depends on the driver itself. Every operation
 * receives its session from the `DatabaseAccess` that runs it. An operation without the session is not part of the
 * transaction, and the driver does not report that.
 */
export interface Database {
  readonly databaseName: string;
  collection(name: string): MongoCollection;
  /** The read concern of the connection string, if it has one. `command` does not apply it. */
  readonly readConcern?: { readonly level?: string } | undefined;
  command(command: Fields, options?: CommandOptions): Promise<Fields>;
  createCollection(name: string): Promise<unknown>;
}

/** A document, filter, update or any other object with arbitrary fields. */
export type Fields = Record<string, unknown>;

/** A collection of documents. */
export interface MongoCollection {
  findOne(filter: Fields, options?: FindOptions): Promise<Fields | null>;
  find(filter: Fields, options?: FindOptions): Cursor;
  aggregate(pipeline: Fields[], options?: OperationOptions & { readConcern?: string | { level?: string } }): Cursor;
  countDocuments(filter: Fields, options?: OperationOptions & { hint?: string | object }): Promise<number>;
  insertOne(document: Fields, options?: OperationOptions): Promise<unknown>;
  insertMany(documents: Fields[], options?: OperationOptions): Promise<unknown>;
  replaceOne(filter: Fields, document: Fields, options?: OperationOptions): Promise<{ readonly matchedCount: number }>;
  bulkWrite(
    operations: { readonly replaceOne: { readonly filter: Fields; readonly replacement: Fields } }[],
    options?: OperationOptions,
  ): Promise<{ readonly matchedCount: number }>;
  updateOne(
    filter: Fields,
    update: Fields | Fields[],
    options?: OperationOptions & { readonly upsert?: boolean },
  ): Promise<{ readonly matchedCount: number; readonly upsertedCount: number }>;
  updateMany(filter: Fields, update: Fields, options?: OperationOptions): Promise<unknown>;
  deleteOne(filter: Fields, options?: OperationOptions): Promise<{ readonly deletedCount: number }>;
  deleteMany(filter: Fields, options?: OperationOptions): Promise<{ readonly deletedCount: number }>;
  createIndexes(indexes: IndexSpecification[]): Promise<unknown>;
  indexes(): Promise<{ readonly name?: string | undefined; readonly key: object }[]>;
  dropIndex(name: string): Promise<unknown>;
}

/** Options of every operation. */
export interface OperationOptions {
  session?: Session;
  /** How long the server may work on the operation, in milliseconds. */
  maxTimeMS?: number;
}

/** Options of a command. */
export interface CommandOptions extends OperationOptions {
  /** Arrays of the reply by name, whose documents are returned as BSON. */
  fieldsAsRaw?: Record<string, boolean>;
}

/** Options of a query. */
export interface FindOptions extends OperationOptions {
  projection?: Record<string, 0 | 1>;
  sort?: Record<string, 1 | -1>;
  hint?: string | object;
  skip?: number;
  limit?: number;
  batchSize?: number;
}

interface Cursor {
  toArray(): Promise<Fields[]>;
}

/** The definition of one index. */
export interface IndexSpecification {
  key: Record<string, 1>;
  name: string;
  unique?: boolean;
  partialFilterExpression?: Fields;
}

/** A client session with at most one transaction at a time. */
export interface Session {
  startTransaction(options?: {
    readConcern?: { level: "snapshot" };
    readPreference?: "primary";
    writeConcern?: { w: "majority"; journal: boolean };
    maxCommitTimeMS?: number;
  }): void;
  commitTransaction(): Promise<unknown>;
  abortTransaction(): Promise<unknown>;
  inTransaction(): boolean;
  endSession(): Promise<void>;
}

/**
 * Longest time that the server may work on an operation that an index serves, in milliseconds. It is below the socket
 * timeout, so that the server cancels the operation and reports it before the connection is closed.
 */
export const operationTimeMs = 5000;
