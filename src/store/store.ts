import type { Condition, Page, Query } from "./query.ts";
import type { Entity, GroupOfUser, RawRecord } from "./record.ts";

/**
 * The port of the storage layer. Two engines implement it (sqlite/, mongodb/), and one contract suite
 * (test/store/store.contract.ts) tests both.
 */
export interface Store {
  /** Opens the collections of one organization for reading. Every other read and write is bound to an organization. */
  for(organizationId: string): ReadTenant;

  /**
   * Finds a record by a globally unique key (a token's hash) before its organization is known. This is the only read
   * across organizations.
   * @param key the name of the index: its path, and for an array the field of the element
   * @param values the values to try; the first match is returned
   * @throws AppError unavailable
   */
  lookup<T extends Entity>(
    definition: CollectionDefinition<T>,
    key: string,
    values: readonly string[],
  ): Promise<T | undefined>;

  /**
   * Runs a transaction: its writes are stored atomically and durably. The body can run more than once, because it is
   * retried after a write conflict. So it must have no side effects except its writes, and must not wait for the network
   * or for another transaction. A rejected write (conflict, stale) ends the transaction: the body must not catch it.
   * @param options.lockKey transactions with the same lock key (a group's id) run one after another in this process, so
   *   that many changes of one record do not cause many retries
   * @param options.expectedReads what the body will probably read, so that an engine can read it for several transactions
   *   at once. The results of the body's reads do not depend on it
   * @throws AppError conflict | stale | unavailable, and whatever the body throws; Error at once if it is called inside the
   *   body of another transaction
   */
  transaction<R>(body: (transaction: Transaction) => Promise<R>, options?: TransactionOptions): Promise<R>;

  /**
   * Runs work on a snapshot: all its reads see the store as it was at one point in time. Concurrent writes go on. On
   * SQLite the write-ahead log grows meanwhile, because it keeps what the snapshot does not show.
   * @throws AppError unavailable, also when the engine cannot keep the snapshot for so long (MongoDB), and whatever the
   *   work throws
   */
  snapshot<R>(work: (snapshot: Snapshot) => Promise<R>): Promise<R>;

  /**
   * Writes a copy of the whole store, as it is at one point in time, to a new file. Concurrent reads and writes go on.
   * @param path the file, which must not exist. It gets the mode 0600, and exists only if the copy is complete, checked
   *   and on disk
   * @throws AppError conflict if the file exists; not-implemented if the engine has other tools for backups; unavailable;
   *   StartupError if the file cannot be written
   */
  backup(path: string): Promise<void>;

  /**
   * Resolves when the database responds.
   * @throws AppError unavailable, also when the only writer of an engine has been in one transaction for five seconds
   */
  ping(): Promise<void>;

  /** Waits for running operations and releases all resources. Later calls are rejected as unavailable. */
  close(): Promise<void>;
}

/** The store at one point in time. */
export interface Snapshot {
  for(organizationId: string): SnapshotTenant;
  /** Returns the ids of all organizations that have records or memberships, in order, also of those that do not exist. */
  organizationIds(): Promise<readonly string[]>;
}

/** The collections of one organization in a snapshot. Queries that no index serves are an error. */
export interface SnapshotTenant extends Tenant<"read"> {
  /** Returns memberships of the organization in order of the group and the member, those after `after`. */
  edges(page: { readonly after?: MembershipEdge; readonly limit: number }): Promise<readonly MembershipEdge[]>;
  /**
   * Returns the stored search fields of these records, by id. A record that does not exist is missing.
   * @param definition of a collection that has search fields
   */
  searchFields(definition: CollectionDefinition<Entity>, ids: readonly string[]): Promise<ReadonlyMap<string, unknown>>;
}

/** One direct membership. The member is a user or a group. */
export interface MembershipEdge {
  readonly groupId: string;
  readonly memberId: string;
}

export interface TransactionOptions {
  readonly lockKey?: string;
  readonly expectedReads?: ExpectedReads;
}

/** Records and memberships of one organization that a transaction will probably read, a few of each. */
export interface ExpectedReads {
  readonly organizationId: string;
  readonly records?: readonly {
    readonly definition: CollectionDefinition<Entity>;
    readonly ids: readonly string[];
  }[];
  /** Ids of which the transaction reads whether they are members of the group. */
  readonly members?: { readonly groupId: string; readonly memberIds: readonly string[] };
}

/** The collections inside a transaction, where they are writable. */
export interface Transaction {
  for(organizationId: string): Tenant<"write">;
}

export interface Tenant<Mode extends "read" | "write"> {
  readonly organizationId: string;
  open<T extends Entity, Written extends T>(
    definition: CollectionDefinition<T, Written>,
  ): Mode extends "write" ? Writer<T, Written> : Reader<T>;
  readonly memberships: Mode extends "write" ? MembershipWriter : MembershipReader;
}

/** The collections of one organization outside a transaction. */
export interface ReadTenant extends Tenant<"read"> {
  /** Opens a collection without parsing its records, for callers that pass the JSON on. */
  openRaw(definition: CollectionDefinition<Entity>): Reader<RawRecord>;

  /**
   * Opens a collection without the content of its records, for callers that keep what they have derived from a version of
   * a record. A list in the order of ids does not read the content from the database.
   */
  openEnvelopes(definition: CollectionDefinition<Entity>): Reader<Entity>;

