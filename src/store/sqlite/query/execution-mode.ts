import type { Condition } from "../../query.ts";
import type { Entity } from "../../record.ts";
import type { CollectionDefinition } from "../../store.ts";
import { limitSql, type SqliteConnection } from "../driver.ts";
import { type AccessPath, isIndexOrdered } from "./access-path.ts";
import { toIndexEntries } from "./index-entries.ts";
import { findSideTableLeaf, type IndexEntries, isWholeLeaf } from "./where.ts";

/** How a query runs: inline on the event loop, by an index in a reader thread, or as a full scan there. */
export type ExecutionMode = "inline" | "indexed" | "full-scan";

/** The mode of a query; with a probe, "inline" applies only if the probe finds few enough entries. */
export interface ModeChoice {
  readonly mode: ExecutionMode;
  readonly probe?: KeyProbe;
}

/** The index entries of keys that any number of records can share, and how many of them can be read inline. */
interface KeyProbe {
  readonly entries: readonly IndexEntries[];
  readonly entriesMax: number;
}

/** Skipping more rows than this would block the event loop for too long. */
const inlineOffsetMax = 500;
/** Looking up more records than this would block the event loop for too long. */
const inlineRecordsMax = 250;
/** More comparisons than this, of all records that are looked up, take more than one or two milliseconds. */
const inlineComparisonsMax = 2500;
/** The most elements of an attribute of a user, each of which a comparison in a list can examine. */
const elementsMax = 100;

/** What decides the mode of a page. */
interface PageShape {
  readonly where: Condition | undefined;
  readonly accessPath: AccessPath | undefined;
  readonly sortPath: string;
  readonly offset: number;
  readonly total: boolean;
  readonly organizationId: string;
}

/**
 * Chooses the mode of a page. A query runs inline only when an index serves it in less than one or two milliseconds: the
 * records of a few keys, or a read along an index from a known position.
 */
export function choosePageMode(page: PageShape, definition: CollectionDefinition<Entity>): ModeChoice {
  const { where, accessPath, sortPath, offset, total, organizationId } = page;
  if (where && accessPath?.by === "key") return chooseKeyMode(where, accessPath, definition, organizationId);
  if (accessPath?.by === "list") return { mode: "indexed" };
  const isIndexWalk =
    isIndexOrdered(sortPath, definition) &&
    (accessPath === undefined || (accessPath.by === "range" && accessPath.isExact && accessPath.path === sortPath));
  if (!isIndexWalk) return { mode: "full-scan" };
  return { mode: offset <= inlineOffsetMax && (!total || accessPath === undefined) ? "inline" : "indexed" };
}

/** Chooses the mode of counting the matches of a condition. */
export function chooseCountMode(
  where: Condition,
  accessPath: AccessPath,
  definition: CollectionDefinition<Entity>,
  organizationId: string,
): ModeChoice {
  if (accessPath.by === "key") return chooseKeyMode(where, accessPath, definition, organizationId);
  const isIndexed = accessPath.by === "list" || (accessPath.by === "range" && accessPath.isExact);
  return { mode: isIndexed ? "indexed" : "full-scan" };
}

/** Whether a page of the records with one key is a read along its index: in id order, and not far from its beginning. */
export function isKeyWalk({
  where,
  accessPath,
  sortPath,
  offset,
}: Omit<PageShape, "total" | "organizationId">): boolean {
  if (accessPath?.by !== "key" || accessPath.shared[0] !== where || sortPath !== "id") return false;
  const leaf = where?.op === "some" && isWholeLeaf(where.where) ? where.where : where;
  return leaf?.op === "eq" && offset <= inlineOffsetMax;
}

function chooseKeyMode(
  where: Condition,
  { keys, shared }: Extract<AccessPath, { by: "key" }>,
  definition: CollectionDefinition<Entity>,
  organizationId: string,
): ModeChoice {
  const comparisonsMax = inlineComparisonsMax - countListedValues(where);
  const recordsMax = Math.min(inlineRecordsMax, Math.floor(comparisonsMax / countComparisons(where, definition)));
  if (keys > recordsMax) return { mode: "indexed" };
  if (shared.length === 0) return { mode: "inline" };
  const entries = shared.map((each) => toIndexEntries(each, definition, organizationId));
  return { mode: "inline", probe: { entries, entriesMax: recordsMax } };
}

/** Whether the keys have more entries than can be read inline. It reads at most one more than that. */
export function hasTooManyEntries(connection: SqliteConnection, { entries, entriesMax }: KeyProbe): boolean {
  let remaining = entriesMax;
  for (const { table, where } of entries) {
    const sql = `SELECT count(*) FROM (SELECT 1 FROM ${table} WHERE ${where.text} ${limitSql})`;
    remaining -= Number(connection.getValues(sql, [...where.values, remaining + 1])?.[0]);
    if (remaining < 0) return true;
  }
  return false;
}

/** Returns the most comparisons with the values of one record. */
function countComparisons(condition: Condition, definition: CollectionDefinition<Entity>): number {
  switch (condition.op) {
    case "and":
    case "or":
      return condition.all.reduce((sum, each) => sum + countComparisons(each, definition), 0);
    case "not":
      return countComparisons(condition.condition, definition);
    case "some": {
      const isInSideTable = findSideTableLeaf(condition.path, condition.where, definition) !== undefined;
      if (isInSideTable && isWholeLeaf(condition.where)) return 1;
      return elementsMax * countComparisons(condition.where, definition);
    }
    default:
      return 1;
  }
}

/** Returns the number of values in the lists of a condition. Each is read once, before the first record. */
function countListedValues(condition: Condition): number {
  switch (condition.op) {
    case "and":
    case "or":
      return condition.all.reduce((sum, each) => sum + countListedValues(each), 0);
    case "not":
      return countListedValues(condition.condition);
    case "some":
      return countListedValues(condition.where);
    case "in":
      return condition.values.length;
    default:
      return 0;
  }
}
