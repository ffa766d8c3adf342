import { parseDateTime } from "../../store/date-time.ts";
import { normalize } from "../../store/normalize.ts";
import type { Attribute } from "../schema/definitions.ts";
import type { AttributeFilter } from "./syntax.ts";
import { invalidFilter } from "./tokenizer.ts";

/**
 * A comparison with a value, in the form in which values are stored. `test` is false for an absent value; `negated`
 * inverts the result, also for an absent value.
 */
export interface Comparison {
  readonly test: ValueTest;
  readonly negated: boolean;
}

export type ValueTest =
  | { readonly op: "eq" | "gt" | "ge" | "lt" | "le"; readonly value: string | number | boolean }
  | { readonly op: "contains" | "startsWith" | "endsWith"; readonly value: string }
  | { readonly op: "present" }
  | { readonly op: "never" };

/**
 * Checks the operator and the value of a comparison against the attribute's type, and converts the value to the form in
 * which values are compared (RFC 7644 section 3.4.2.2, RFC 7643 section 2.3). `ne` is the negation of `eq`, and `eq
 * null` the negation of `pr`.
 * @throws AppError invalid-filter for an operator or a value that the type does not support
 */
export function toComparison(attribute: Attribute, filter: AttributeFilter): Comparison {
  if (filter.op === "pr") return { negated: false, test: { op: "present" } };
  const { value, position } = filter;
  const negated = filter.op === "ne";
  const op = filter.op === "ne" ? "eq" : filter.op;
  const invalid = (expected: string): Error => invalidFilter(position, `${attribute.name} ${expected}`);
  if (value === null) {
    if (op !== "eq") throw invalid("supports null only with eq and ne");
    return { negated: !negated, test: { op: "present" } };
  }
  switch (attribute.type) {
    case "boolean": {
      if (op !== "eq") throw invalid("is a boolean and supports only eq, ne and pr");
      const parsedBoolean = parseBoolean(value);
      if (parsedBoolean === undefined) throw invalid("must be compared with true or false");
      return { negated, test: { op, value: parsedBoolean } };
    }
    case "integer":
    case "decimal":
      if (op === "co" || op === "sw" || op === "ew") throw invalid("is a number and does not support co, sw and ew");
      if (typeof value !== "number") throw invalid("must be compared with a number");
      return { negated, test: { op, value } };
    case "dateTime":
      if (op === "co" || op === "sw" || op === "ew")
        throw invalid("is a date and time and does not support co, sw and ew");
      return { negated, test: toDateTimeTest(op, value, invalid) };
    case "binary":
      if (op !== "eq") throw invalid("is binary and supports only eq, ne and pr");
      if (typeof value !== "string") throw invalid("must be compared with a string in double quotes");
      return { negated, test: { op, value } };
    case "complex":
      throw invalid("is a complex attribute: filter by a sub-attribute, such as name.familyName");
    default:
      if (typeof value !== "string") throw invalid("must be compared with a string in double quotes");
      return { negated, test: { op: stringOperators[op], value: toComparable(attribute, value) } };
  }
}

/** Returns whether a value of the attribute, as it occurs in a resource, matches. */
export function matchesComparison(attribute: Attribute, comparison: Comparison, value: unknown): boolean {
  return matchesComparableValue(comparison, typeof value === "string" ? toComparable(attribute, value) : value);
}

/** Returns whether a value matches. @param value in comparable form, as `toComparable` returns it */
export function matchesComparableValue({ test, negated }: Comparison, value: unknown): boolean {
  return passesTest(test, value) !== negated;
}

function passesTest(test: ValueTest, value: unknown): boolean {
  if (test.op === "never") return false;
  if (test.op === "present") return isPresent(value);
  if (typeof value !== typeof test.value) return false;
  if (typeof value !== "string" || typeof test.value !== "string") {
    return satisfiesOrder(test.op, Number(value) - Number(test.value));
  }
  if (test.op === "contains") return value.includes(test.value);
  if (test.op === "startsWith") return value.startsWith(test.value);
  if (test.op === "endsWith") return value.endsWith(test.value);
  // The stores compare by code point, and UTF-8 preserves that order.
  return satisfiesOrder(test.op, Buffer.compare(Buffer.from(value), Buffer.from(test.value)));
}

function satisfiesOrder(op: ValueTest["op"], difference: number): boolean {
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

const stringOperators = {
  eq: "eq",
  gt: "gt",
  ge: "ge",
  lt: "lt",
  le: "le",
  co: "contains",
  sw: "startsWith",
  ew: "endsWith",
} as const;

/** Entra ID sends booleans as strings: "True". */
function parseBoolean(value: string | number | boolean): boolean | undefined {
  if (typeof value === "boolean") return value;
  const normalized = String(value).toLowerCase();
  return normalized === "true" ? true : normalized === "false" ? false : undefined;
}

/**
 * Times are stored in whole milliseconds. A more precise time lies between two of them: it equals neither, and every
 * stored time after the earlier one is after it.
 */
function toDateTimeTest(
  op: "eq" | "gt" | "ge" | "lt" | "le",
  value: string | number | boolean,
  invalid: (expected: string) => Error,
): ValueTest {
  const instant = typeof value === "string" ? parseDateTime(value) : undefined;
  if (!instant) throw invalid('must be compared with a date and time in double quotes, such as "2011-05-13T04:42:34Z"');
  if (instant.isExact) return { op, value: instant.milliseconds };
  if (op === "eq") return { op: "never" };
  return { op: op === "gt" || op === "ge" ? "gt" : "le", value: instant.milliseconds };
}

/** Converts a string value of the attribute to the form in which it is compared. */
export function toComparable(attribute: Attribute, value: string): string {
  if (attribute.type === "dateTime") return parseDateTime(value)?.milliseconds ?? value;
  return isCaseInsensitive(attribute) ? normalize(value) : value;
}

/** Returns whether values of the attribute are compared case-insensitively (RFC 7643 section 2.2). */
export function isCaseInsensitive({ type, caseExact }: Attribute): boolean {
  return !caseExact && (type === "string" || type === "reference");
}

function isPresent(value: unknown): boolean {
  if (value === undefined || value === null || value === "") return false;
  return typeof value !== "object" || Object.keys(value).length > 0;
}
