/** The variables of a conversation. */
export type Variables = Map<string, string>;

/**
 * Yields the differences between a response and a pattern. An object may have additional keys; lists and strings must be
 * equal, except for these placeholders:
 *
 * - `"{{ada=}}"` stores a string in a variable, and `{{ada}}` in a string inserts it
 * - `"{{any}}"`: any value; `"{{date}}"`: a date-time; `"{{absent}}"`: the key is missing
 * - `"{{else}}": "{{absent}}"`: the object has no other keys
 * - `["{{in any order}}", ...]`: exactly these elements; `["{{among others}}", ...]`: at least these elements
 * @param variables new variables are added to it
 * @throws Error for an undefined variable, or one that is set twice
 */
export function* differences(expected: unknown, actual: unknown, variables: Variables, at = "body"): Generator<string> {
  const mismatch = (expectedValue: unknown): string =>
    `${at} is ${JSON.stringify(actual)}, not ${JSON.stringify(expectedValue)}`;
  if (typeof expected === "string") {
    if (!matchesPattern(expected, actual, variables)) yield mismatch(expected);
  } else if (Array.isArray(expected)) {
    if (Array.isArray(actual)) yield* compareLists(expected, actual, variables, at);
    else yield mismatch(expected);
  } else if (typeof expected !== "object" || expected === null) {
    if (actual !== expected) yield mismatch(expected);
  } else if (typeof actual !== "object" || actual === null || Array.isArray(actual)) yield mismatch(expected);
  else {
    const { "{{else}}": elseValue, ...expectedEntries } = expected as Record<string, unknown>;
    if (elseValue !== undefined && elseValue !== "{{absent}}") throw new Error("{{else}} can only be {{absent}}");
    const actualObject = actual as Record<string, unknown>;
    for (const [key, value] of Object.entries(expectedEntries))
      yield* differences(value, actualObject[key], variables, `${at}.${key}`);
    const extraKeys = Object.keys(actualObject).filter((key) => !(key in expectedEntries));
    if (elseValue !== undefined && extraKeys.length > 0) yield `${at} has more: ${extraKeys.join(", ")}`;
  }
}

/** Replaces the variables in a string with their values. */
export function fillVariables(template: string, variables: Variables): string {
  return template.replaceAll(/\{\{(.*?)\}\}/g, (_, name: string) => {
    const value = variables.get(name);
    if (value === undefined) throw new Error(`undefined variable: ${name}`);
    return value;
  });
}

function matchesPattern(expected: string, actual: unknown, variables: Variables): boolean {
  const isNonEmptyString = typeof actual === "string" && actual !== "";
  if (expected === "{{any}}") return actual !== undefined;
  if (expected === "{{absent}}") return actual === undefined;
  if (expected === "{{date}}") return isNonEmptyString && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/.test(actual);
  const name = /^\{\{(\w+)=\}\}$/.exec(expected)?.[1];
  if (name === undefined) return actual === fillVariables(expected, variables);
  if (variables.has(name)) throw new Error(`variable ${name} is already set`);
  if (isNonEmptyString) variables.set(name, actual);
  return isNonEmptyString;
}

function* compareLists(
  expected: readonly unknown[],
  actual: readonly unknown[],
  variables: Variables,
  at: string,
): Generator<string> {
  const [listMode, ...expectedElements] = expected;
  if (listMode !== "{{in any order}}" && listMode !== "{{among others}}") {
    for (const [index, each] of expected.entries())
      yield* differences(each, actual[index], variables, `${at}[${index}]`);
    if (actual.length > expected.length) yield `${at} has ${actual.length} elements, not ${expected.length}`;
    return;
  }
  const unmatched = [...actual];
  for (const each of expectedElements) {
    const index = unmatched.findIndex(
      (candidate) => [...differences(each, candidate, new Map(variables))].length === 0,
    );
    if (index < 0) yield `${at} is ${JSON.stringify(actual)}, without ${JSON.stringify(each)}`;
    else yield* differences(each, unmatched.splice(index, 1)[0], variables, at);
  }
  if (listMode === "{{in any order}}" && unmatched.length > 0) yield `${at} has more: ${JSON.stringify(unmatched)}`;
}
