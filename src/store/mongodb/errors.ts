import { storeUnavailable } from "../../errors.ts";

/**
 * Returns whether an error comes from the driver. Errors are recognized by name, code and label, never by class, because a
 * second copy of the driver may be installed beside the one of mongoose. A socket that closes during a write raises an
 * error of Node.js.
 */
export function isDriverError(error: unknown): error is DriverError {
  if (!(error instanceof Error)) return false;
  return "hasErrorLabel" in error || /^(Mongo|BSON)/.test(error.name) || socketCodes.test(String(readCode(error)));
}

const socketCodes = /^(E[A-Z]+|ERR_(SOCKET|STREAM|TLS|SSL)_\w+)$/;

const readCode = (error: Error): unknown => (error as { code?: unknown }).code;

interface DriverError extends Error {
  readonly code?: unknown;
  readonly codeName?: unknown;
  hasErrorLabel?(label: string): boolean;
}

/** Server error codes that the store handles. */
export const mongoErrorCodes = {
  authenticationFailed: 18,
  indexNotFound: 27,
  namespaceExists: 48,
  maxTimeExpired: 50,
  indexOptionsConflict: 85,
  indexKeySpecsConflict: 86,
  snapshotTooOld: 239,
  snapshotUnavailable: 246,
  sortMemoryExceeded: 292,
  duplicateKey: 11000,
} as const;

/** Returns the server's code for an error; undefined if the error did not come from the server. */
export function serverCode(error: unknown): number | undefined {
  return isDriverError(error) && typeof error.code === "number" ? error.code : undefined;
}

/**
 * Returns the name of the unique index that a write violated; undefined for any other error. The rest of the message
 * contains the value and is never shown.
 */
export function violatedUniqueIndex(error: unknown): string | undefined {
  if (serverCode(error) !== mongoErrorCodes.duplicateKey) return undefined;
  return /index: (\S+) dup key/.exec((error as Error).message)?.[1] ?? "";
}

/** Returns whether the transaction can succeed if it is run again from its start. */
export function isTransientTransactionError(error: unknown): boolean {
  return hasLabel(error, "TransientTransactionError");
}

/** Returns whether the outcome of a commit is unknown. Committing again resolves it. */
export function isUnknownCommitResult(error: unknown): boolean {
  return hasLabel(error, "UnknownTransactionCommitResult") && serverCode(error) !== mongoErrorCodes.maxTimeExpired;
}

/** Returns whether the connection to the server failed: no connection, no primary, or no response. */
export function isConnectionError(error: unknown): boolean {
  return isDriverError(error) && serverCode(error) === undefined;
}

/**
 * Returns whether a read can succeed if it is sent once more: the connection was lost, or the server is no longer primary.
 * @see https://github.com/mongodb/specifications/blob/master/source/retryable-reads/retryable-reads.md
 */
export function isRetryableRead(error: unknown): boolean {
  if (!isDriverError(error)) return false;
  const code = serverCode(error);
  return code === undefined ? /^MongoNetwork|^MongoPoolCleared/.test(error.name) : retryableReadCodes.has(code);
}

/** Host or network errors, shutdown, and elections. */
const retryableReadCodes: ReadonlySet<number> = new Set([
  6, 7, 89, 91, 134, 189, 262, 9001, 10107, 11600, 11602, 13435, 13436,
]);

/** Converts a driver error to AppError unavailable; returns any other error unchanged. */
export function toStoreError(error: unknown): unknown {
  return isDriverError(error) ? storeUnavailable(redactError(error)) : error;
}

/**
 * Returns an error that is safe to log. Messages of the server repeat filters and stored values, so only their name and
 * code are kept. Other messages of the driver contain only addresses and durations.
 */
export function redactError(error: unknown): Error {
  if (!isDriverError(error)) return new Error("unknown");
  const code = serverCode(error);
  if (code === undefined) return new Error(`${error.name}: ${error.message}`);
  const index = violatedUniqueIndex(error);
  const { name, codeName } = error;
  const message = `${name} ${code}${typeof codeName === "string" ? ` ${codeName}` : ""}${index ? ` on ${index}` : ""}`;
  return Object.assign(new Error(message), { code });
}

function hasLabel(error: unknown, label: string): boolean {
  return isDriverError(error) && (error.hasErrorLabel?.(label) ?? false);
}
