import type { Response } from "express";
import { AppError, type Fault } from "../errors.ts";
import { redactText } from "../log.ts";

/** The status of each fault, whichever door says it. */
export const statusOf: Readonly<Record<Fault, number>> = {
  "invalid-request": 400,
  "invalid-value": 400,
  "invalid-filter": 400,
  "invalid-path": 400,
  "no-target": 400,
  "invalid-cursor": 400,
  "expired-cursor": 400,
  "invalid-count": 400,
  mutability: 400,
  "ambiguous-credentials": 400,
  "token-in-url": 400,
  unauthenticated: 401,
  "invalid-token": 401,
  "ip-not-allowed": 403,
  "insufficient-scope": 403,
  forbidden: 403,
  "user-required": 400,
  "not-found": 404,
  "method-not-allowed": 405,
  conflict: 409,
  "unresolved-reference": 409,
  "limit-reached": 409,
  "last-all-token": 409,
  referenced: 409,
  managed: 409,
  stale: 409,
  "precondition-failed": 412,
  "too-large": 413,
  "unsupported-media-type": 415,
  "query-too-expensive": 400,
  "rate-limited": 429,
  "not-implemented": 501,
  unavailable: 503,
  internal: 500,
};

/** Whatever was thrown, as a fault that may be shown. What nobody foresaw is `internal`, with the cause for the log. */
export function faultOf(error: unknown): AppError {
  if (error instanceof AppError) return error;
  const { type, status, limit } = (error ?? {}) as { type?: unknown; status?: unknown; limit?: unknown };
  // What express and its body parser throw: http-errors with a type.
  if (type === "entity.too.large") {
    return new AppError("too-large", `The body is larger than the ${limit} bytes that are accepted here.`);
  }
  if (type === "entity.parse.failed") return new AppError("invalid-request", "The body is not JSON.");
  if (type === "charset.unsupported" || type === "encoding.unsupported")
    return new AppError("unsupported-media-type", "The body must be JSON in UTF-8.");
  if (typeof status === "number" && status >= 400 && status < 500)
    return new AppError("invalid-request", "The request cannot be understood.", {}, error);
  return new AppError("internal", "Something went wrong here. The request id names it in the log.", {}, error);
}

/** What the caller reads. It may repeat a part of what was sent, but never a credential that was put there. */
export const detailOf = ({ message }: AppError): string => redactText(message);

/** The headers that belong to a fault (RFC 6750 section 3, RFC 9110 sections 10.2.1 and 10.2.3). */
export function setFaultHeaders(res: Response, { fault, details }: AppError): void {
  const challenge = challenges[fault];
  if (challenge) res.setHeader("WWW-Authenticate", `Bearer realm="gatehouse"${challenge(details.scopes ?? [])}`);
  if (details.retryAfterSeconds !== undefined) res.setHeader("Retry-After", String(details.retryAfterSeconds));
  if (details.allow) res.setHeader("Allow", details.allow.join(", "));
}

/** Fixed texts only, so that nothing a caller sent ends up in a header. */
const challenges: Partial<Record<Fault, (scopes: readonly string[]) => string>> = {
  unauthenticated: () => "",
  "invalid-token": () => ', error="invalid_token", error_description="The credential is not valid"',
  "insufficient-scope": (scopes) => `, error="insufficient_scope", scope="${scopes.join(" ")}"`,
};