  /**
   * Returns the groups of each of these users, direct and inherited, in id order, by user id. Cycles are handled.
   * @param workBudget the most memberships that the call follows, and the most groups that it returns
   * @throws AppError query-too-expensive if the users together are in more groups than the work budget allows
   */
  groupLists(userIds: readonly string[], workBudget: number): Promise<ReadonlyMap<string, readonly GroupOfUser[]>>;
}

/** A collection. Records are read as `T` and written as `Written`, which includes the search fields if there are any. */
export interface CollectionDefinition<T extends Entity, Written extends T = T> {
  /** Table and collection name, lower_snake_case. */
  readonly name: string;
  /** Those whose values few records share come first: MongoDB looks up an `and` of several keys by the first of them. */
  readonly indexes: readonly Index[];
  /**
   * The field that holds values only for searching, such as normalized strings. Every write must include it. Conditions,
   * sort orders and indexes use its paths like any other, but records are read without it.
   */
  readonly searchFields?: string;
  /** Set if an organization has few records, so that a cache may hold them and MongoDB reads them beside other lookups. */
  readonly isListedWhole?: true;
  /** Never set: these two properties tie the types to the definition. */
  readonly entity?: T;
  readonly written?: Written;
}

/**
 * One index on a path of the record, or on a field of each element of an array (`element`). It applies within one
 * organization, unless it is globally unique. The field of an array element can be unique globally only.
 */
export interface Index {
  readonly path: string;
  readonly element?: string;
  readonly unique?: "organization" | "global";
  /**
   * Serves only conditions that a value satisfies, and no sort order, so that an engine can leave records without a value
   * out. For a path that few records have: such an index costs nothing when another record is written.
   */
  readonly sparse?: true;
  /**
   * Has only the records with this value, and serves only conditions that the path equals it. For a value that few records
   * have: an index of all values would be chosen for the frequent one too, which narrows nothing.
   */
  readonly onlyValue?: boolean;
}

export interface Reader<T extends Entity> {
  get(id: string): Promise<T | undefined>;
  /** @throws AppError query-too-expensive when no index narrows the condition and the scan exceeds its time limit */
  list(query: Query): Promise<Page<T>>;
  /** @throws AppError query-too-expensive as `list` does */
  count(where?: Condition): Promise<number>;
}

export interface Writer<T extends Entity, Written extends T = T> extends Reader<T> {
  /** @throws AppError conflict; `details.key` is the path of the violated unique index */
  insert(entity: Written): Promise<void>;
  /**
   * Replaces the record with the same id.
   * @param expectedVersion the version that the change is based on, or "any" to skip the check
   * @throws AppError stale when the stored version differs or there is no such record; conflict as `insert` does
   */
  replace(entity: Written, expectedVersion: number | "any"): Promise<void>;
  /** @returns whether the record existed. @throws AppError stale when it has another version */
  remove(id: string, expectedVersion: number | "any"): Promise<boolean>;
  /**
   * Adds to numbers and raises strings in place without reading the record: counters, the version and date of a group.
   * It cannot change search fields.
   * @param amounts path -> the number to add; a missing number counts as 0
   * @param atLeast path -> the new value, unless the stored one is greater
   * @returns whether the record exists
   */
  increment(
    id: string,
    amounts: Readonly<Record<string, number>>,
    atLeast?: Readonly<Record<string, string>>,
  ): Promise<boolean>;
}

/**
 * Group memberships, stored as one edge per pair and never as a list inside a record, so that a change costs the same in
 * a group of ten and of a million members. A member is a user or a group, as the prefix of its id shows.
 */
export interface MembershipReader {
  /** Returns ids of direct members of a group, in id order, starting after the id `after`. */
  members(groupId: string, page: { readonly after?: string; readonly limit: number }): Promise<readonly string[]>;
  /** Returns those of these ids that are direct members. */
  filterMembers(groupId: string, memberIds: readonly string[]): Promise<readonly string[]>;
  /** Returns ids of the groups with this direct member, in id order, starting after the id `after`. */
  groupsOf(memberId: string, page: { readonly after?: string; readonly limit: number }): Promise<readonly string[]>;
  /**
   * Returns the ids of the groups of each direct member, in id order. A member without groups has no entry. It sends one
   * query for some thousand members.
   */
  groupsByMember(memberIds: readonly string[]): Promise<ReadonlyMap<string, readonly string[]>>;
  /** Returns the ids of all direct and inherited groups of a member, each once, in id order. Cycles are handled. */
  transitiveGroupsOf(memberId: string): Promise<readonly string[]>;
}

export interface MembershipWriter extends MembershipReader {
  /** Adds members. @returns the ids that were not members before */
  add(groupId: string, memberIds: readonly string[]): Promise<readonly string[]>;
  /**
   * Adds members of which the caller knows that they are none yet, without reading whether they are.
   * @throws AppError conflict if one of them is a member, now or at the end of the transaction
   */
  addNew(groupId: string, memberIds: readonly string[]): Promise<void>;
  /** Removes members. @returns the ids that were members before */
  remove(groupId: string, memberIds: readonly string[]): Promise<readonly string[]>;
}
