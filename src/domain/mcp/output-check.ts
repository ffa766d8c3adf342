import { isMcpObject, type McpObject } from "../upstream/upstream-calls.ts";
import { outputRules } from "./output-rules.ts";
import { matchAll, type OutputIssue, type RuleScope, type Verdict } from "./output-verdict.ts";

/**
 * Compares a structured result with the output schema of its tool (JSON Schema draft 2020-12 or draft-07). The server
 * wrote both, so that the check is bounded: it interprets the schema, in at most 100,000 steps, and runs no regular
 * expression. What it does not decide, such as `pattern` and `format`, counts as a match.
 * @param schema a schema without issues by `findJsonSchemaIssues`
 * @returns the first mismatch; undefined if the value matches, or if that is not decided
 */
export function findOutputIssue(schema: unknown, value: unknown): OutputIssue | undefined {
  try {
    const verdict = new OutputCheck(schema).check(schema, value, [], 0);
    return typeof verdict === "object" ? verdict : undefined;
  } catch (error) {
    if (error instanceof StepLimitError) return undefined;
    throw error;
  }
}

class StepLimitError extends Error {}

const stepsMax = 100_000;
/** References can lead back to themselves. */
const depthMax = 200;

class OutputCheck {
  readonly #root: unknown;
  readonly #isDraft7: boolean;
  #steps = 0;

  constructor(root: unknown) {
    this.#root = root;
    const dialect = isMcpObject(root) ? root["$schema"] : undefined;
    this.#isDraft7 = typeof dialect === "string" && dialect.includes("draft-07");
  }

  check(schema: unknown, value: unknown, path: readonly (string | number)[], depth: number): Verdict {
    this.#countSteps(1);
    if (schema === false) return { path, message: "must be absent" };
    if (!isMcpObject(schema)) return "match";
    if (depth > depthMax) return "undecided";
    const scope: RuleScope = {
      schema,
      path,
      check: (subschema, part, ...names) =>
        this.check(subschema, part, names.length === 0 ? path : [...path, ...names], depth + 1),
      countSteps: (steps) => this.#countSteps(steps),
    };
    const reference = schema["$ref"];
    if (reference === undefined) return this.#checkKeywords(schema, value, scope);
    const target = findTarget(this.#root, reference);
    const verdict = target === undefined ? "undecided" : scope.check(target, value);
    // Draft-07 ignores the other keywords beside a reference.
    if (this.#isDraft7 || typeof verdict === "object") return verdict;
    const rest = this.#checkKeywords(schema, value, scope);
    return rest === "match" ? verdict : rest;
  }

  #checkKeywords(schema: McpObject, value: unknown, scope: RuleScope): Verdict {
    return matchAll(Object.entries(schema), ([keyword, content]) => {
      this.#countSteps(1);
      return outputRules.get(keyword)?.(content as never, value as never, scope) ?? "match";
    });
  }

  #countSteps(steps: number): void {
    this.#steps += steps;
    if (this.#steps > stepsMax) throw new StepLimitError();
  }
}

/** Resolves `#` and JSON pointers. Anchors are not resolved. */
function findTarget(root: unknown, reference: unknown): unknown {
  if (reference === "#") return root;
  if (typeof reference !== "string" || !reference.startsWith("#/")) return undefined;
  let value = root;
  for (const segment of reference.slice(2).split("/")) {
    const key = decodeURIComponent(segment).replaceAll("~1", "/").replaceAll("~0", "~");
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as McpObject)[key];
  }
  return value;
}
