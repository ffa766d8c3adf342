import { AppError } from "../../../errors.ts";
import type { Condition, Scalar } from "../../query.ts";
import type { Entity } from "../../record.ts";
import type { CollectionDefinition } from "../../store.ts";
import { documentId, documentPath } from "../document.ts";
import type { Fields } from "../driver.ts";

/**
 * Converts a condition to a MongoDB filter for the documents of one organization. Only strings, numbers and booleans
 * become operands, so that caller input is never interpreted as an operator.
 * @throws AppError invalid-filter for a string that exceeds the pattern limit of the server
 */
export function toFilter(
  condition: Condition,
  definition: CollectionDefinition<Entity>,
  organizationId: string,
): Fields {
  return translateCondition(condition, {
    idPrefix: documentId(organizationId, ""),
    isSingleValued: (path) =>
      envelopePaths.has(path) || definition.indexes.some((each) => each.path === path && each.element === undefined),
    isElementSingleValued: (path, field) =>
      definition.indexes.some((each) => each.path === path && each.element === field),
  });
}

interface Scope {
  /** Prefix of the document ids; absent inside an array element. */
  readonly idPrefix?: string;
  /** Returns whether a path is declared to hold one value, so that arrays need not be excluded. */
  isSingleValued(path: string): boolean;
  isElementSingleValued(path: string, field: string): boolean;
}

const envelopePaths = new Set(["id", "version", "createdAt", "updatedAt"]);
const matchAll: Fields = {};
const matchNone: Fields = { $nor: [{}] };
/** MongoDB matches elements of arrays implicitly; a path of a condition does not. */
const notArray: Fields = { $not: { $type: "array" } };
const emptyValues = [null, "", [], {}];

function translateCondition(condition: Condition, scope: Scope): Fields {
  switch (condition.op) {
    case "and":
      return condition.all.length === 0
        ? matchAll
        : { $and: condition.all.map((each) => translateCondition(each, scope)) };
    case "or":
      return condition.all.length === 0
        ? matchNone
        : { $or: condition.all.map((each) => translateCondition(each, scope)) };
    case "not":
      return { $nor: [translateCondition(condition.condition, scope)] };
    case "ne":
      if (condition.path === "") return { $ne: condition.value };
      return { $nor: [translateCondition({ ...condition, op: "eq" }, scope)] };
    case "present":
      return translatePresent(condition.path, scope);
    case "some":
      return translateSome(condition.path, condition.where, scope);
    default:
      return translateComparison(condition, scope);
  }
}

type Comparison = Exclude<Condition, { op: "and" | "or" | "not" | "ne" | "present" | "some" }>;

function translateComparison(condition: Comparison, scope: Scope): Fields {
  const { path } = condition;
  if (path === "id" && scope.idPrefix !== undefined) {
    const idComparison = toDocumentIdComparison(condition, scope.idPrefix);
    if (idComparison) return { _id: toOperator(idComparison) };
  }
  const operators = toOperator(condition);
  if (path === "") return operators;
  const field = documentPath(path);
  if (scope.isSingleValued(path)) return { [field]: operators };
  return { $and: [...excludeArrays(field), { [field]: { ...operators, ...notArray } }] };
}

function toOperator(condition: Comparison): Fields {
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
      return toRegex(condition.value, (text) => `^${text}`);
    case "contains":
      return toRegex(condition.value, (text) => text);
    case "endsWith":
      return toRegex(condition.value, (text) => `${text}\\z`);
  }
}

/** Converts a comparison of ids to one of document ids, which the `_id` index serves; undefined if that is not possible. */
function toDocumentIdComparison(condition: Comparison, prefix: string): Comparison | undefined {
  const isString = (value: Scalar): value is string => typeof value === "string";
  switch (condition.op) {
    case "in":
      return { ...condition, values: condition.values.filter(isString).map((value) => prefix + value) };
    case "contains":
    case "endsWith":
      return undefined;
    default:
      return isString(condition.value) ? { ...condition, value: prefix + condition.value } : undefined;
  }
}

/** Longest regular expression that the server compiles, in bytes. */
const patternBytesMax = 32_000;

function toRegex(text: string, anchor: (escaped: string) => string): Fields {
  if (text === "") return { $gte: "" }; // every string
  const $regex = anchor(text.replace(/[\\^$.|?*+()[\]{}]/g, "\\$&"));
  if (Buffer.byteLength($regex) > patternBytesMax) {
    throw new AppError(
      "invalid-filter",
      `A string in the filter is too long. The limit is ${patternBytesMax.toLocaleString("en")} bytes.`,
    );
  }
  return { $regex };
}

function translatePresent(path: string, scope: Scope): Fields {
  if (path === "") return { $nin: emptyValues };
  const field = documentPath(path);
  if (scope.isSingleValued(path)) return { [field]: { $nin: emptyValues } };
  // On an array, `$nin` would apply to its elements. An array with a first element is present.
  return {
    $and: [
      ...excludeArrays(field),
      { $or: [{ [`${field}.0`]: { $exists: true } }, { [field]: { $nin: emptyValues } }] },
    ],
  };
}

function translateSome(path: string, where: Condition, scope: Scope): Fields {
  const field = documentPath(path);
  const inner: Scope = {
    isSingleValued: (each) => scope.idPrefix !== undefined && scope.isElementSingleValued(path, each),
    isElementSingleValued: () => false,
  };
  const matches: Fields[] = [{ [field]: { $elemMatch: translateCondition(where, inner) } }];
  // `$elemMatch` with fields tests objects only. A condition that holds without fields also holds for scalar elements.
  if (!targetsElement(where) && matchesMissing(where)) {
    matches.push({ [field]: { $elemMatch: { $not: { $type: "object" } } } });
  }
  const match = matches.length === 1 ? matches : [{ $or: matches }];
  const arrayExclusions = excludeArrays(field);
  return arrayExclusions.length === 0 ? (match[0] ?? matchNone) : { $and: [...arrayExclusions, ...match] };
}

/** Returns filters that exclude documents in which an inner part of the path is an array. */
function excludeArrays(field: string): Fields[] {
  const parts = field.split(".");
  return parts.slice(1).map((_, at) => ({ [parts.slice(0, at + 1).join(".")]: notArray }));
}

const targetsElement = (where: Condition): boolean => "path" in where && where.path === "";

function matchesMissing(where: Condition): boolean {
  switch (where.op) {
    case "and":
      return where.all.every(matchesMissing);
    case "or":
      return where.all.some(matchesMissing);
    case "not":
      return !matchesMissing(where.condition);
    default:
      return where.op === "ne";
  }
}
