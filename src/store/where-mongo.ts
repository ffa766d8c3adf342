import { AppError } from "../errors.ts";
import type { CollectionDefinition, Condition, Entity, Scalar } from "./collection.ts";
import { documentId, documentPath } from "./mongo-document.ts";
import type { Fields } from "./mongo-driver.ts";

/**
 * Condition -> a filter for the documents of one organisation. Only texts, numbers and booleans become operands, so
 * that nothing that a caller sends is ever read as an operator.
 * @throws AppError invalid-filter for a text that is longer than a pattern may be
 */
export function toFilter(
  condition: Condition,
  definition: CollectionDefinition<Entity>,
  organizationId: string,
): Fields {
  return translate(condition, {
    idPrefix: documentId(organizationId, ""),
    holdsOneValue: (path) =>
      envelope.has(path) || definition.indexes.some((each) => each.path === path && each.element === undefined),
    elementHoldsOneValue: (path, field) =>
      definition.indexes.some((each) => each.path === path && each.element === field),
  });
}

interface Scope {
  /** What the documents' ids begin with; absent inside an array's element. */
  readonly idPrefix?: string;
  /** Paths that are declared to hold one value, so that no array needs to be ruled out. */
  holdsOneValue(path: string): boolean;
  elementHoldsOneValue(path: string, field: string): boolean;
}

const envelope = new Set(["id", "version", "createdAt", "updatedAt"]);
const everything: Fields = {};
const nothing: Fields = { $nor: [{}] };
/** MongoDB looks through arrays by itself; a path does not. */
const noArray: Fields = { $not: { $type: "array" } };
const absent = [null, "", [], {}];

function translate(condition: Condition, scope: Scope): Fields {
  switch (condition.op) {
    case "and":
      return condition.all.length === 0 ? everything : { $and: condition.all.map((each) => translate(each, scope)) };
    case "or":
      return condition.all.length === 0 ? nothing : { $or: condition.all.map((each) => translate(each, scope)) };
    case "not":
      return { $nor: [translate(condition.condition, scope)] };
    case "ne":
      if (condition.path === "") return { $ne: condition.value };
      return { $nor: [translate({ ...condition, op: "eq" }, scope)] };
    case "present":
      return present(condition.path, scope);
    case "some":
      return some(condition.path, condition.where, scope);
    default:
      return compare(condition, scope);
  }
}

type Comparison = Exclude<Condition, { op: "and" | "or" | "not" | "ne" | "present" | "some" }>;

function compare(condition: Comparison, scope: Scope): Fields {
  const { path } = condition;
  if (path === "id" && scope.idPrefix !== undefined) {
    const onId = prefixed(condition, scope.idPrefix);
    if (onId) return { _id: operator(onId) };
  }
  const operators = operator(condition);
  if (path === "") return operators;
  const field = documentPath(path);
  if (scope.holdsOneValue(path)) return { [field]: operators };
  return { $and: [...outsideArrays(field), { [field]: { ...operators, ...noArray } }] };
}

function operator(condition: Comparison): Fields {
  switch (condition.op) {
    case "eq":
      return { $eq: condition.value };
    case "gt":
      return { $gt: condition.value };
    case "ge":
      return { $gte: condition.value };
    case "lt":
      return { $lt: condition.value };
    case "le":
      return { $lte: condition.value };
    case "in":
      return { $in: condition.values };
    case "startsWith":
      return pattern(condition.value, (text) => `^${text}`);
    case "contains":
      return pattern(condition.value, (text) => text);
    case "endsWith":
      return pattern(condition.value, (text) => `${text}\\z`);
  }
}

/** A comparison of ids as one of documents' ids, which their own index serves; undefined where there is none. */
function prefixed(condition: Comparison, prefix: string): Comparison | undefined {
  const isText = (value: Scalar): value is string => typeof value === "string";
  switch (condition.op) {
    case "in":
      return { ...condition, values: condition.values.filter(isText).map((value) => prefix + value) };
    case "contains":
    case "endsWith":
      return undefined;
    default:
      return isText(condition.value) ? { ...condition, value: prefix + condition.value } : undefined;
  }
}

/** Longest pattern that the server compiles, in bytes. */
const patternBytesMax = 32_000;

function pattern(text: string, around: (escaped: string) => string): Fields {
  if (text === "") return { $gte: "" }; // every text
  const $regex = around(text.replace(/[\\^$.|?*+()[\]{}]/g, "\\$&"));
  if (Buffer.byteLength($regex) > patternBytesMax) {
    throw new AppError("invalid-filter", "A text in the filter is too long.");
  }
  return { $regex };
}

function present(path: string, scope: Scope): Fields {
  if (path === "") return { $nin: absent };
  const field = documentPath(path);
  if (scope.holdsOneValue(path)) return { [field]: { $nin: absent } };
  // On an array `$nin` would speak of its elements; an array that has a first one is present.
  return {
    $and: [...outsideArrays(field), { $or: [{ [`${field}.0`]: { $exists: true } }, { [field]: { $nin: absent } }] }],
  };
}

function some(path: string, where: Condition, scope: Scope): Fields {
  const field = documentPath(path);
  const inner: Scope = {
    holdsOneValue: (each) => scope.idPrefix !== undefined && scope.elementHoldsOneValue(path, each),
    elementHoldsOneValue: () => false,
  };
  const matches: Fields[] = [{ [field]: { $elemMatch: translate(where, inner) } }];
  // A pattern of fields is tried on objects only; what is true of no fields is true of every other element too.
  if (!speaksOfWhole(where) && isTrueOfNothing(where)) {
    matches.push({ [field]: { $elemMatch: { $not: { $type: "object" } } } });
  }
  const match = matches.length === 1 ? matches : [{ $or: matches }];
  const outside = outsideArrays(field);
  return outside.length === 0 ? (match[0] ?? nothing) : { $and: [...outside, ...match] };
}

/** That none of the objects which a path goes through is an array. */
function outsideArrays(field: string): Fields[] {
  const parts = field.split(".");
  return parts.slice(1).map((_, at) => ({ [parts.slice(0, at + 1).join(".")]: noArray }));
}

const speaksOfWhole = (where: Condition): boolean => "path" in where && where.path === "";

function isTrueOfNothing(where: Condition): boolean {
  switch (where.op) {
    case "and":
      return where.all.every(isTrueOfNothing);
    case "or":
      return where.all.some(isTrueOfNothing);
    case "not":
      return !isTrueOfNothing(where.condition);
    default:
      return where.op === "ne";
  }
}
