import { AppError } from "../errors.ts";
import type { Condition, Scalar } from "./collection.ts";

/** Deep enough for any question a person writes, far below what either engine's parser can take. */
export const conditionDepthMax = 20;
/** Leaves of one condition. */
export const conditionTermsMax = 200;

const segment = /^[A-Za-z_][A-Za-z0-9_-]*$/;
/** What every object has without anybody having stored it. */
const inherited = new Set(["__proto__", "constructor", "prototype"]);

/**
 * Refuses a condition that an engine could misread before either engine sees it: paths that are not plain record
 * fields, text that a driver would cut or replace (NUL, lone surrogates), and trees too deep or too wide.
 * @throws AppError invalid-filter
 */
export function checkCondition(condition: Condition): void {
  let terms = 0;
  const refuse = (message: string): never => {
    throw new AppError("invalid-filter", message);
  };
  const term = (): void => {
    if (++terms > conditionTermsMax) refuse(`The filter has more than ${conditionTermsMax} terms.`);
  };
  const value = (one: Scalar): void => {
    if (typeof one === "string" && !isStorableText(one))
      refuse("A text in the filter holds a NUL or half a character.");
    if (typeof one === "number" && !Number.isFinite(one)) refuse("A number in the filter is not finite.");
    if (!["string", "number", "boolean"].includes(typeof one)) refuse("A filter compares texts, numbers and booleans.");
  };
  const visit = (node: Condition, depth: number, wholeElement: boolean): void => {
    if (depth > conditionDepthMax) refuse(`The filter is nested more than ${conditionDepthMax} deep.`);
    switch (node.op) {
      case "and":
      case "or":
        if (node.all.length === 0) term();
        for (const each of node.all) visit(each, depth + 1, false);
        return;
      case "not":
        visit(node.condition, depth + 1, false);
        return;
      case "some":
        checkPath(node.path);
        visit(node.where, depth + 1, true);
        return;
      default:
        term();
        if (!(wholeElement && node.path === "")) checkPath(node.path);
        if (node.op === "in") node.values.forEach(value);
        else if (node.op !== "present") value(node.value);
        if (textOperators.has(node.op) && "value" in node && typeof node.value !== "string")
          refuse("co, sw and ew compare texts.");
    }
  };
  visit(condition, 1, false);
}

/** The condition that exactly those records meet which do not meet this one, where it is named by this one. */
export function complementOf(condition: Condition): Condition | undefined {
  if (condition.op === "not") return condition.condition;
  return condition.op === "ne" ? { ...condition, op: "eq" } : undefined;
}

const textOperators: ReadonlySet<Condition["op"]> = new Set(["contains", "startsWith", "endsWith"]);

/** @throws AppError invalid-filter unless the path is a dotted name of plain record fields */
export function checkPath(path: string): void {
  const parts = path.split(".");
  // Which organisation is asked was settled when the collection was opened.
  if (parts[0] === "organizationId" || !parts.every((part) => segment.test(part) && !inherited.has(part))) {
    throw new AppError("invalid-filter", "A filter or sort names something that is not a field.");
  }
}

/** Whether a text comes back from both engines as it went in: no NUL, no half of a surrogate pair. */
export function isStorableText(text: string): boolean {
  return !text.includes("\0") && text.isWellFormed();
}
