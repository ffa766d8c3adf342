import { findPathIndex, findServedValue } from "../../index-lookup.ts";
import type { Condition } from "../../query.ts";
import type { Entity } from "../../record.ts";
import type { CollectionDefinition } from "../../store.ts";
import { findSideTableLeaf } from "./where.ts";

/**
 * How the declared indexes narrow a condition: to the records of a number of `keys`, which are looked up; to a `list` of
 * unknown length from a side table or from an index of one value; to a `range` of one path; or to nothing. An exact range,
 * with no other condition to check, can be read in the order of its path.
 */
export type AccessPath =
  | { readonly by: "key"; readonly keys: number }
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
      if (!isIndexedPath(condition.path, definition)) return { by: "nothing" };
      return { by: "key", keys: countKeys(condition) };
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
      return match.leaf.op === "startsWith" ? { by: "list" } : { by: "key", keys: countKeys(match.leaf) };
    }
    case "and": {
      const paths = condition.all.map((each) => narrow(each, definition));
      const keyCounts = paths.flatMap((each) => (each.by === "key" ? [each.keys] : []));
      if (keyCounts.length > 0) return { by: "key", keys: Math.min(...keyCounts) };
      if (paths.some((each) => each.by === "list")) return { by: "list" };
      const first = paths.find((each) => each.by === "range");
      if (first?.by !== "range") return { by: "nothing" };
      const isExact = paths.every((each) => each.by === "range" && each.isExact && each.path === first.path);
      return { ...first, isExact };
    }
    case "or": {
      const paths = condition.all.map((each) => narrow(each, definition));
      if (!paths.every(({ by }) => by === "key" || by === "list")) return { by: "nothing" };
      if (paths.some(({ by }) => by === "list")) return { by: "list" };
      return { by: "key", keys: paths.reduce((sum, each) => sum + (each.by === "key" ? each.keys : 0), 0) };
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

const countKeys = (leaf: { readonly op: string; readonly values?: readonly unknown[] }): number =>
  leaf.values?.length ?? 1;

function isIndexedPath(path: string, definition: CollectionDefinition<Entity>): boolean {
  return path === "id" || findPathIndex(path, definition) !== undefined;
}

const toRangePath = (path: string, definition: CollectionDefinition<Entity>): AccessPath =>
  isIndexOrdered(path, definition) ? { by: "range", path, isExact: true } : { by: "nothing" };
