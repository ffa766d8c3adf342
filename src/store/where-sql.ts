import type { CollectionDefinition, Condition, Entity, Index } from "./collection.ts";
import type { Sql, SqlValue } from "./sqlite-driver.ts";
import { pathInTwin } from "./twin.ts";

/** Condition -> the SQL text that follows `organization_id = ? AND`. Shapes and their costs: docs/decisions. */
export function toSql(condition: Condition, definition: CollectionDefinition<Entity>, organizationId: string): Sql {
  const values: SqlValue[] = [];
  const text = translate(condition, {
    definition,
    organizationId,
    bind: (value) => {
      values.push(value);
      return "?";
    },
    elements: 0,
  });
  return { text, values };
}

/** The SQL expression of a record's path: an envelope column, a declared index's column, or a look into the body. */
export function columnOf(path: string, definition: CollectionDefinition<Entity>): string {
  const envelope = envelopeColumns[path];
  if (envelope) return envelope;
  const index = definition.indexes.find((each) => each.path === path && each.element === undefined);
  if (index) return quote(indexColumn(index));
  const { column, at } = placeOf(path, definition);
  return `json_extract(${column}, ${at})`;
}

/** Where a path lies that is no envelope column: in the body, or in the column of the twin. */
export function placeOf(
  path: string,
  definition: CollectionDefinition<Entity>,
): { readonly column: string; readonly at: string } {
  const within = pathInTwin(path, definition);
  if (within === undefined) return { column: "body", at: jsonPath(path) };
  return { column: quote(definition.twin ?? ""), at: jsonPath(within) };
}

export const envelopeColumns: Readonly<Record<string, string>> = {
  id: "id",
  version: "version",
  createdAt: "created_at",
  updatedAt: "updated_at",
};

/** The column behind a declared index of one path: an envelope column or a generated one. */
export function indexColumn(index: Index): string {
  return envelopeColumns[index.path] ?? `p_${flat(index.path)}`;
}

/** The side table behind a declared index of an array's element field. */
export function elementTable(definition: CollectionDefinition<Entity>, index: Index): string {
  return `${definition.name}__${flat(index.path)}_${flat(index.element ?? "")}`;
}

/** A path as part of a name: `a.b` and `a_b` stay apart. */
const flat = (path: string): string => path.replaceAll("_", "__").replaceAll(".", "_");

export const quote = (name: string): string => `"${name}"`;

/** A path is checked before it comes here (condition.ts), so quoting each part is enough. The path "" is the whole. */
export const jsonPath = (path: string): string =>
  `'$${(path === "" ? [] : path.split(".")).map((part) => `."${part}"`).join("")}'`;

/** The first text after every text that starts with this one, or undefined when there is none. */
export function successor(prefix: string): string | undefined {
  const points = Array.from(prefix, (character) => character.codePointAt(0) ?? 0);
  while (points.length > 0) {
    const last = points.pop() ?? 0;
    if (last < 0x10ffff) return String.fromCodePoint(...points, last === 0xd7ff ? 0xe000 : last + 1);
  }
  return undefined;
}

interface Scope {
  readonly definition: CollectionDefinition<Entity>;
  readonly organizationId: string;
  readonly bind: (value: SqlValue) => string;
  /** The alias of the array element that paths belong to; absent at the record itself. */
  readonly element?: string;
  /** How many aliases are in use. */
  readonly elements: number;
}

const operators = { gt: ">", ge: ">=", lt: "<", le: "<=" } as const;
const nothing = `('null', '""', '[]', '{}')`;

/** Each leaf is true, false or NULL; NULL counts as false, which `IS NOT TRUE` makes of it under a negation. */
function translate(condition: Condition, scope: Scope): string {
  switch (condition.op) {
    case "and":
    case "or": {
      if (condition.all.length === 0) return condition.op === "and" ? "1" : "0";
      return `(${condition.all.map((each) => translate(each, scope)).join(condition.op === "and" ? " AND " : " OR ")})`;
    }
    case "not":
      return `(${translate(condition.condition, scope)} IS NOT TRUE)`;
    case "ne":
      return `(${translate({ ...condition, op: "eq" }, scope)} IS NOT TRUE)`;
    case "some":
      return some(condition.path, condition.where, scope);
    case "present":
      return present(condition.path, scope);
    default: {
      if (scope.element !== undefined) return compare(expression(condition.path, scope), condition, scope);
      // An envelope column turns what it is compared with into its own type: `version = '1'` would be true.
      const leaf = ofEnvelopeType(condition);
      return leaf ? compare(expression(leaf.path, scope), leaf, scope) : "0";
    }
  }
}

type Comparison = Extract<Condition, { op: keyof typeof operators | "contains" | "endsWith" }> | Indexable;

/** A text is compared with texts only; SQLite by itself holds every number for smaller than every text. */
function compare(on: string, leaf: Comparison, scope: Scope): string {
  switch (leaf.op) {
    case "gt":
    case "ge":
    case "lt":
    case "le": {
      const compared = `${on} ${operators[leaf.op]} ${scope.bind(leaf.value)}`;
      const above = leaf.op === "gt" || leaf.op === "ge";
      if (typeof leaf.value === "string") return above ? compared : `(${compared} AND typeof(${on}) = 'text')`;
      return above ? `(${compared} AND typeof(${on}) <> 'text')` : compared;
    }
    case "contains":
      return `(typeof(${on}) = 'text' AND instr(${on}, ${scope.bind(leaf.value)}) > 0)`;
    case "endsWith": {
      if (leaf.value === "") return `typeof(${on}) = 'text'`;
      const length = Array.from(leaf.value).length;
      return `(typeof(${on}) = 'text' AND substr(${on}, -${length}) = ${scope.bind(leaf.value)})`;
    }
    default:
      return matching(on, leaf, scope);
  }
}

