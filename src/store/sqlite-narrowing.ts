import type { CollectionDefinition, Condition, Entity } from "./collection.ts";
import { leafOfSideTable } from "./where-sql.ts";

/**
 * How far the declared indexes narrow a condition: to the records of some `keys`, whose values are looked up; to a
 * `list` of unknown length that a side table gives; to a `range` of one path; or not at all. A range alone (nothing else
 * to check) can be walked in the order of its path.
 */
export type Narrowing =
  | { readonly by: "key"; readonly keys: number }
  | { readonly by: "list" }
  | { readonly by: "range"; readonly path: string; readonly alone: boolean }
  | { readonly by: "nothing" };

export function narrowing(condition: Condition, definition: CollectionDefinition<Entity>): Narrowing {
  switch (condition.op) {
    case "eq":
    case "in":
      if (!hasKey(condition.path, definition)) return { by: "nothing" };
      return { by: "key", keys: keysIn(condition) };
    case "startsWith":
      if (condition.value === "") return { by: "nothing" };
      return range(condition.path, definition);
    case "gt":
    case "ge":
    case "lt":
    case "le":
      return range(condition.path, definition);
    case "some": {
      const found = leafOfSideTable(condition.path, condition.where, definition);
      if (!found) return { by: "nothing" };
      return found.leaf.op === "startsWith" ? { by: "list" } : { by: "key", keys: keysIn(found.leaf) };
    }
    case "and": {
      const parts = condition.all.map((each) => narrowing(each, definition));
      const keyed = parts.flatMap((each) => (each.by === "key" ? [each.keys] : []));
      if (keyed.length > 0) return { by: "key", keys: Math.min(...keyed) };
      if (parts.some((each) => each.by === "list")) return { by: "list" };
      const first = parts.find((each) => each.by === "range");
      if (first?.by !== "range") return { by: "nothing" };
      const alone = parts.every((each) => each.by === "range" && each.alone && each.path === first.path);
      return { ...first, alone };
    }
    case "or": {
      const parts = condition.all.map((each) => narrowing(each, definition));
      if (!parts.every(({ by }) => by === "key" || by === "list")) return { by: "nothing" };
      if (parts.some(({ by }) => by === "list")) return { by: "list" };
      return { by: "key", keys: parts.reduce((sum, each) => sum + (each.by === "key" ? each.keys : 0), 0) };
    }
    default:
      return { by: "nothing" };
  }
}

/** Whether one organisation's records lie in the order of this path, so that a walk meets nobody else's. */
export function isOrdered(path: string, definition: CollectionDefinition<Entity>): boolean {
  if (path === "id") return true;
  const index = definition.indexes.find((each) => each.path === path && each.element === undefined);
  return index !== undefined && index.unique !== "everywhere";
}

const keysIn = (leaf: { readonly op: string; readonly values?: readonly unknown[] }): number =>
  leaf.values?.length ?? 1;

function hasKey(path: string, definition: CollectionDefinition<Entity>): boolean {
  return path === "id" || definition.indexes.some((each) => each.path === path && each.element === undefined);
}

const range = (path: string, definition: CollectionDefinition<Entity>): Narrowing =>
  isOrdered(path, definition) ? { by: "range", path, alone: true } : { by: "nothing" };
