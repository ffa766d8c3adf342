import { createHash } from "node:crypto";

/** Strings of more characters are recorded as their length and digest. */
const stringLengthMax = 1024;
/** The most characters of JSON in one of the fields `before`, `after` and `details` of an audit event. */
const valuesLengthMax = 40_000;

type Values = Readonly<Record<string, unknown>>;

/** Identifies a value that is too long for the audit log. Two equal values have the same digest. */
interface Digest {
  /** Characters of the string, or of the value as JSON. */
  readonly length: number;
  /** In hexadecimal. */
  readonly sha256: string;
}

/**
 * Bounds what an audit event records of a resource, because events are kept for long and are read by the hundred. Long
 * strings become digests. If the rest is still too long, the longest values become digests too.
 */
export function boundValues(values: Values): Values {
  const bounded = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, withoutLongStrings(value)]));
  const jsonByName = Object.entries(bounded).map(([name, value]) => [name, JSON.stringify(value) ?? ""] as const);
  let length = 1; // with the braces, and for each field its quotes, colon and comma
  for (const [name, json] of jsonByName) length += name.length + json.length + 4;
  if (length <= valuesLengthMax) return bounded;
  for (const [name, json] of jsonByName.sort(([, one], [, other]) => other.length - one.length)) {
    if (length <= valuesLengthMax) break;
    bounded[name] = toDigest(json);
    length -= json.length - JSON.stringify(bounded[name]).length;
  }
  return bounded;
}

/** @returns the value itself if it has no long string, because copying thousands of objects takes many milliseconds */
function withoutLongStrings(value: unknown): unknown {
  if (typeof value === "string") return value.length > stringLengthMax ? toDigest(value) : value;
  if (typeof value !== "object" || value === null) return value;
  let copy: Record<string, unknown> | undefined;
  for (const [name, each] of Object.entries(value)) {
    const bounded = withoutLongStrings(each);
    if (bounded === each) continue;
    copy ??= (Array.isArray(value) ? [...value] : { ...value }) as Record<string, unknown>;
    copy[name] = bounded;
  }
  return copy ?? value;
}

const toDigest = (text: string): Digest => ({
  length: text.length,
  sha256: createHash("sha256").update(text).digest("hex"),
});
