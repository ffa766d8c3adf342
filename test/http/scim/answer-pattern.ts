/** What has been named in a conversation so far. */
export type Names = Map<string, string>;

/**
 * Where an answer is not what is expected. An expected object may have more keys; lists and texts are compared whole,
 * but for these placeholders:
 *
 * - `"{{ada=}}"` keeps a text under a name, and `{{ada}}` within a text says it again
 * - `"{{any}}"`, `"{{date}}"`: something, a date-time; `"{{absent}}"`: the key is not there
 * - `"{{else}}": "{{absent}}"`: the object has no other keys
 * - `["{{in any order}}", ...]`: these elements; `["{{among others}}", ...]`: these and perhaps more
 * @param names is added to
 * @throws Error for a name that is not known, or given twice
 */
export function* differences(expected: unknown, actual: unknown, names: Names, at = "body"): Generator<string> {
  const wrong = (wanted: unknown): string => `${at} is ${JSON.stringify(actual)}, not ${JSON.stringify(wanted)}`;
  if (typeof expected === "string") {
    if (!matches(expected, actual, names)) yield wrong(expected);
  } else if (Array.isArray(expected)) {
    if (Array.isArray(actual)) yield* inList(expected, actual, names, at);
    else yield wrong(expected);
  } else if (typeof expected !== "object" || expected === null) {
    if (actual !== expected) yield wrong(expected);
  } else if (typeof actual !== "object" || actual === null || Array.isArray(actual)) yield wrong(expected);
  else {
    const { "{{else}}": others, ...known } = expected as Record<string, unknown>;
    if (others !== undefined && others !== "{{absent}}") throw new Error("{{else}} can only be {{absent}}");
    const found = actual as Record<string, unknown>;
    for (const [key, value] of Object.entries(known)) yield* differences(value, found[key], names, `${at}.${key}`);
    const more = Object.keys(found).filter((key) => !(key in known));
    if (others !== undefined && more.length > 0) yield `${at} has more: ${more.join(", ")}`;
  }
}

/** The text with what its names stand for. */
export function filled(text: string, names: Names): string {
  return text.replaceAll(/\{\{(.*?)\}\}/g, (_, name: string) => {
    const value = names.get(name);
    if (value === undefined) throw new Error(`nothing has been named ${name}`);
    return value;
  });
}

function matches(expected: string, actual: unknown, names: Names): boolean {
  const isText = typeof actual === "string" && actual !== "";
  if (expected === "{{any}}") return actual !== undefined;
  if (expected === "{{absent}}") return actual === undefined;
  if (expected === "{{date}}") return isText && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/.test(actual);
  const name = /^\{\{(\w+)=\}\}$/.exec(expected)?.[1];
  if (name === undefined) return actual === filled(expected, names);
  if (names.has(name)) throw new Error(`${name} is a name already`);
  if (isText) names.set(name, actual);
  return isText;
}

function* inList(
  expected: readonly unknown[],
  actual: readonly unknown[],
  names: Names,
  at: string,
): Generator<string> {
  const [mark, ...wanted] = expected;
  if (mark !== "{{in any order}}" && mark !== "{{among others}}") {
    for (const [index, each] of expected.entries()) yield* differences(each, actual[index], names, `${at}[${index}]`);
    if (actual.length > expected.length) yield `${at} has ${actual.length} elements, not ${expected.length}`;
    return;
  }
  const left = [...actual];
  for (const each of wanted) {
    const index = left.findIndex((candidate) => [...differences(each, candidate, new Map(names))].length === 0);
    if (index < 0) yield `${at} is ${JSON.stringify(actual)}, without ${JSON.stringify(each)}`;
    else yield* differences(each, left.splice(index, 1)[0], names, at);
  }
  if (mark === "{{in any order}}" && left.length > 0) yield `${at} has more: ${JSON.stringify(left)}`;
}
