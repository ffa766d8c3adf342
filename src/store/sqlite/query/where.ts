import { findServedValue } from "../../index-lookup.ts";
import type { Condition } from "../../query.ts";
import type { Entity } from "../../record.ts";
import type { CollectionDefinition, Index } from "../../store.ts";
import type { Sql, SqlValue } from "../driver.ts";
import {
  elementTable,
  envelopeColumns,
  locatePath,
  quoteIdentifier,
  toColumnSql,
  toJsonPath,
} from "../schema/names.ts";

/**
 * Translates a condition to the SQL that follows `organization_id = ? AND`. docs/decisions/0002-sqlite-shapes.md lists
 * the forms and their costs.
 */
export function toSql(condition: Condition, definition: CollectionDefinition<Entity>, organizationId: string): Sql {
  const values: SqlValue[] = [];
  const servedLeaf = findServedValue(condition, definition)?.leaf;
  const text = translateCondition(condition, createScope(definition, organizationId, values, servedLeaf));
  return { text, values };
}

function createScope(
  definition: CollectionDefinition<Entity>,
  organizationId: string,
  values: SqlValue[],
  servedLeaf?: Condition,
): Scope {
  return {
    definition,
    organizationId,
    bind: (value) => {
      values.push(value);
      return "?";
    },
    aliasCount: 0,
    isBranch: false,
    servedLeaf,
  };
}

/** The entries of an index or of a side table that a comparison selects. */
export interface IndexEntries {
  /** The table to read them from. An index covers what is read from the table of the records. */
  readonly table: string;
  readonly where: Sql;
}

/** Returns the entries of a side table that a comparison selects. */
export function toSideTableEntries(
  { leaf, index }: SideTableLeaf,
  definition: CollectionDefinition<Entity>,
  organizationId: string,
): IndexEntries {
  const values: SqlValue[] = [organizationId];
  const comparison = toIndexedComparison("value", leaf, createScope(definition, organizationId, values));
  return {
    table: quoteIdentifier(elementTable(definition, index)),
    where: { text: `organization_id = ? AND ${comparison}`, values },
  };
}

/** Returns the smallest string greater than all strings with this prefix; undefined when there is none. */
export function prefixUpperBound(prefix: string): string | undefined {
  const points = Array.from(prefix, (character) => character.codePointAt(0) ?? 0);
  while (points.length > 0) {
    const last = points.pop() ?? 0;
    if (last < 0x10ffff) return String.fromCodePoint(...points, last === 0xd7ff ? 0xe000 : last + 1);
  }
  return undefined;
}

/**
 * Marks the start of each `and` inside an `or`. SQLite reads the rows of each branch by an index of its own and checks the
 * whole branch before anything outside the `or`, so that a time limit must be checked at the start of the branch.
 */
export const branchStart = "/*branch*/ ";

interface Scope {
  readonly definition: CollectionDefinition<Entity>;
  readonly organizationId: string;
  readonly bind: (value: SqlValue) => string;
  /** The alias of the array element that paths refer to; absent for paths of the record itself. */
  readonly elementAlias?: string;
  /** The number of aliases in use. */
  readonly aliasCount: number;
  /** Whether the condition is part of an `or` of conditions on the record. */
  readonly isBranch: boolean;
  /** The comparison for which an index of the records with one value is used. */
  readonly servedLeaf: Condition | undefined;
}

const rangeOperators = { gt: ">", ge: ">=", lt: "<", le: "<=" } as const;
const emptyJsonValues = `('null', '""', '[]', '{}')`;

/** Each leaf is true, false or NULL. NULL counts as false, so negations use `IS NOT TRUE`. */
function translateCondition(condition: Condition, scope: Scope): string {
  switch (condition.op) {
    case "and":
    case "or": {
      if (condition.all.length === 0) return condition.op === "and" ? "1" : "0";
      if (condition.op === "and")
        return `(${scope.isBranch ? branchStart : ""}${condition.all.map((each) => translateCondition(each, scope)).join(" AND ")})`;
      const branchScope: Scope = scope.elementAlias === undefined ? { ...scope, isBranch: true } : scope;
      return `(${condition.all.map((each) => translateCondition(each, branchScope)).join(" OR ")})`;
    }
    case "not":
      return `(${translateCondition(condition.condition, scope)} IS NOT TRUE)`;
    case "ne":
      return `(${translateCondition({ ...condition, op: "eq" }, scope)} IS NOT TRUE)`;
    case "some":
      return translateSome(condition.path, condition.where, scope);
    case "present":
      return translatePresent(condition.path, scope);
    default: {
      if (scope.elementAlias !== undefined)
        return translateComparison(toOperand(condition.path, scope), condition, scope);
      // An envelope column converts the compared value to its own type: `version = '1'` would be true.
      const leaf = dropIncomparableValues(condition);
      return leaf ? translateComparison(toOperand(leaf.path, scope), leaf, scope) : "0";
    }
  }
}

