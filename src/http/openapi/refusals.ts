import type { Fault } from "../../errors.ts";
import { statusOf } from "../faults.ts";
import type { Described } from "./described.ts";

/**
 * What an operation may refuse, by status: what it names itself, and what every operation of its kind may. What a user
 * may use takes a look at every policy that speaks of that user.
 */
export function refusalsOf(operation: Described): ReadonlyMap<number, readonly Fault[]> {
  const { method, path, query, body, isVersioned, user, refuses, faults = [] } = operation;
  if (refuses) return byStatus(refuses);
  const isWrite = method !== "get";
  const all = new Set<Fault>([
    ...(operation.anyone ? alwaysOfAnyone : always),
    ...(user ? (["user-required", "query-too-expensive"] as const) : []),
    ...(query && "cursor" in query.shape ? (["invalid-cursor", "expired-cursor"] as const) : []),
    ...(path.includes("{") ? (["not-found"] as const) : []),
    ...(isWrite ? (["stale"] as const) : []),
    ...(isWrite && method !== "post" && isVersioned ? (["precondition-failed"] as const) : []),
    ...(body ? (["invalid-request", "too-large", "unsupported-media-type"] as const) : []),
    ...faults,
  ]);
  return byStatus([...all]);
}

/** The faults of each status, in the order of the statuses. */
export function byStatus(faults: readonly Fault[]): ReadonlyMap<number, readonly Fault[]> {
  const statuses = [...new Set(faults.map((fault) => statusOf[fault]))].sort((one, other) => one - other);
  return new Map(statuses.map((status) => [status, faults.filter((fault) => statusOf[fault] === status)]));
}

/** Whoever asks, and whatever for. */
export const always: readonly Fault[] = [
  "invalid-value",
  "ambiguous-credentials",
  "token-in-url",
  "unauthenticated",
  "invalid-token",
  "ip-not-allowed",
  "insufficient-scope",
  "forbidden",
  "rate-limited",
  "unavailable",
];

/** Of what takes no credential. */
const alwaysOfAnyone: readonly Fault[] = ["invalid-value", "rate-limited", "unavailable"];

/** Statuses that say the same of every operation, with all that they can be. */
export const shared: ReadonlyMap<number, { readonly name: string; readonly faults: readonly Fault[] }> = new Map([
  [401, { name: "Unauthorized", faults: ["unauthenticated", "invalid-token"] }],
  [403, { name: "Forbidden", faults: ["ip-not-allowed", "insufficient-scope", "forbidden"] }],
  [404, { name: "NotFound", faults: ["not-found"] }],
  [412, { name: "PreconditionFailed", faults: ["precondition-failed"] }],
  [413, { name: "ContentTooLarge", faults: ["too-large"] }],
  [415, { name: "UnsupportedMediaType", faults: ["unsupported-media-type"] }],
  [429, { name: "TooManyRequests", faults: ["rate-limited"] }],
  [503, { name: "ServiceUnavailable", faults: ["unavailable"] }],
]);
