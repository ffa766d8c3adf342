export type Scalar = string | number | boolean;

/**
 * A predicate over one record. The union is closed, so that both engines translate all of it.
 *
 * - Paths are dotted names of record fields (`normalized.userName`), including `id`, `version`, `createdAt` and
 *   `updatedAt`. The values of one path have one type. A path does not cross an array. `some` does: its `where` applies
 *   to one element, and its paths are fields of the element. The path `""` is the element itself, for arrays of scalars
 *   and only as the whole `where`.
 * - Every operator except `ne` is false where the path has no value. `ne` is exactly the negation of `eq`, and `not` the
 *   negation of its condition. Strings are compared by code point. `present` is false for no value, null, "", [] and {}.
 */
export type Condition =
  | ConditionVariant<"eq" | "ne" | "gt" | "ge" | "lt" | "le", { readonly path: string; readonly value: Scalar }>
  | ConditionVariant<"contains" | "startsWith" | "endsWith", { readonly path: string; readonly value: string }>
  | { readonly op: "present"; readonly path: string }
  | { readonly op: "in"; readonly path: string; readonly values: readonly Scalar[] }
  | { readonly op: "some"; readonly path: string; readonly where: Condition }
  | ConditionVariant<"and" | "or", { readonly all: readonly Condition[] }>
  | { readonly op: "not"; readonly condition: Condition };

/** One member of the union per operator, so that a `switch` narrows the type. */
type ConditionVariant<Op extends string, Rest> = Op extends string ? { readonly op: Op } & Rest : never;

export interface Sort {
  readonly path: string;
  readonly direction: "ascending" | "descending";
}

export interface Query {
  readonly where?: Condition;
  /**
   * The default is by id, which is the order of creation. Ties are broken by id in the same direction. A record without
   * a value at the sort path comes last in ascending and first in descending order (RFC 7644 section 3.4.2.3).
   */
  readonly sort?: Sort;
  /** The number of matches to skip. */
  readonly offset?: number;
  /** For stable paging: the position of the last record of the previous page. */
  readonly after?: Position;
  readonly limit: number;
  /** Whether to return the exact number of all matches with the page. */
  readonly total?: boolean;
  /** Ends the page by the size of its records as well; absent: by `limit` only. */
  readonly sizeLimit?: SizeLimit;
  /** Whether to return the position at which the next page begins. */
  readonly end?: boolean;
}

/** Returns whether a query is for the first records in order of creation, and nothing else than the records. */
export const isWholeList = (query: Query): boolean => Object.keys(query).join() === "limit";

/** Bounds the size of a page. A page has at least one record, whatever its size. */
export interface SizeLimit {
  /** Most characters of the names and strings in the records of a page. */
  readonly lengthMax: number;
  /** Records of the first read, whose size is not known yet. A page of this `limit` or less is not measured. */
  readonly firstBatch: number;
}

/** The end of a page: the id of its last record and the value at the sort path (null: none; absent when sorted by id). */
export interface Position {
  readonly value?: Scalar | null;
  readonly id: string;
}

export interface Page<T> {
  readonly items: readonly T[];
  /** Present when the query requested it. */
  readonly total?: number;
  /** Whether the page ends at its size limit although there are more records. Absent: it does not. */
  readonly isCut?: boolean;
  /**
   * Where the next page begins, when the query requested it. Absent for the last page, for a page whose last record has a
   * sort value that cannot be compared, and where a position would save nothing.
   */
  readonly end?: Position;
}
