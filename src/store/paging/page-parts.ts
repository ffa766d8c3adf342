import type { Position } from "../query.ts";

/**
 * A page is read in parts, each of which is one walk along an index: the records that have a value at the sort path, and
 * the records that have none. The latter sort last in ascending order and first in descending order (RFC 7644 3.4.2.3).
 */
export type PagePart = "all" | "present" | "missing";

/** The properties of a query that decide which parts its page consists of. */
export interface PageOrder {
  /** True if sorted by id. Every record has one, so there is a single part. */
  readonly isById: boolean;
  /** True if every listed record has a value at the sort path. */
  readonly isAlwaysPresent: boolean;
  readonly isDescending: boolean;
  readonly after?: Position | undefined;
}

/** Returns the parts that a page can contain records of, in reading order. */
export function toPageParts({ isById, isAlwaysPresent, isDescending, after }: PageOrder): readonly PagePart[] {
  if (isById) return ["all"];
  if (isAlwaysPresent) return ["present"];
  const parts: readonly PagePart[] = isDescending ? ["missing", "present"] : ["present", "missing"];
  if (!after) return parts;
  return isInMissingPart(after) === (parts[0] === "missing") ? parts : parts.slice(1);
}

/** Returns whether a page ended among the records that have no value at the sort path. */
export const isInMissingPart = ({ value }: Position): boolean => value === null || value === undefined;

/** Envelope fields that every record has. */
export const alwaysPresentPaths: ReadonlySet<string> = new Set(["version", "createdAt", "updatedAt"]);
