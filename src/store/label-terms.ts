import type { Labels } from "../../schemas/labels.ts";
import type { Condition } from "./query.ts";
import type { Index } from "./store.ts";

/** A label as it is indexed: its key, and its key and value. A key has no colon. */
export interface LabelTerm {
  readonly term: string;
}

/** Returns the search terms of labels, or nothing to store if there are none. */
export function toLabelTerms(labels: Labels | undefined): readonly LabelTerm[] | undefined {
  const terms = Object.entries(labels ?? {}).flatMap(([key, value]) => [{ term: key }, { term: `${key}:${value}` }]);
  return terms.length > 0 ? terms : undefined;
}

/** The index of the search terms. @param path where a collection stores them */
export const labelIndex = <Path extends string>(path: Path) => ({ path, element: "term" }) as const satisfies Index;

/**
 * Returns the condition of records that have all of these labels. An index serves it.
 * @param path where the collection stores the search terms
 * @param filters `key` for any value, or `key:value`
 */
export function hasLabels(path: string, filters: readonly string[]): Condition {
  return {
    op: "and",
    all: filters.map((value) => ({ op: "some", path, where: { op: "eq", path: "term", value } })),
  };
}
