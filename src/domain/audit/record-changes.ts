/** One field that differs between two records. */
export interface FieldChange {
  /** Dotted names, as in `name.givenName`. An element of a list has the path of the list with `[]`. */
  readonly path: string;
  readonly kind: "added" | "removed" | "changed";
  /** Absent if the field was added. */
  readonly before?: unknown;
  /** Absent if the field was removed. */
  readonly after?: unknown;
}

type Values = Readonly<Record<string, unknown>>;

/** Deeper objects are compared as a whole, so that no recorded value can exhaust the stack. */
const depthMax = 10;

/**
 * Compares a record before and after a change, field by field. The elements of lists are compared without their positions,
 * so that an inserted one is one change.
 * @param before absent if the record was created
 * @param after absent if it was removed
 */
export function findChanges(before: Values = {}, after: Values = {}): readonly FieldChange[] {
  return [...compareObjects(before, after, "", 0)];
}

function* compareObjects(before: Values, after: Values, prefix: string, depth: number): Generator<FieldChange> {
  for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const path = prefix === "" ? name : `${prefix}.${name}`;
    if (!Object.hasOwn(before, name)) yield { path, kind: "added", after: after[name] };
    else if (!Object.hasOwn(after, name)) yield { path, kind: "removed", before: before[name] };
    else yield* compareValues(before[name], after[name], path, depth);
  }
}

function* compareValues(before: unknown, after: unknown, path: string, depth: number): Generator<FieldChange> {
  if (toJson(before) === toJson(after)) return;
  if (depth < depthMax && isRecord(before) && isRecord(after)) {
    yield* compareObjects(before, after, path, depth + 1);
  } else if (Array.isArray(before) && Array.isArray(after)) {
    const changes = [...compareLists(before, after, `${path}[]`)];
    yield* changes.length > 0 ? changes : [{ path, kind: "changed", before, after } as const]; // another order
  } else yield { path, kind: "changed", before, after };
}

function* compareLists(before: readonly unknown[], after: readonly unknown[], path: string): Generator<FieldChange> {
  const unmatched = new Map<string, number>();
  for (const each of before) unmatched.set(toJson(each), (unmatched.get(toJson(each)) ?? 0) + 1);
  const added = after.filter((each) => {
    const count = unmatched.get(toJson(each)) ?? 0;
    if (count > 0) unmatched.set(toJson(each), count - 1);
    return count === 0;
  });
  for (const each of before) {
    const count = unmatched.get(toJson(each)) ?? 0;
    if (count === 0) continue;
    unmatched.set(toJson(each), count - 1);
    yield { path, kind: "removed", before: each };
  }
  for (const each of added) yield { path, kind: "added", after: each };
}

const isRecord = (value: unknown): value is Values =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !isDigest(value);

/** A long value is recorded as its length and digest, which belong together. */
const isDigest = (value: object): boolean => {
  const { length, sha256, ...rest } = value as { length?: unknown; sha256?: unknown };
  return typeof length === "number" && typeof sha256 === "string" && Object.keys(rest).length === 0;
};

/** Two values are equal if they have the same JSON, with the names of objects in any order. */
const toJson = (value: unknown): string =>
  JSON.stringify(value, (_, each: unknown) =>
    typeof each === "object" && each !== null && !Array.isArray(each)
      ? Object.fromEntries(Object.entries(each).sort(([one], [other]) => (one < other ? -1 : 1)))
      : each,
  ) ?? "";