type Comparison = Extract<Condition, { op: keyof typeof rangeOperators | "contains" | "endsWith" }> | Indexable;

/** Compares strings with strings only. In SQLite, every number is smaller than every string. */
function translateComparison(operand: string, leaf: Comparison, scope: Scope): string {
  switch (leaf.op) {
    case "gt":
    case "ge":
    case "lt":
    case "le": {
      const comparison = `${operand} ${rangeOperators[leaf.op]} ${scope.bind(leaf.value)}`;
      const isLowerBound = leaf.op === "gt" || leaf.op === "ge";
      if (typeof leaf.value === "string")
        return isLowerBound ? comparison : `(${comparison} AND typeof(${operand}) = 'text')`;
      return isLowerBound ? `(${comparison} AND typeof(${operand}) <> 'text')` : comparison;
    }
    case "contains":
      return `(typeof(${operand}) = 'text' AND instr(${operand}, ${scope.bind(leaf.value)}) > 0)`;
    case "endsWith": {
      if (leaf.value === "") return `typeof(${operand}) = 'text'`;
      const length = Array.from(leaf.value).length;
      return `(typeof(${operand}) = 'text' AND substr(${operand}, -${length}) = ${scope.bind(leaf.value)})`;
    }
    default:
      return toIndexedComparison(operand, leaf, scope);
  }
}

/** Removes the values that the envelope column of the path cannot hold; returns undefined when none is left. */
function dropIncomparableValues(leaf: Comparison): Comparison | undefined {
  if (!envelopeColumns[leaf.path]) return leaf;
  const type = leaf.path === "version" ? "number" : "string";
  if (leaf.op === "in") return { ...leaf, values: leaf.values.filter((value) => typeof value === type) };
  return typeof leaf.value === type && !(type === "number" && isStringOperator(leaf.op)) ? leaf : undefined;
}

const isStringOperator = (op: Comparison["op"]): boolean =>
  op === "contains" || op === "startsWith" || op === "endsWith";

function toOperand(path: string, scope: Scope): string {
  if (scope.elementAlias === undefined) return toColumnSql(path, scope.definition);
  if (path === "") return `${scope.elementAlias}.atom`;
  // An element that is not an object has no fields. JSON functions would fail on it instead of returning NULL.
  return `CASE ${scope.elementAlias}.type WHEN 'object' THEN json_extract(${scope.elementAlias}.value, ${toJsonPath(path)}) END`;
}

const isIndexable = (leaf: Condition): leaf is Indexable =>
  leaf.op === "eq" || leaf.op === "in" || (leaf.op === "startsWith" && leaf.value !== "");

type Indexable = Extract<Condition, { op: "eq" | "in" | "startsWith" }>;

/** Builds a comparison that an index serves, on a column of the record or on the value of a side table. */
function toIndexedComparison(operand: string, leaf: Indexable, scope: Scope): string {
  if (leaf.op === "in") {
    // Binds one JSON list, so that the number of variables is constant. An index serves it like `=`.
    return `${operand} IN (SELECT value FROM json_each(${scope.bind(JSON.stringify(leaf.values))}))`;
  }
  if (leaf.op === "startsWith") return toPrefixRange(operand, leaf.value, scope);
  // A literal, because an index of the records with one value serves no parameter. The sign keeps the planner from that index.
  if (leaf === scope.servedLeaf) return `${operand} = ${Number(leaf.value)}`;
  if (hasValueIndex(leaf.path, scope)) return `+${operand} = ${scope.bind(leaf.value)}`;
  return `${operand} = ${scope.bind(leaf.value)}`;
}

const hasValueIndex = (path: string, { definition, elementAlias }: Scope): boolean =>
  elementAlias === undefined && definition.indexes.some((each) => each.path === path && each.onlyValue !== undefined);

