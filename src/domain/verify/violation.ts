/** A kind of violated invariant. docs/cli.md has what each means. */
export type ViolationKind =
  | "schema"
  | "search-fields"
  | "count"
  | "duplicate"
  | "organization-missing"
  | "import-unfinished"
  | "reference-missing"
  | "membership-end-missing"
  | "membership-cycle"
  | "parent-invalid"
  | "legacy-marker-missing"
  | "content-size"
  | "audit-event-missing";

/** One violated invariant of the stored data. It has ids and names of fields, but no values. */
export interface Violation {
  readonly violation: ViolationKind;
  readonly organizationId: string;
  /** The collection of the record, or `memberships`. */
  readonly collection: string;
  /** The id of the record; of a membership: the ids of the group and the member. */
  readonly id: string;
  /** The field, and what is wrong with it. */
  readonly detail: string;
}

/** A violation of one record. The walk adds where the record is. */
export type Finding = Pick<Violation, "violation" | "id" | "detail">;
