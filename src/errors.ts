/**
 * The closed set of errors that a caller may see. Each HTTP adapter maps a code to its own format (RFC 9457 problem, SCIM
 * Error, JSON-RPC error); when a code is added, the compiler reports every mapping that lacks it.
 */
export type ErrorCode =
  | "invalid-request" // the message itself is malformed: JSON, a parameter or a header
  | "invalid-value" // a field has a value that is not allowed
  | "invalid-filter" // a filter that cannot be parsed or evaluated
  | "invalid-path" // a PATCH path that cannot be parsed, or names no attribute
  | "no-target" // a PATCH path that matches no value
  | "invalid-cursor" // a cursor that was not issued for this list
  | "expired-cursor" // a cursor that was issued too long ago
  | "invalid-count" // a page size that cursor-based pagination does not support
  | "mutability" // a field that cannot be changed
  | "ambiguous-credentials" // two different credentials in one request
  | "token-in-url" // a credential in a URL or a body, which are logged
  | "unauthenticated" // no credential
  | "invalid-token" // a credential that is not valid; the response never states the reason
  | "ip-not-allowed" // a valid credential, from an address that its allowlist does not contain
  | "insufficient-scope"
  | "forbidden" // denied to every caller
  | "user-required" // the operation acts for a user, and the request names none
  | "not-found"
  | "method-not-allowed"
  | "conflict" // a unique key is in use
  | "idempotency-key-reused" // an Idempotency-Key was used before with another body
  | "unresolved-reference" // a bulk reference to a resource that the same request did not create
  | "limit-reached" // the maximum number of resources of this kind exists
  | "last-all-token" // the change would remove the organization's last token with full access
  | "referenced" // other resources refer to this one, so it cannot be deleted
  | "managed" // the identity provider manages this resource or field
  | "stale" // the record has changed since it was read
  | "precondition-failed" // the client's If-Match or If-None-Match does not hold
  | "too-large"
  | "unsupported-media-type"
  | "query-too-expensive"
  | "rate-limited"
  | "not-implemented"
  | "upstream-failed" // an MCP server did not respond as it should
  | "unavailable" // the store does not respond; the client should try again
  | "internal"; // an unexpected error; the log has the cause

/** The data of an error beside its code and message. Every field is safe to show to the caller. */
export interface ErrorDetails {
  /** The invalid field: a SCIM path or a JSON pointer. */
  readonly field?: string;
  /** The position of the failed operation of a PATCH, from 1. */
  readonly operation?: number;
  /** The position of the failed change of the members of a group, from 1. */
  readonly membershipChange?: number;
  /** All invalid fields, by JSON pointer (RFC 6901), when there can be several. */
  readonly errors?: readonly { readonly pointer: string; readonly detail: string }[];
  /** The resources that refer to the one to delete. */
  readonly blockers?: readonly {
    readonly type: string;
    readonly id: string;
    readonly slug?: string;
    readonly name: string;
  }[];
  /** The unique key that is in use, as a path of the stored record. */
  readonly key?: string;
  /** The time after which the client should try again, in seconds. */
  readonly retryAfterSeconds?: number;
  /** The exhausted rate limits, by their names in RateLimit-Policy. */
  readonly violatedPolicies?: readonly string[];
  /** The scopes of which one is required. */
  readonly scopes?: readonly string[];
  /** The methods that the resource supports. */
  readonly allow?: readonly string[];
}

/**
 * The only error that a function throws on purpose. Its message is written for the caller: it names the field and the
 * fix, and contains no secret and no internal detail. The cause is for the log.
 */
export class AppError extends Error {
  override readonly name = "AppError";
  readonly code: ErrorCode;
  readonly details: ErrorDetails;

  /**
   * @param code the error code
   * @param message the text that the caller reads
   * @param details the data for response headers and fields
   * @param cause the underlying error, which is logged and never shown
   */
  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.details = details;
  }
}

/** Returns whether a caught value is an AppError, and has the specified code if there is one. */
export function hasErrorCode(error: unknown, code?: ErrorCode): error is AppError {
  return error instanceof AppError && (code === undefined || error.code === code);
}

/** Adds details to an AppError. @returns the error to throw instead; any other error as it is */
export function withDetails(error: unknown, details: ErrorDetails): unknown {
  if (!(error instanceof AppError)) return error;
  return new AppError(error.code, error.message, { ...error.details, ...details }, error.cause);
}

/**
 * Creates the error for a store that does not respond. HTTP adapters respond with 503 and Retry-After, never with 404:
 * an identity provider recreates users after a 404.
 */
export function storeUnavailable(cause: unknown): AppError {
  return new AppError(
    "unavailable",
    "The store is not available at the moment. Try again.",
    { retryAfterSeconds: 2 },
    cause,
  );
}

/** A program cannot start. The message is for the operator: it names the problem and the fix, without secrets. */
export class StartupError extends Error {
  override readonly name = "StartupError";
}
