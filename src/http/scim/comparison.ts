import { fold } from "../../domain/fold.ts";
import { instantOf } from "./date-time.ts";
import type { AttributeFilter } from "./filter-syntax.ts";
import { refusal } from "./filter-tokens.ts";
import type { Attribute } from "./scimmy.ts";

/**
 * What a comparison asks of a value, in the form in which values are stored. False where there is no value; then,
 * and only then, `negated` makes it true.
 */
export interface Comparison {
  readonly test: Test;
  readonly negated: boolean;
}

export type Test =
  | { readonly op: "eq" | "gt" | "ge" | "lt" | "le"; readonly value: string | number | boolean }
  | { readonly op: "contains" | "startsWith" | "endsWith"; readonly value: string }
  | { readonly op: "present" }
  | { readonly op: "never" };

/**
 * The rules of RFC 7644 section 3.4.2.2 for the types of RFC 7643 section 2.3: which operators an attribute takes,
 * with which values, and how a value is written so that it can be compared.
 * `ne` is the negation of `eq`, and `eq null` that of `pr`.
 * @throws AppError invalid-filter
 */
export function comparisonOf(attribute: Attribute, filter: AttributeFilter): Comparison {
  if (filter.op === "pr") return { negated: false, test: { op: "present" } };
  const { value, position } = filter;
  const negated = filter.op === "ne";
  const op = filter.op === "ne" ? "eq" : filter.op;
  const refuse = (expected: string): Error => refusal(position, `${attribute.name} ${expected}`);
  if (value === null) {
    if (op !== "eq") throw refuse("compares with null by eq and ne only");
    return { negated: !negated, test: { op: "present" } };
  }
  switch (attribute.type) {
    case "boolean": {
      if (op !== "eq") throw refuse("is true or false and takes eq, ne and pr only");
      const truth = booleanOf(value);
      if (truth === undefined) throw refuse("compares with true or false");
      return { negated, test: { op, value: truth } };
    }
    case "integer":
    case "decimal":
      if (op === "co" || op === "sw" || op === "ew") throw refuse("is a number and does not take co, sw and ew");
      if (typeof value !== "number") throw refuse("compares with a number");
      return { negated, test: { op, value } };
    case "dateTime":
      if (op === "co" || op === "sw" || op === "ew") throw refuse("is a point in time and does not take co, sw and ew");
      return { negated, test: pointInTime(op, value, refuse) };
    case "binary":
      if (op !== "eq") throw refuse("is binary and takes eq, ne and pr only");
      if (typeof value !== "string") throw refuse("compares with a text in double quotes");
      return { negated, test: { op, value } };
    case "complex":
      throw refuse("has parts: ask by one of them, as in name.familyName");
    default:
      if (typeof value !== "string") throw refuse("compares with a text in double quotes");
      return { negated, test: { op: textOperators[op], value: comparable(attribute, value) } };
  }
}

/** Whether one value of the attribute, as it is in a resource, passes. */
export function passes(attribute: Attribute, comparison: Comparison, value: unknown): boolean {
  return passesAs(comparison, typeof value === "string" ? comparable(attribute, value) : value);
}

/** @param value in the form in which it is compared, as `comparable` gives it */
export function passesAs({ test, negated }: Comparison, value: unknown): boolean {
  return holds(test, value) !== negated;
}

function holds(test: Test, value: unknown): boolean {
  if (test.op === "never") return false;
  if (test.op === "present") return isPresent(value);
  if (typeof value !== typeof test.value) return false;
  if (typeof value !== "string" || typeof test.value !== "string") {
    return ordered(test.op, Number(value) - Number(test.value));
  }
  if (test.op === "contains") return value.includes(test.value);
  if (test.op === "startsWith") return value.startsWith(test.value);
  if (test.op === "endsWith") return value.endsWith(test.value);
  // UTF-8 keeps the order of code points, in which the stores compare.
  return ordered(test.op, Buffer.compare(Buffer.from(value), Buffer.from(test.value)));
}

function ordered(op: Test["op"], difference: number): boolean {
  switch (op) {
    case "eq":
      return difference === 0;
    case "gt":
      return difference > 0;
    case "ge":
      return difference >= 0;
    case "lt":
      return difference < 0;
    default:
      return op === "le" && difference <= 0;
  }
}

const textOperators = {
  eq: "eq",
  gt: "gt",
  ge: "ge",
  lt: "lt",
  le: "le",
  co: "contains",
  sw: "startsWith",
  ew: "endsWith",
} as const;

/** Entra ID writes booleans as texts: "True". */
function booleanOf(value: string | number | boolean): boolean | undefined {
  if (typeof value === "boolean") return value;
  const text = String(value).toLowerCase();
  return text === "true" ? true : text === "false" ? false : undefined;
}

/**
 * Times are stored in whole milliseconds. A finer time lies between two of them: it equals neither, and what is after
 * the one before it is after it.
 */
function pointInTime(
  op: "eq" | "gt" | "ge" | "lt" | "le",
  value: string | number | boolean,
  refuse: (expected: string) => Error,
): Test {
  const instant = typeof value === "string" ? instantOf(value) : undefined;
  if (!instant) throw refuse('compares with a date and time in double quotes, as "2011-05-13T04:42:34Z"');
  if (instant.isExact) return { op, value: instant.milliseconds };
  if (op === "eq") return { op: "never" };
  return { op: op === "gt" || op === "ge" ? "gt" : "le", value: instant.milliseconds };
}

/** A text of the attribute in the form in which it is compared. */
export function comparable(attribute: Attribute, value: string): string {
  if (attribute.type === "dateTime") return instantOf(value)?.milliseconds ?? value;
  return isFolded(attribute) ? fold(value) : value;
}

/** Whether the attribute's texts are compared without regard to case (RFC 7643 section 2.2). */
export function isFolded({ type, caseExact }: Attribute): boolean {
  return !caseExact && (type === "string" || type === "reference");
}

function isPresent(value: unknown): boolean {
  if (value === undefined || value === null || value === "") return false;
  return typeof value !== "object" || Object.keys(value).length > 0;
}
