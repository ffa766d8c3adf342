import { isDeepStrictEqual } from "node:util";
import { isMcpObject, type McpObject } from "../upstream/upstream-calls.ts";
import {
  compare,
  forType,
  isIssue,
  matchAll,
  type OutputRule,
  type RuleScope,
  type Verdict,
} from "./output-verdict.ts";

const undecided = (): Verdict => "undecided";

const isNumber = (value: unknown): boolean => typeof value === "number";
const isString = (value: unknown): boolean => typeof value === "string";

type Schemas = readonly unknown[];
type SchemaMap = McpObject;

/** Counts characters as JSON Schema does: code points. */
function countCharacters(text: string, { countSteps }: RuleScope): number {
  countSteps(Math.ceil(text.length / 64));
  let count = 0;
  for (let index = 0; index < text.length; index += (text.codePointAt(index) ?? 0) > 0xffff ? 2 : 1) count++;
  return count;
}

const typeTests: Readonly<Record<string, (value: unknown) => boolean>> = {
  array: Array.isArray,
  boolean: (value) => typeof value === "boolean",
  integer: Number.isInteger,
  null: (value) => value === null,
  number: isNumber,
  object: isMcpObject,
  string: isString,
};

const matchMap = (content: SchemaMap, value: McpObject, scope: RuleScope): Verdict =>
  matchAll(listNames(value, scope), (name) =>
    Object.hasOwn(content, name) ? scope.check(content[name], value[name], name) : "match",
  );

function listNames(value: McpObject, { countSteps }: RuleScope): readonly string[] {
  const names = Object.keys(value);
  countSteps(names.length);
  return names;
}

function requireNames(names: readonly string[], value: McpObject, { path, countSteps }: RuleScope): Verdict {
  const missing = names.find((name) => {
    countSteps(1);
    return !Object.hasOwn(value, name);
  });
  return missing === undefined ? "match" : { path, message: `must have the field ${missing}` };
}

function matchAny(schemas: Schemas, value: unknown, { check, path }: RuleScope): Verdict {
  let isUndecided = false;
  for (const schema of schemas) {
    const verdict = check(schema, value);
    if (verdict === "match") return verdict;
    if (verdict === "undecided") isUndecided = true;
  }
  return isUndecided ? "undecided" : { path, message: "must match one of the schemas in anyOf" };
}

function matchOne(schemas: Schemas, value: unknown, { check, path }: RuleScope): Verdict {
  const verdicts = schemas.map((schema) => check(schema, value));
  const matches = verdicts.filter((each) => each === "match").length;
  const isUndecided = verdicts.includes("undecided");
  if (matches > 1 || (matches === 0 && !isUndecided))
    return { path, message: "must match exactly one of the schemas in oneOf" };
  return isUndecided ? "undecided" : "match";
}

function matchNot(schema: unknown, value: unknown, { check, path }: RuleScope): Verdict {
  const verdict = check(schema, value);
  if (verdict === "match") return { path, message: "must not match the schema in not" };
  return isIssue(verdict) ? "match" : verdict;
}

function matchIf(schema: unknown, value: unknown, { check, schema: parent }: RuleScope): Verdict {
  const verdict = check(schema, value);
  if (verdict === "undecided") return verdict;
  return check(verdict === "match" ? parent["then"] : parent["else"], value);
}

function matchContains(schema: unknown, value: Schemas, { check, path, schema: parent }: RuleScope): Verdict {
  const verdicts = value.map((each) => check(schema, each));
  const matches = verdicts.filter((each) => each === "match").length;
  const possible = matches + verdicts.filter((each) => each === "undecided").length;
  const { minContains = 1, maxContains = Number.POSITIVE_INFINITY } = parent;
  if (possible < Number(minContains) || matches > Number(maxContains))
    return { path, message: "must contain another number of items that match the schema in contains" };
  return possible === matches ? "match" : "undecided";
}

/** Matches the items from an index on with one schema. */
const matchItems = (schema: unknown, value: Schemas, start: number, { check }: RuleScope): Verdict =>
  matchAll(value.slice(start).entries(), ([index, each]) => check(schema, each, start + index));

const matchTuple = (schemas: Schemas, value: Schemas, { check }: RuleScope): Verdict =>
  matchAll(schemas.slice(0, value.length).entries(), ([index, schema]) => check(schema, value[index], index));

const toCount = (content: unknown): number => (Array.isArray(content) ? content.length : 0);

/** Names that only `additionalProperties` covers are not known where names are matched by regular expressions. */
function matchAdditional(schema: unknown, value: McpObject, scope: RuleScope): Verdict {
  const { check, schema: parent } = scope;
  const declared = Object(parent["properties"]) as McpObject;
  const names = listNames(value, scope).filter((name) => !Object.hasOwn(declared, name));
  if (names.length > 0 && parent["patternProperties"] !== undefined) return "undecided";
  return matchAll(names, (name) => check(schema, value[name], name));
}

const equals = (one: unknown, other: unknown, { countSteps }: RuleScope): boolean => {
  countSteps(1);
  if (typeof one !== "object" || typeof other !== "object") return one === other;
  countSteps(Math.ceil(JSON.stringify(one).length / 8));
  return isDeepStrictEqual(one, other);
};

const matchMultiple = (content: number, value: number, { path }: RuleScope): Verdict => {
  if (!Number.isInteger(content) || !Number.isSafeInteger(value)) return "undecided";
  return value % content === 0 ? "match" : { path, message: `must be a multiple of ${content}` };
};

