import { findPathIndex, findServedValue } from "../../index-lookup.ts";
import type { Condition } from "../../query.ts";
import type { Entity } from "../../record.ts";
import type { CollectionDefinition } from "../../store.ts";
import { findSideTableLeaf } from "./where.ts";

/**
 * How the declared indexes narrow a condition: to the records of a number of `keys`, which are looked up; to a `list` of
 * unknown length from a side table or from an index of one value; to a `range` of one path; or to nothing. Of the
 * comparisons by key, those are `shared` whose index is not unique, so that any number of records can have the same key.
 * An exact range, with no other condition to check, can be read in the order of its path.
 */
export type AccessPath =
  | { readonly by: "key"; readonly keys: number; readonly shared: readonly Condition[] }
  | { readonly by: "list" }
  | { readonly by: "range"; readonly path: string; readonly isExact: boolean }
  | { readonly by: "nothing" };

/** Chooses the access path of a condition. */
export const chooseAccessPath = (condition: Condition, definition: CollectionDefinition<Entity>): AccessPath =>
  findServedValue(condition, definition) ? { by: "list" } : narrow(condition, definition);

function narrow(condition: Condition, definition: CollectionDefinition<Entity>): AccessPath {
  switch (condition.op) {
    case "eq":
    case "in":
      if (isUniquePath(condition.path, definition)) return toKeyPath(condition, countKeys(condition), true);
      if (!findPathIndex(condition.path, definition)) return { by: "nothing" };
      return toKeyPath(condition, countKeys(condition), false);
    case "startsWith":
      if (condition.value === "") return { by: "nothing" };
      return toRangePath(condition.path, definition);
    case "gt":
    case "ge":
    case "lt":
    case "le":
      return toRangePath(condition.path, definition);
    case "some": {
      const match = findSideTableLeaf(condition.path, condition.where, definition);
      if (!match) return { by: "nothing" };
      if (match.leaf.op === "startsWith") return { by: "list" };
      return toKeyPath(condition, countKeys(match.leaf), match.index.unique !== undefined);
    }
    case "and": {
      const paths = condition.all.map((each) => narrow(each, definition));
      // The planner prefers a unique key to everything else. Otherwise, it does not know what has the fewest records.
      if (condition.all.some((each) => isUniqueEquality(each, definition))) return { by: "key", keys: 1, shared: [] };
      if (paths.some((each) => each.by === "list")) return { by: "list" };
      const keyPaths = paths.filter((each) => each.by === "key");
      if (keyPaths.length > 0) return joinKeyPaths(keyPaths);
      const first = paths.find((each) => each.by === "range");
      if (first?.by !== "range") return { by: "nothing" };
      // Of two bounds in the same direction, SQLite reads along the first and checks the other row by row.
      const isExact =
        condition.all.filter(isLowerBound).length <= 1 &&
        condition.all.filter(isUpperBound).length <= 1 &&
        paths.every((each) => each.by === "range" && each.isExact && each.path === first.path);
      return { ...first, isExact };
    }
    case "or": {
      const paths = condition.all.map((each) => narrow(each, definition));
      if (!paths.every(({ by }) => by === "key" || by === "list")) return { by: "nothing" };
      if (paths.some(({ by }) => by === "list")) return { by: "list" };
      return joinKeyPaths(paths.filter((each) => each.by === "key"));
    }
    default:
      return { by: "nothing" };
  }
}

/** Whether an index holds the records of one organization in the order of this path, without records of others. */
export function isIndexOrdered(path: string, definition: CollectionDefinition<Entity>): boolean {
  if (path === "id") return true;
  const index = findPathIndex(path, definition);
  return index !== undefined && index.unique !== "global" && !index.sparse;
}

/** Any other condition than a comparison may have both bounds. */
const isLowerBound = ({ op }: Condition): boolean => op !== "lt" && op !== "le";
const isUpperBound = ({ op }: Condition): boolean => op !== "gt" && op !== "ge";

type KeyPath = Extract<AccessPath, { by: "key" }>;

const toKeyPath = (condition: Condition, keys: number, isUnique: boolean): KeyPath => ({
  by: "key",
  keys,
  shared: isUnique ? [] : [condition],
});

const joinKeyPaths = (paths: readonly KeyPath[]): KeyPath => ({
  by: "key",
  keys: paths.reduce((sum, { keys }) => sum + keys, 0),
  shared: paths.flatMap(({ shared }) => shared),
});

const isUniqueEquality = (condition: Condition, definition: CollectionDefinition<Entity>): boolean =>
  condition.op === "eq" && isUniquePath(condition.path, definition);

const countKeys = (leaf: { readonly op: string; readonly values?: readonly unknown[] }): number =>
  leaf.values?.length ?? 1;

const isUniquePath = (path: string, definition: CollectionDefinition<Entity>): boolean =>
  path === "id" || findPathIndex(path, definition)?.unique !== undefined;

const toRangePath = (path: string, definition: CollectionDefinition<Entity>): AccessPath =>
  isIndexOrdered(path, definition) ? { by: "range", path, isExact: true } : { by: "nothing" };
