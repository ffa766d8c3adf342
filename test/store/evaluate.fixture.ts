import type { Condition, Scalar, Sort } from "../../src/store/query.ts";
import type { Entity } from "../../src/store/record.ts";

/** Evaluates a condition for a record in memory, exactly as the documentation of `Condition` specifies. */
export function matchesCondition(condition: Condition, record: unknown): boolean {
  switch (condition.op) {
    case "and":
      return condition.all.every((each) => matchesCondition(each, record));
    case "or":
      return condition.all.some((each) => matchesCondition(each, record));
    case "not":
      return !matchesCondition(condition.condition, record);
    case "some": {
      const list = valueAt(record, condition.path);
      return Array.isArray(list) && list.some((element) => matchesCondition(condition.where, element));
    }
    case "present":
      return isPresent(valueAt(record, condition.path));
    case "ne":
      return !matchesCondition({ ...condition, op: "eq" }, record);
    case "in":
      return condition.values.some((value) => matchesCondition({ op: "eq", path: condition.path, value }, record));
    default:
      return compares(condition, valueAt(record, condition.path));
  }
}

/** Returns the records in the order of `Query.sort`. */
export function sortRecords<T extends Entity>(records: readonly T[], sort: Sort): readonly T[] {
  const ascending = [...records].sort((a, b) => {
    const [left, right] = [valueAt(a, sort.path) ?? null, valueAt(b, sort.path) ?? null];
    if (left === null && right === null) return compareText(a.id, b.id);
    if (left === null) return 1;
    if (right === null) return -1;
    return compare(left as Scalar, right as Scalar) || compareText(a.id, b.id);
  });
  return sort.direction === "ascending" ? ascending : ascending.reverse();
}

/** Returns the value at a path, or undefined. The path `""` is the value itself. */
export function valueAt(value: unknown, path: string): unknown {
  if (path === "") return value;
  let at = value;
  for (const name of path.split(".")) {
    if (typeof at !== "object" || at === null || Array.isArray(at) || !Object.hasOwn(at, name)) return undefined;
    at = (at as Readonly<Record<string, unknown>>)[name];
  }
  return at;
}

type Comparison = Extract<Condition, { value: unknown; op: Exclude<Condition["op"], "ne"> }>;

function compares({ op, value }: Comparison, held: unknown): boolean {
  if (typeof held !== typeof value) return false;
  const order = compare(held as Scalar, value);
  const [text, part] = [String(held), String(value)];
  return {
    eq: order === 0,
    gt: order > 0,
    ge: order >= 0,
    lt: order < 0,
    le: order <= 0,
    contains: text.includes(part),
    startsWith: text.startsWith(part),
    endsWith: text.endsWith(part),
  }[op];
}

function isPresent(value: unknown): boolean {
  if (value === undefined || value === null || value === "") return false;
  return typeof value !== "object" || Object.keys(value).length > 0;
}

function compare(a: Scalar, b: Scalar): number {
  return typeof a === "string" && typeof b === "string" ? compareText(a, b) : Number(a) - Number(b);
}

/** Compares by code point; `<` of JavaScript compares by UTF-16 code unit. */
function compareText(a: string, b: string): number {
  const [left, right] = [Array.from(a), Array.from(b)];
  for (let at = 0; at < Math.min(left.length, right.length); at++) {
    const difference = (left[at]?.codePointAt(0) ?? 0) - (right[at]?.codePointAt(0) ?? 0);
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}
