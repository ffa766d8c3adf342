import type { Condition } from "../../query.ts";
import type { Entity } from "../../record.ts";
import type { CollectionDefinition } from "../../store.ts";
import { quoteIdentifier } from "../schema/names.ts";
import { findSideTableLeaf, type IndexEntries, isWholeLeaf, toSideTableEntries, toSql } from "./where.ts";

/** Returns the entries of the index that serves a comparison by key. */
export function toIndexEntries(
  condition: Condition,
  definition: CollectionDefinition<Entity>,
  organizationId: string,
): IndexEntries {
  const match = condition.op === "some" ? findSideTableLeaf(condition.path, condition.where, definition) : undefined;
  if (match) return toSideTableEntries(match, definition, organizationId);
  const { text, values } = toSql(condition, definition, organizationId);
  return {
    table: quoteIdentifier(definition.name),
    where: { text: `organization_id = ? AND ${text}`, values: [organizationId, ...values] },
  };
}

/**
 * Returns the entries of a side table that are the whole result of a condition, one for each match; undefined if the
 * condition needs more than that.
 */
export function toExactEntries(
  condition: Condition,
  definition: CollectionDefinition<Entity>,
  organizationId: string,
): IndexEntries | undefined {
  if (condition.op !== "some" || !isWholeLeaf(condition.where)) return undefined;
  const match = findSideTableLeaf(condition.path, condition.where, definition);
  return match?.leaf.op === "eq" ? toSideTableEntries(match, definition, organizationId) : undefined;
}
