/**
 * Everything that can go wrong in a way that a caller may be told about. Doors translate a fault into their own
 * words (RFC 9457 problem, SCIM Error, JSON-RPC error); the compiler points at each of them when a fault is added.
 */
export type Fault =
  | "invalid-request" // the message itself: JSON, parameter, header
  | "invalid-value" // a field holds something it may not hold
  | "invalid-filter" // a filter that cannot be understood
  | "invalid-path" // a PATCH path that cannot be understood
  | "no-target" // a PATCH path that selects nothing
  | "invalid-cursor" // a cursor that was not given out for this list
  | "expired-cursor" // one that was given out too long ago
  | "invalid-count" // a page size that cursor paging cannot take
  | "mutability" // a field that may not be changed
  | "ambiguous-credentials" // two different credentials in one request
  | "token-in-url" // a credential where URLs and bodies are logged
  | "unauthenticated" // no credential at all
  | "invalid-token" // a credential that opens nothing; never says why
  | "ip-not-allowed" // a credential that is good, from where it may not be used
  | "insufficient-scope"
  | "forbidden" // for everybody
  | "user-required" // an operation for a user, and none is named
  | "not-found"
  | "method-not-allowed"
  | "conflict" // a unique key is taken
  | "unresolved-reference" // to what should be created in the same request, and is not
  | "limit-reached" // no more of its kind may be made
  | "last-all-token" // an organisation would lock itself out
  | "referenced" // by others, so that it cannot go
  | "managed" // by the identity provider, so that others leave it alone
  | "stale" // the version read is not the version stored
  | "precondition-failed" // the client's If-Match does not hold
  | "too-large"
  | "unsupported-media-type"
  | "query-too-expensive"
  | "rate-limited"
  | "not-implemented"
  | "unavailable" // the store does not answer; try again
  | "internal"; // something of ours broke; what, is in the log

/** What a fault carries besides its name; every field is safe to show to the caller. */
export interface FaultDetails {
  /** The field that is wrong: a SCIM path or a JSON pointer. */
  readonly field?: string;
  /** All fields that are wrong, by JSON pointer (RFC 6901), where there may be several. */
  readonly errors?: readonly { readonly pointer: string; readonly detail: string }[];
  /** What refers to the thing that should go. */
  readonly blockers?: readonly { readonly kind: string; readonly id: string; readonly name: string }[];
  /** The unique key that is taken, as a path of the stored record. */
  readonly key?: string;
  /** Seconds after which trying again makes sense. */
  readonly retryAfterSeconds?: number;
  /** The rate limits that are used up, by the names that RateLimit-Policy gives them. */
  readonly violatedPolicies?: readonly string[];
  /** The scopes that would have been enough. */
  readonly scopes?: readonly string[];
  /** The methods that the resource does answer. */
  readonly allow?: readonly string[];
}

/**
 * The only error that leaves a room on purpose. Its message is written for the caller: it names the field and the
 * mend, and holds no secret and no inner detail. The cause is for the log.
 */
export class AppError extends Error {
  override readonly name = "AppError";
  readonly fault: Fault;
  readonly details: FaultDetails;

  /**
   * @param fault which of the closed set
   * @param message what the caller reads
   * @param details the parts a door puts into headers or fields
   * @param cause the underlying error, logged and never shown
   */
  constructor(fault: Fault, message: string, details: FaultDetails = {}, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.fault = fault;
    this.details = details;
  }
}

/** Whether an unknown thrown thing is an AppError, of one fault where one is named. */
export function isFault(error: unknown, fault?: Fault): error is AppError {
  return error instanceof AppError && (fault === undefined || error.fault === fault);
}

/** The store did not answer. 503 with Retry-After, never 404: an identity provider recreates people on a 404. */
export function unavailable(cause: unknown): AppError {
  return new AppError(
    "unavailable",
    "The store does not answer at the moment. Try again.",
    { retryAfterSeconds: 2 },
    cause,
  );
}

/** The service cannot start as it is set up. The message is for the operator: what is wrong and the mend. */
export class StartError extends Error {
  override readonly name = "StartError";
}
