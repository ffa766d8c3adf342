/**
 * The port: everything the house asks of a place that keeps things. Two engines implement it (sqlite.ts, mongo.ts)
 * and one contract suite (test/store/store.contract.ts) holds both to it.
 */
export interface Store {
  /** Opens the collections of one organisation for reading. There is no way to read or write without naming it. */
  for(organizationId: string): ReadTenant;

  /**
   * The one question that may be asked before the organisation is known: who holds this value of a key that is
   * unique in the whole store (a token's hash). Values are tried together, the first match is returned.
   */
  lookup<T extends Entity>(
    from: CollectionDefinition<T>,
    key: string,
    values: readonly string[],
  ): Promise<T | undefined>;

  /**
   * Runs a change: all of it is kept, durably, or none. The body may run more than once (a lost race is run again
   * from its start), so it changes nothing but what it writes through `change`, and it never waits for the network or
   * for another transaction. A refused write (conflict, stale) ends the change: the body lets it through.
   * @param options.turn changes that name the same turn (a group's id) are run one after another in this process
   *   before they meet in the database, so that one busy record does not become a storm of retries
   * @throws AppError conflict | stale | unavailable, and whatever the body throws
   */
  transaction<R>(body: (change: Change) => Promise<R>, options?: { readonly turn?: string }): Promise<R>;

  /**
   * Tells of what was written before anybody can read it: the ids of the records of an organisation, and of the members
   * of its groups; or, without an organisation, that anything may be another than before. Absent where other processes
   * write as well, of whose writes nobody would be told.
   */
  readonly onWritten?: (listener: WriteListener) => void;

  /** Answers when the database does. @throws AppError unavailable */
  ping(): Promise<void>;

  /** Finishes what is under way and lets go of everything. The store is unusable afterwards. */
  close(): Promise<void>;
}

export type WriteListener = (organizationId: string | undefined, ids: Iterable<string>) => void;

/** The inside of a transaction: the same collections, now writable. */
export interface Change {
  for(organizationId: string): Tenant<"write">;
}

export interface Tenant<Mode extends "read" | "write"> {
  readonly organizationId: string;
  open<T extends Entity, Written extends T>(
    definition: CollectionDefinition<T, Written>,
  ): Mode extends "write" ? Writer<T, Written> : Reader<T>;
  readonly memberships: Mode extends "write" ? MembershipWriter : MembershipReader;
}

/** The collections of one organisation outside of a change. */
export interface ReadTenant extends Tenant<"read"> {
  /** As `open`, for who passes records on: they are not taken apart. */
  texts(definition: CollectionDefinition<Entity>): Reader<RecordText>;
}

