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
  let length = JSON.stringify(bounded).length;
  if (length <= valuesLengthMax) return bounded;
  const jsonByName = Object.entries(bounded).map(([name, value]) => [name, JSON.stringify(value) ?? ""] as const);
  for (const [name, json] of jsonByName.sort(([, one], [, other]) => other.length - one.length)) {
    if (length <= valuesLengthMax) break;
    bounded[name] = toDigest(json);
    length -= json.length - JSON.stringify(bounded[name]).length;
  }
  return bounded;
}

function withoutLongStrings(value: unknown): unknown {
  if (typeof value === "string") return value.length > stringLengthMax ? toDigest(value) : value;
  if (Array.isArray(value)) return value.map(withoutLongStrings);
  if (typeof value !== "object" || value === null || value instanceof Date) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, withoutLongStrings(each)]));
}

const toDigest = (text: string): Digest => ({
  length: text.length,
  sha256: createHash("sha256").update(text).digest("hex"),
});
