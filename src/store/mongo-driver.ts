/**
 * What the store uses of the MongoDB driver, so that one file alone (mongo.ts) knows which driver it is. Every
 * operation takes its session from the access it goes through (mongo-access.ts): one that is sent without it is not
 * part of the transaction, and nothing says so.
 */
export interface Database {
  collection(name: string): Documents;
  command(command: Fields, options?: OperationOptions): Promise<Fields>;
  createCollection(name: string): Promise<unknown>;
}

export type Fields = Record<string, unknown>;

export interface Documents {
  findOne(filter: Fields, options?: FindOptions): Promise<Fields | null>;
  find(filter: Fields, options?: FindOptions): Cursor;
  aggregate(pipeline: Fields[], options?: OperationOptions & { readConcern?: string | { level?: string } }): Cursor;
  countDocuments(filter: Fields, options?: OperationOptions & { hint?: string | object }): Promise<number>;
  insertOne(document: Fields, options?: OperationOptions): Promise<unknown>;
  insertMany(documents: Fields[], options?: OperationOptions): Promise<unknown>;
  replaceOne(filter: Fields, document: Fields, options?: OperationOptions): Promise<{ readonly matchedCount: number }>;
  updateOne(
    filter: Fields,
    update: Fields | Fields[],
    options?: OperationOptions & { readonly upsert?: boolean },
  ): Promise<{ readonly matchedCount: number; readonly upsertedCount: number }>;
  deleteOne(filter: Fields, options?: OperationOptions): Promise<{ readonly deletedCount: number }>;
  deleteMany(filter: Fields, options?: OperationOptions): Promise<{ readonly deletedCount: number }>;
  createIndexes(indexes: IndexSpecification[]): Promise<unknown>;
  indexes(): Promise<{ readonly name?: string | undefined }[]>;
  dropIndex(name: string): Promise<unknown>;
}

export interface OperationOptions {
  session?: Session;
  maxTimeMS?: number;
}

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

export interface IndexSpecification {
  key: Record<string, 1>;
  name: string;
  unique?: boolean;
  partialFilterExpression?: Fields;
}

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
 * Longest that the server works on one operation that an index serves: below the socket's timeout, so that it is the
 * server that gives up and says so.
 */
export const operationTimeMs = 5000;