/** The comparison without the values that the envelope column of its path cannot hold; undefined: nothing is left. */
function ofEnvelopeType(leaf: Comparison): Comparison | undefined {
  if (!envelopeColumns[leaf.path]) return leaf;
  const type = leaf.path === "version" ? "number" : "string";
  if (leaf.op === "in") return { ...leaf, values: leaf.values.filter((value) => typeof value === type) };
  return typeof leaf.value === type && !(type === "number" && isTextOperator(leaf.op)) ? leaf : undefined;
}

const isTextOperator = (op: Comparison["op"]): boolean => op === "contains" || op === "startsWith" || op === "endsWith";

function expression(path: string, scope: Scope): string {
  if (scope.element === undefined) return columnOf(path, scope.definition);
  if (path === "") return `${scope.element}.atom`;
  // An element that is no object has no fields; asking JSON functions for one would be an error, not a "no".
  return `CASE ${scope.element}.type WHEN 'object' THEN json_extract(${scope.element}.value, ${jsonPath(path)}) END`;
}

const isIndexable = (leaf: Condition): leaf is Indexable =>
  leaf.op === "eq" || leaf.op === "in" || (leaf.op === "startsWith" && leaf.value !== "");

type Indexable = Extract<Condition, { op: "eq" | "in" | "startsWith" }>;

/** The comparisons that an index answers, on a record's column and on a side table's value alike. */
function matching(on: string, leaf: Indexable, scope: Scope): string {
  if (leaf.op === "in") {
    // One bound list: the number of variables stays the same, and an index serves it as it serves `=`.
    return `${on} IN (SELECT value FROM json_each(${scope.bind(JSON.stringify(leaf.values))}))`;
  }
  if (leaf.op === "startsWith") return startsWith(on, leaf.value, scope);
  return `${on} = ${scope.bind(leaf.value)}`;
}

function startsWith(on: string, prefix: string, scope: Scope): string {
  if (prefix === "") return `typeof(${on}) = 'text'`;
  const end = successor(prefix);
  const from = `${on} >= ${scope.bind(prefix)}`;
  return end === undefined ? `(typeof(${on}) = 'text' AND ${from})` : `(${from} AND ${on} < ${scope.bind(end)})`;
}

function present(path: string, scope: Scope): string {
  if (scope.element !== undefined) {
    const element = scope.element;
    if (path === "") {
      return `CASE ${element}.type WHEN 'null' THEN 0 WHEN 'text' THEN ${element}.value <> ''
        WHEN 'array' THEN ${element}.value <> '[]' WHEN 'object' THEN ${element}.value <> '{}' ELSE 1 END`;
    }
    return `CASE ${element}.type WHEN 'object' THEN COALESCE(${element}.value -> ${jsonPath(path)}, 'null') ELSE 'null' END NOT IN ${nothing}`;
  }
  if (envelopeColumns[path]) return "1";
  const { column, at } = placeOf(path, scope.definition);
  return `COALESCE(${column} -> ${at}, 'null') NOT IN ${nothing}`;
}

/**
 * Some element matches. Where a declared element index narrows it, the side table is asked first: its `id IN` form is
 * the one the planner turns into a seek. What the side table alone cannot say is looked up in the array afterwards.
 */
function some(path: string, where: Condition, scope: Scope): string {
  const narrowed = scope.element === undefined ? narrowBySideTable(path, where, scope) : undefined;
  if (narrowed?.exact) return narrowed.text;
  const elements = scope.elements + 1;
  const alias = `e${elements}`;
  const { column: source, at } =
    scope.element === undefined
      ? placeOf(path, scope.definition)
      : { column: `${scope.element}.value`, at: jsonPath(path) };
  const inner: Scope = { ...scope, element: alias, elements };
  // json_each would walk the fields of an object and take a scalar for an array of one.
  const isArray = `json_type(${source}, ${at}) = 'array'`;
  const exists = `EXISTS (SELECT 1 FROM json_each(${source}, ${at}) AS ${alias} WHERE ${translate(where, inner)})`;
  const found = `(${isArray} AND ${exists})`;
  if (scope.element !== undefined) return `CASE ${scope.element}.type WHEN 'object' THEN ${found} END`;
  return narrowed ? `(${narrowed.text} AND ${found})` : found;
}

function narrowBySideTable(path: string, where: Condition, scope: Scope): { text: string; exact: boolean } | undefined {
  const found = leafOfSideTable(path, where, scope.definition);
  if (!found) return undefined;
  const organization = scope.bind(scope.organizationId);
  const table = quote(elementTable(scope.definition, found.index));
  return {
    text: `id IN (SELECT id FROM ${table} WHERE organization_id = ${organization} AND ${matching("value", found.leaf, scope)})`,
    exact: conjunctsOf(where).length === 1,
  };
}

/** The comparison about one element that a declared index answers: one by key before one by range. */
export function leafOfSideTable(
  path: string,
  where: Condition,
  definition: CollectionDefinition<Entity>,
): { readonly leaf: Indexable; readonly index: Index } | undefined {
  const answered = conjunctsOf(where).flatMap((leaf) => {
    if (!isIndexable(leaf)) return [];
    const index = definition.indexes.find((each) => each.path === path && each.element === leaf.path);
    // A range of a key that is unique everywhere runs through all organisations.
    return index && !(leaf.op === "startsWith" && index.unique === "everywhere") ? [{ leaf, index }] : [];
  });
  return answered.find(({ leaf }) => leaf.op !== "startsWith") ?? answered[0];
}

const conjunctsOf = (where: Condition): readonly Condition[] => (where.op === "and" ? where.all : [where]);