/** Scalars only: comparing each pair of objects would take too long. */
function matchUnique(content: boolean, value: Schemas, { path, countSteps }: RuleScope): Verdict {
  if (!content) return "match";
  countSteps(value.length);
  if (value.some((each) => typeof each === "object" && each !== null)) return "undecided";
  return new Set(value).size === value.length ? "match" : { path, message: "must not contain equal items" };
}

const matchDependencies: OutputRule = forType<SchemaMap, McpObject>(isMcpObject, (content, value, scope) =>
  matchAll(Object.entries(content), ([name, dependency]) => {
    if (!Object.hasOwn(value, name)) return "match";
    return Array.isArray(dependency) ? requireNames(dependency, value, scope) : scope.check(dependency, value);
  }),
);

/** The rules by keyword. Keywords without a rule describe and do not restrict. */
export const outputRules: ReadonlyMap<string, OutputRule> = new Map<string, OutputRule>([
  ["$dynamicRef", undecided],
  ["pattern", forType(isString, undecided)],
  ["format", forType(isString, undecided)],
  ["patternProperties", forType(isMcpObject, undecided)],
  ["unevaluatedItems", forType(Array.isArray, undecided)],
  ["unevaluatedProperties", forType(isMcpObject, undecided)],
  [
    "type",
    compare<string | readonly string[], unknown>(
      () => true,
      (content, value) => [content].flat().some((name) => typeTests[name]?.(value)),
      (content) => `must be ${[content].flat().join(" or ")}`,
    ),
  ],
  [
    "enum",
    compare<Schemas, unknown>(
      () => true,
      (content, value, scope) => content.some((each) => equals(each, value, scope)),
      () => "must be one of the values in enum",
    ),
  ],
  [
    "const",
    compare<unknown, unknown>(
      () => true,
      equals,
      (content) => `must be ${JSON.stringify(content).slice(0, 100)}`,
    ),
  ],
  [
    "allOf",
    ((content: Schemas, value: unknown, { check }: RuleScope) =>
      matchAll(content, (each) => check(each, value))) as OutputRule,
  ],
  ["anyOf", matchAny as OutputRule],
  ["oneOf", matchOne as OutputRule],
  ["not", matchNot as OutputRule],
  ["if", matchIf as OutputRule],
  [
    "maximum",
    compare<number, number>(
      isNumber,
      (content, value) => value <= content,
      (content) => `must be at most ${content}`,
    ),
  ],
  [
    "minimum",
    compare<number, number>(
      isNumber,
      (content, value) => value >= content,
      (content) => `must be at least ${content}`,
    ),
  ],
  [
    "exclusiveMaximum",
    compare<number, number>(
      isNumber,
      (content, value) => value < content,
      (content) => `must be less than ${content}`,
    ),
  ],
  [
    "exclusiveMinimum",
    compare<number, number>(
      isNumber,
      (content, value) => value > content,
      (content) => `must be more than ${content}`,
    ),
  ],
  ["multipleOf", forType(isNumber, matchMultiple)],
  [
    "maxLength",
    compare<number, string>(
      isString,
      (content, value, scope) => value.length <= content || countCharacters(value, scope) <= content,
      (content) => `must have at most ${content} characters`,
    ),
  ],
  [
    "minLength",
    compare<number, string>(
      isString,
      (content, value, scope) => countCharacters(value, scope) >= content,
      (content) => `must have at least ${content} characters`,
    ),
  ],
  [
    "maxItems",
    compare<number, Schemas>(
      Array.isArray,
      (content, value) => value.length <= content,
      (content) => `must have at most ${content} items`,
    ),
  ],
  [
    "minItems",
    compare<number, Schemas>(
      Array.isArray,
      (content, value) => value.length >= content,
      (content) => `must have at least ${content} items`,
    ),
  ],
  ["uniqueItems", forType(Array.isArray, matchUnique)],
  ["contains", forType(Array.isArray, matchContains)],
  ["prefixItems", forType(Array.isArray, matchTuple)],
  [
    "items",
    forType<unknown, Schemas>(Array.isArray, (content, value, scope) =>
      Array.isArray(content)
        ? matchTuple(content, value, scope)
        : matchItems(content, value, toCount(scope.schema["prefixItems"]), scope),
    ),
  ],
  [
    "additionalItems",
    forType<unknown, Schemas>(Array.isArray, (content, value, scope) =>
      Array.isArray(scope.schema["items"]) ? matchItems(content, value, scope.schema["items"].length, scope) : "match",
    ),
  ],
  ["required", forType<readonly string[], McpObject>(isMcpObject, requireNames)],
  ["properties", forType<SchemaMap, McpObject>(isMcpObject, matchMap)],
  ["additionalProperties", forType<unknown, McpObject>(isMcpObject, matchAdditional)],
  [
    "propertyNames",
    forType<unknown, McpObject>(isMcpObject, (content, value, scope) =>
      matchAll(listNames(value, scope), (name) => scope.check(content, name, name)),
    ),
  ],
  [
    "maxProperties",
    compare<number, McpObject>(
      isMcpObject,
      (content, value, scope) => listNames(value, scope).length <= content,
      (content) => `must have at most ${content} fields`,
    ),
  ],
  [
    "minProperties",
    compare<number, McpObject>(
      isMcpObject,
      (content, value, scope) => listNames(value, scope).length >= content,
      (content) => `must have at least ${content} fields`,
    ),
  ],
  ["dependentRequired", matchDependencies],
  ["dependentSchemas", matchDependencies],
  ["dependencies", matchDependencies],
]);
