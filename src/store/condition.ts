import { AppError } from "../errors.ts";
import type { Condition, Scalar } from "./query.ts";

/** Deeper than any filter that a person writes, and far below what the parsers of both engines accept. */
export const conditionDepthMax = 20;
/** The most leaves that one condition can have. */
export const conditionTermsMax = 200;

const segmentPattern = /^[A-Za-z_][A-Za-z0-9_-]*$/;
/** Properties that every object inherits without storing them. */
const prototypeKeys = new Set(["__proto__", "constructor", "prototype"]);

/**
 * Rejects a condition that an engine could misread: paths that are not plain record fields, strings that a driver would
 * truncate or replace (NUL, unpaired surrogates), and trees that are too deep or too wide.
 * @throws AppError invalid-filter
 */
export function validateCondition(condition: Condition): void {
  let terms = 0;
  const reject = (message: string): never => {
    throw new AppError("invalid-filter", message);
  };
  const countTerm = (): void => {
    if (++terms > conditionTermsMax)
      reject(`The filter has more than ${conditionTermsMax} terms. Split it into several requests.`);
  };
  const validateScalar = (scalar: Scalar): void => {
    if (typeof scalar === "string" && !isStorableString(scalar))
      reject("A string in the filter contains a NUL or an unpaired surrogate. Remove the character.");
    if (typeof scalar === "number" && !Number.isFinite(scalar))
      reject("A number in the filter is not finite. Use a finite number.");
    if (!["string", "number", "boolean"].includes(typeof scalar))
      reject("A filter value must be a string, a number or a boolean.");
  };
  const visit = (node: Condition, depth: number, allowsElementPath: boolean): void => {
    if (depth > conditionDepthMax)
      reject(`The filter is nested more than ${conditionDepthMax} levels deep. Remove levels of parentheses.`);
    switch (node.op) {
      case "and":
      case "or":
        if (node.all.length === 0) countTerm();
        for (const each of node.all) visit(each, depth + 1, false);
        return;
      case "not":
        visit(node.condition, depth + 1, false);
        return;
      case "some":
        validatePath(node.path);
        visit(node.where, depth + 1, true);
        return;
      default:
        countTerm();
        if (!(allowsElementPath && node.path === "")) validatePath(node.path);
        if (node.op === "in") node.values.forEach(validateScalar);
        else if (node.op !== "present") validateScalar(node.value);
        if (stringOperators.has(node.op) && "value" in node && typeof node.value !== "string")
          reject("co, sw and ew require a string value.");
    }
  };
  visit(condition, 1, false);
}

/**
 * Returns the condition inside a `not` or `ne`, which matches exactly the records that this one does not match;
 * undefined for any other condition.
 */
export function complementOf(condition: Condition): Condition | undefined {
  if (condition.op === "not") return condition.condition;
  return condition.op === "ne" ? { ...condition, op: "eq" } : undefined;
}

const stringOperators: ReadonlySet<Condition["op"]> = new Set(["contains", "startsWith", "endsWith"]);

/** @throws AppError invalid-filter unless the path is a dotted name of plain record fields */
export function validatePath(path: string): void {
  const segments = path.split(".");
  // The organization is fixed when the collection is opened.
  if (
    segments[0] === "organizationId" ||
    !segments.every((part) => segmentPattern.test(part) && !prototypeKeys.has(part))
  ) {
    throw new AppError(
      "invalid-filter",
      "The filter or sort order contains a path that is not a field. Use the name of an attribute.",
    );
  }
}

/** Whether both engines store and return a string unchanged: it has no NUL and no unpaired surrogate. */
export function isStorableString(value: string): boolean {
  return !value.includes("\0") && value.isWellFormed();
}
