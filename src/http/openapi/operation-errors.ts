import type { ErrorCode } from "../../errors.ts";
import { httpStatuses } from "../server/error-mapping.ts";
import type { DocumentedOperation } from "./documented-operation.ts";

/**
 * The error codes that an operation can respond with, by HTTP status: those that it declares, and those that its
 * properties imply. A user's view implies `query-too-expensive`, because it evaluates all policies that apply to the
 * user.
 */
export function errorCodesByStatus(operation: DocumentedOperation): ReadonlyMap<number, readonly ErrorCode[]> {
  const { method, path, query, body, isVersioned, isIdempotent, user, exactErrorCodes, errorCodes = [] } = operation;
  if (exactErrorCodes) return groupByStatus(exactErrorCodes);
  const isWrite = method !== "get";
  const all = new Set<ErrorCode>([
    ...(operation.anonymous ? anonymousErrorCodes : commonErrorCodes),
    ...(user ? (["user-required", "query-too-expensive"] as const) : []),
    ...(query && "cursor" in query.shape ? (["invalid-cursor", "expired-cursor"] as const) : []),
    ...(path.includes("{") ? (["not-found"] as const) : []),
    ...(isWrite ? (["stale"] as const) : []),
    ...(isWrite && method !== "post" && isVersioned ? (["precondition-failed"] as const) : []),
    ...(body ? (["invalid-request", "too-large", "unsupported-media-type"] as const) : []),
    ...(isIdempotent ? (["invalid-request", "conflict", "idempotency-key-reused"] as const) : []),
    ...errorCodes,
  ]);
  return groupByStatus([...all]);
}

/** Groups error codes by HTTP status, in ascending order of the statuses. */
function groupByStatus(codes: readonly ErrorCode[]): ReadonlyMap<number, readonly ErrorCode[]> {
  const statuses = [...new Set(codes.map((code) => httpStatuses[code]))].sort((a, b) => a - b);
  return new Map(statuses.map((status) => [status, codes.filter((code) => httpStatuses[code] === status)]));
}

/** Every operation that requires a credential can respond with these. */
const commonErrorCodes: readonly ErrorCode[] = [
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

/** Every operation without a credential can respond with these. */
const anonymousErrorCodes: readonly ErrorCode[] = ["invalid-value", "rate-limited", "unavailable"];
