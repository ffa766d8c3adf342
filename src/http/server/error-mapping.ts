import type { Response } from "express";
import { AppError, type ErrorCode } from "../../errors.ts";
import { redactText } from "../../log.ts";

/** The HTTP status of each error code, the same for every API. */
export const httpStatuses: Readonly<Record<ErrorCode, number>> = {
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
  "idempotency-key-reused": 422,
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
  "upstream-failed": 502,
  unavailable: 503,
  internal: 500,
};

/**
 * Converts any thrown value into an error that may be shown to the caller. An unforeseen error becomes `internal`, with
 * the original as its cause for the log.
 */
export function toAppError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  const { type, status, limit } = (error ?? {}) as { type?: unknown; status?: unknown; limit?: unknown };
  // Express and its body parser throw http-errors with a type.
  if (type === "entity.too.large") {
    return new AppError("too-large", `The body is larger than the maximum of ${limit} bytes.`);
  }
  if (type === "entity.parse.failed") return new AppError("invalid-request", "The body is not valid JSON.");
  if (type === "charset.unsupported" || type === "encoding.unsupported")
    return new AppError("unsupported-media-type", "The body must be JSON in UTF-8.");
  if (typeof status === "number" && status >= 400 && status < 500)
    return new AppError("invalid-request", "The request is malformed.", {}, error);
  return new AppError(
    "internal",
    "An internal error occurred. Report the request id to the operator of this service.",
    {},
    error,
  );
}

/** The message for the caller. It may repeat a part of the request, but never a credential in it. */
export const redactDetail = ({ message }: AppError): string => redactText(message);

/** Sets the headers of an error response (RFC 6750 section 3, RFC 9110 sections 10.2.1 and 10.2.3). */
export function setErrorHeaders(res: Response, { code, details }: AppError): void {
  const challenge = challenges[code];
  if (challenge) res.setHeader("WWW-Authenticate", `Bearer realm="gatehouse"${challenge(details.scopes ?? [])}`);
  if (details.retryAfterSeconds !== undefined) res.setHeader("Retry-After", String(details.retryAfterSeconds));
  if (details.allow) res.setHeader("Allow", details.allow.join(", "));
}

/** Fixed strings only, so that no part of a request ends up in a header. */
const challenges: Partial<Record<ErrorCode, (scopes: readonly string[]) => string>> = {
  unauthenticated: () => "",
  "invalid-token": () => ', error="invalid_token", error_description="The credential is not valid"',
  "insufficient-scope": (scopes) => `, error="insufficient_scope", scope="${scopes.join(" ")}"`,
};
