/** Returns what is wrong with the value of a keyword; undefined if it is valid. */
type ValueRule = (value: unknown) => string | undefined;
/** What the value of a keyword holds: schemas, or a value that a function checks. */
type KeywordRule = "schema" | "schemas" | "items" | "schemaMap" | "patternMap" | "dependencies" | ValueRule;

const must =
  (message: string, isValid: (value: unknown) => boolean): ValueRule =>
  (value) =>
    isValid(value) ? undefined : message;

const isNameList = (value: unknown): boolean =>
  Array.isArray(value) && value.every((each) => typeof each === "string") && new Set(value).size === value.length;
const types = new Set(["array", "boolean", "integer", "null", "number", "object", "string"]);
const isType = (value: unknown): boolean => typeof value === "string" && types.has(value);

const number = must("must be a number", (value) => typeof value === "number");
const count = must("must be an integer of 0 or more", (value) => Number.isInteger(value) && (value as number) >= 0);
const string = must("must be a string", (value) => typeof value === "string");
const boolean = must("must be true or false", (value) => typeof value === "boolean");
const list = must("must be an array", Array.isArray);
const names = must("must be an array of different strings", isNameList);
const pattern = must("must be a regular expression of JavaScript (ECMA-262)", isRegularExpression);
const type = must(
  `must be one of ${[...types].join(", ")}, or an array of different ones`,
  (value) => isType(value) || (Array.isArray(value) && value.length > 0 && value.every(isType) && isNameList(value)),
);
const multiple = must("must be a number of more than 0", (value) => typeof value === "number" && value > 0);
const nameLists = must(
  "must be an object of arrays of different strings",
  (value) =>
    typeof value === "object" && value !== null && !Array.isArray(value) && Object.values(value).every(isNameList),
);

const entries = (keywords: string, rule: KeywordRule): readonly (readonly [string, KeywordRule])[] =>
  keywords.split(" ").map((keyword) => [keyword, rule] as const);

/**
 * The keywords of JSON Schema draft 2020-12 and draft-07 with the form of their values, from the meta-schemas at
 * https://json-schema.org/specification. References and identifiers are checked where they are collected.
 */
export const keywordRules: ReadonlyMap<string, KeywordRule> = new Map<string, KeywordRule>([
  ...entries("additionalItems additionalProperties contains contentSchema else if not propertyNames then", "schema"),
  ...entries("unevaluatedItems unevaluatedProperties", "schema"),
  ...entries("allOf anyOf oneOf prefixItems", "schemas"),
  ...entries("items", "items"),
  ...entries("$defs definitions dependentSchemas properties", "schemaMap"),
  ...entries("patternProperties", "patternMap"),
  ...entries("dependencies", "dependencies"),
  ...entries("exclusiveMaximum exclusiveMinimum maximum minimum", number),
  ...entries("maxContains maxItems maxLength maxProperties minContains minItems minLength minProperties", count),
  ...entries("$anchor $comment $dynamicAnchor $id $schema", string),
  ...entries("contentEncoding contentMediaType description format title", string),
  ...entries("deprecated readOnly uniqueItems writeOnly", boolean),
  ...entries("enum examples", list),
  ...entries("required", names),
  ...entries("dependentRequired", nameLists),
  ...entries("pattern", pattern),
  ...entries("type", type),
  ...entries("multipleOf", multiple),
]);

/**
 * Parses the expression, first by the stricter rules with Unicode, and never runs it. Unicode properties are replaced by
 * another class first: V8 expands each one while it parses, and 64 KiB of them take 400 ms. So their names are not checked.
 */
function isRegularExpression(value: unknown): boolean {
  if (typeof value !== "string") return false;
  const expression = value.replace(/\\(?:[pP]\{\w{1,50}(?:=\w{1,50})?\}|[\s\S])/g, (sequence) =>
    sequence.length > 2 ? "\\w" : sequence,
  );
  for (const flags of ["u", ""]) {
    try {
      new RegExp(expression, flags);
      return true;
    } catch {
      // The other flags may accept it.
    }
  }
  return false;
}