function toPrefixRange(operand: string, prefix: string, scope: Scope): string {
  if (prefix === "") return `typeof(${operand}) = 'text'`;
  const upperBound = prefixUpperBound(prefix);
  const lowerBound = `${operand} >= ${scope.bind(prefix)}`;
  return upperBound === undefined
    ? `(typeof(${operand}) = 'text' AND ${lowerBound})`
    : `(${lowerBound} AND ${operand} < ${scope.bind(upperBound)})`;
}

function translatePresent(path: string, scope: Scope): string {
  if (scope.elementAlias !== undefined) {
    const elementAlias = scope.elementAlias;
    if (path === "") {
      return `CASE ${elementAlias}.type WHEN 'null' THEN 0 WHEN 'text' THEN ${elementAlias}.value <> ''
        WHEN 'array' THEN ${elementAlias}.value <> '[]' WHEN 'object' THEN ${elementAlias}.value <> '{}' ELSE 1 END`;
    }
    return `CASE ${elementAlias}.type WHEN 'object' THEN COALESCE(${elementAlias}.value -> ${toJsonPath(path)}, 'null') ELSE 'null' END NOT IN ${emptyJsonValues}`;
  }
  if (envelopeColumns[path]) return "1";
  const { column, jsonPath } = locatePath(path, scope.definition);
  return `COALESCE(${column} -> ${jsonPath}, 'null') NOT IN ${emptyJsonValues}`;
}

/**
 * Translates `some`. When a declared element index narrows it, the side table is queried first, in the `id IN` form that
 * the planner turns into a seek. Conditions that the side table cannot decide are checked in the array afterwards.
 */
function translateSome(path: string, where: Condition, scope: Scope): string {
  const sideTable = scope.elementAlias === undefined ? toSideTableCondition(path, where, scope) : undefined;
  if (sideTable?.isExact) return sideTable.text;
  const aliasCount = scope.aliasCount + 1;
  const alias = `e${aliasCount}`;
  const { column: source, jsonPath } =
    scope.elementAlias === undefined
      ? locatePath(path, scope.definition)
      : { column: `${scope.elementAlias}.value`, jsonPath: toJsonPath(path) };
  const inner: Scope = { ...scope, elementAlias: alias, aliasCount, isBranch: false };
  // json_each would iterate over the fields of an object and treat a scalar as an array of one element.
  const isArray = `json_type(${source}, ${jsonPath}) = 'array'`;
  const exists = `EXISTS (SELECT 1 FROM json_each(${source}, ${jsonPath}) AS ${alias} WHERE ${translateCondition(where, inner)})`;
  const matchSql = `(${isArray} AND ${exists})`;
  if (scope.elementAlias !== undefined) return `CASE ${scope.elementAlias}.type WHEN 'object' THEN ${matchSql} END`;
  return sideTable ? `(${scope.isBranch ? branchStart : ""}${sideTable.text} AND ${matchSql})` : matchSql;
}

function toSideTableCondition(
  path: string,
  where: Condition,
  scope: Scope,
): { text: string; isExact: boolean } | undefined {
  const match = findSideTableLeaf(path, where, scope.definition);
  if (!match) return undefined;
  const entries = toSideTableEntries(match, scope.definition, scope.organizationId);
  for (const value of entries.where.values) scope.bind(value);
  return {
    text: `id IN (SELECT id FROM ${entries.table} WHERE ${entries.where.text})`,
    isExact: isWholeLeaf(where),
  };
}

/** A comparison of an element, and the declared index that serves it. */
interface SideTableLeaf {
  readonly leaf: Indexable;
  readonly index: Index;
}

/** Finds the comparison of an element that a declared index serves. A comparison by key precedes one by range. */
export function findSideTableLeaf(
  path: string,
  where: Condition,
  definition: CollectionDefinition<Entity>,
): SideTableLeaf | undefined {
  const indexedLeaves = toConjuncts(where).flatMap((leaf) => {
    if (!isIndexable(leaf)) return [];
    const index = definition.indexes.find((each) => each.path === path && each.element === leaf.path);
    // A range of a globally unique key would read entries of all organizations.
    return index && !(leaf.op === "startsWith" && index.unique === "global") ? [{ leaf, index }] : [];
  });
  return indexedLeaves.find(({ leaf }) => leaf.op !== "startsWith") ?? indexedLeaves[0];
}

/** Whether a condition on an element has only one comparison, so that a side table decides all of it. */
export const isWholeLeaf = (where: Condition): boolean => toConjuncts(where).length === 1;

const toConjuncts = (where: Condition): readonly Condition[] => (where.op === "and" ? where.all : [where]);
