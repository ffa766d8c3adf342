import type { Condition } from "./query.ts";
import type { Entity } from "./record.ts";
import type { CollectionDefinition, Index } from "./store.ts";

/** Returns the declared index that has the values of this path. */
export const findPathIndex = (path: string, { indexes }: CollectionDefinition<Entity>): Index | undefined =>
  indexes.find((each) => each.path === path && each.element === undefined && each.onlyValue === undefined);

/** The comparison of a condition that an index of one value serves. */
export interface ServedValue {
  readonly leaf: Condition;
  readonly index: Index;
  /** Whether the comparison is the whole condition. */
  readonly isWhole: boolean;
}

/**
 * Finds the comparison that an index of the records with one value serves. Such an index can have many records, so it is
 * used only if no other part of an `and` narrows the condition.
 */
export function findServedValue(
  condition: Condition,
  definition: CollectionDefinition<Entity>,
): ServedValue | undefined {
  const conjuncts = condition.op === "and" ? condition.all : [condition];
  for (const leaf of conjuncts) {
    const index =
      leaf.op === "eq" && definition.indexes.find((each) => each.path === leaf.path && each.onlyValue === leaf.value);
    if (!index) continue;
    const others = conjuncts.filter((each) => each !== leaf);
    return others.every((each) => !canNarrow(each, definition))
      ? { leaf, index, isWhole: others.length === 0 }
      : undefined;
  }
  return undefined;
}

/** Whether an index may limit the records to examine. */
function canNarrow(condition: Condition, definition: CollectionDefinition<Entity>): boolean {
  switch (condition.op) {
    case "contains":
    case "endsWith":
    case "present":
    case "ne":
    case "not":
      return false;
    case "some":
    case "and":
    case "or":
      return true;
    default:
      return condition.path === "id" || findPathIndex(condition.path, definition) !== undefined;
  }
}