/** What every stored thing has. Times are ISO 8601 UTC with milliseconds, so that text order is time order. */
export interface Entity {
  readonly id: string;
  readonly organizationId: string;
  readonly version: number;
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** A record of which all but the envelope, and without the twin, is the text of a JSON object. */
export interface RecordText extends Entity {
  readonly json: string;
}

/** A record as a text. */
export function recordText({ id, organizationId, version, createdAt, updatedAt, ...rest }: Entity): RecordText {
  return { id, organizationId, version, createdAt, updatedAt, json: JSON.stringify(rest) };
}

/** Records are read as `T` and written as `Written`, which has the twin as well where the collection has one. */
export interface CollectionDefinition<T extends Entity, Written extends T = T> {
  /** Table and collection name, lower_snake_case. */
  readonly name: string;
  readonly indexes: readonly Index[];
  /**
   * A field that is asked by and not read back: the record's texts in the form in which they are compared. Every write
   * gives it anew; conditions, orders and indexes name its paths like any other; no record that is read has it.
   */
  readonly twin?: string;
  /** Never set; they tie the types to the definition. */
  readonly entity?: T;
  readonly written?: Written;
}

/**
 * One index: over a path of the record, or over a field of each element of an array (`element`). Within one
 * organisation unless it is unique `everywhere`. An array's element field is never unique within an organisation only.
 */
export interface Index {
  readonly path: string;
  readonly element?: string;
  readonly unique?: "organization" | "everywhere";
}

export type Scalar = string | number | boolean;

/**
 * A question about one record, closed so that both engines translate all of it.
 *
 * - Paths are dotted names of record fields (`folded.userName`); `id`, `version`, `createdAt`, `updatedAt` too. One
 *   path holds one type. A path does not cross an array: `some` does, its `where` speaks of one element, whose fields
 *   are paths, and which itself is the path `""` (arrays of scalars; only as the whole `where`).
 * - Every operator but `ne` is false where the path holds nothing; `ne` is exactly the negation of `eq`, and `not` of
 *   its condition. Text is compared by code point. `present` is true for anything but nothing, null, "", [] and {}.
 */
export type Condition =
  | Each<"eq" | "ne" | "gt" | "ge" | "lt" | "le", { readonly path: string; readonly value: Scalar }>
  | Each<"contains" | "startsWith" | "endsWith", { readonly path: string; readonly value: string }>
  | { readonly op: "present"; readonly path: string }
  | { readonly op: "in"; readonly path: string; readonly values: readonly Scalar[] }
  | { readonly op: "some"; readonly path: string; readonly where: Condition }
  | Each<"and" | "or", { readonly all: readonly Condition[] }>
  | { readonly op: "not"; readonly condition: Condition };

/** One member of the union for each operator, so that a `switch` narrows. */
type Each<Op extends string, Rest> = Op extends string ? { readonly op: Op } & Rest : never;

export interface Sort {
  readonly path: string;
  readonly direction: "ascending" | "descending";
}

export interface Query {
  readonly where?: Condition;
  /** Default: by id, which is by creation. Ties are broken by id in the same direction. A record without the sort
   * path comes last in ascending order and first in descending order (RFC 7644 3.4.2.3). */
  readonly sort?: Sort;
  /** How many matches are passed over; or, for stable paging, the last record of the page before. */
  readonly offset?: number;
  readonly after?: Position;
  readonly limit: number;
  /** Asks for the exact number of all matches beside the page. */
  readonly total?: boolean;
}

/** Where a page ended: the sort path's value there (null: it held nothing; absent when sorted by id) and the id. */
export interface Position {
  readonly value?: Scalar | null;
  readonly id: string;
}

export interface Page<T> {
  readonly items: readonly T[];
  /** Present when the query asked for it. */
  readonly total?: number;
}

export interface Reader<T extends Entity> {
  get(id: string): Promise<T | undefined>;
  /** @throws AppError query-too-expensive when no index narrows the condition and the time for scanning is over */
  list(query: Query): Promise<Page<T>>;
  /** @throws AppError query-too-expensive, as `list` */
  count(where?: Condition): Promise<number>;
}

export interface Writer<T extends Entity, Written extends T = T> extends Reader<T> {
  /** @throws AppError conflict with `details.key` = the path of the unique index that is taken */
  insert(entity: Written): Promise<void>;
  /**
   * Stores the record in place of the one with its id.
   * @param readVersion the version that the change was made from, or "any" when it does not matter
   * @throws AppError stale when another version (or nothing) is stored; conflict as `insert`
   */
  replace(entity: Written, readVersion: number | "any"): Promise<void>;
  /** @returns whether there was one. @throws AppError stale when it has another version */
  remove(id: string, readVersion: number | "any"): Promise<boolean>;
  /**
   * Adds to numbers and raises texts in place, without reading the record: counters, a group's version and date.
   * Not within the twin.
   * @param amounts path -> what is added (a missing number counts as 0)
   * @param atLeast path -> the value it has afterwards unless it was greater already
   * @returns whether the record exists
   */
  increment(
    id: string,
    amounts: Readonly<Record<string, number>>,
    atLeast?: Readonly<Record<string, string>>,
  ): Promise<boolean>;
}

/**
 * Who is a member of what: one edge per pair, never a list inside a record, so that a change costs the same in a group
 * of ten and of a million. A member is a user or a group; its id's prefix says which.
 */
export interface MembershipReader {
  /** Member ids of one group in id order, from after `after` on. */
  members(groupId: string, page: { readonly after?: string; readonly limit: number }): Promise<readonly string[]>;
  /** Which of these ids are direct members. */
  membersAmong(groupId: string, memberIds: readonly string[]): Promise<readonly string[]>;
  /** Ids of the groups that hold this member directly, in id order, from after `after` on. */
  groupsOf(memberId: string, page: { readonly after?: string; readonly limit: number }): Promise<readonly string[]>;
  /**
   * The groups that hold each of these members directly, in id order. Who is in no group is not in the answer. One
   * question for all of them, of some thousand.
   */
  groupsOfEach(memberIds: readonly string[]): Promise<ReadonlyMap<string, readonly string[]>>;
  /** Ids of all groups that hold this member directly or through other groups, each once, in id order; cycles end. */
  allGroupsOf(memberId: string): Promise<readonly string[]>;
}

export interface MembershipWriter extends MembershipReader {
  /** @returns the ids that were not members before */
  add(groupId: string, memberIds: readonly string[]): Promise<readonly string[]>;
  /** @returns the ids that were members before */
  remove(groupId: string, memberIds: readonly string[]): Promise<readonly string[]>;
}
