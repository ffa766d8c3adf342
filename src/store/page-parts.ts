import type { Position } from "./collection.ts";

/**
 * A page is read part by part, each of them one walk along an index: the records that hold something at the sort path,
 * and those that do not, which come after the others in ascending order and before them in descending order.
 */
export type PagePart = "all" | "present" | "missing";

export interface Order {
  /** By id, which every record has: one part, of all. */
  readonly isById: boolean;
  /** Whatever is listed holds something at the sort path. */
  readonly isHeld: boolean;
  readonly isDescending: boolean;
  readonly after?: Position | undefined;
}

/** The parts that a page can have records of, in their order. */
export function partsOf({ isById, isHeld, isDescending, after }: Order): readonly PagePart[] {
  if (isById) return ["all"];
  if (isHeld) return ["present"];
  const parts: readonly PagePart[] = isDescending ? ["missing", "present"] : ["present", "missing"];
  if (!after) return parts;
  return isInMissing(after) === (parts[0] === "missing") ? parts : parts.slice(1);
}

/** Whether a page ended among the records that hold nothing at the sort path. */
export const isInMissing = ({ value }: Position): boolean => value === null || value === undefined;

/** Of the envelope, that every record holds. */
export const alwaysHeld: ReadonlySet<string> = new Set(["version", "createdAt", "updatedAt"]);
