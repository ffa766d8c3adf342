import type { McpObject } from "../upstream/upstream-calls.ts";

/** Where a value does not match its JSON Schema, and what is expected there. */
export interface OutputIssue {
  /** Names and indexes from the root. */
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/** `undecided` is neither a match nor a mismatch, so that `not` and `oneOf` cannot turn it into one. */
export type Verdict = "match" | "undecided" | OutputIssue;

/** The schema in which a keyword is, and where its value is. */
export interface RuleScope {
  readonly schema: McpObject;
  readonly path: readonly (string | number)[];
  /** Checks a part of the value. @param names lead from the value to the part */
  check(subschema: unknown, part: unknown, ...names: readonly (string | number)[]): Verdict;
  /** Counts work that is not a check. */
  countSteps(steps: number): void;
}

/** Decides about one keyword. `content` is the keyword's own value. */
export type OutputRule = (content: never, value: never, scope: RuleScope) => Verdict;

export const isIssue = (verdict: Verdict): verdict is OutputIssue => typeof verdict === "object";

/** Matches if all checks match. It ends with the first mismatch. */
export function matchAll<T>(items: Iterable<T>, check: (item: T) => Verdict): Verdict {
  let verdict: Verdict = "match";
  for (const item of items) {
    const each = check(item);
    if (isIssue(each)) return each;
    if (each === "undecided") verdict = each;
  }
  return verdict;
}

/** A rule for values of one type; other values match. */
export const forType =
  <C, V>(
    isOfType: (value: unknown) => boolean,
    rule: (content: C, value: V, scope: RuleScope) => Verdict,
  ): OutputRule =>
  (content, value, scope) =>
    isOfType(value) ? rule(content, value, scope) : "match";

/** A rule that compares a value of one type with the keyword's value. */
export const compare = <C, V>(
  isOfType: (value: unknown) => boolean,
  isMatch: (content: C, value: V, scope: RuleScope) => boolean,
  toMessage: (content: C) => string,
): OutputRule =>
  forType<C, V>(isOfType, (content, value, scope) =>
    isMatch(content, value, scope) ? "match" : { path: scope.path, message: toMessage(content) },
  );
