import { unavailable } from "../errors.ts";

/**
 * What the driver's errors mean. They are told apart by name, code and label, never by class: a second copy of the
 * driver may be installed beside mongoose's own. A socket that ends while it is written to comes through as Node's error.
 */
export function isDriverError(error: unknown): error is DriverError {
  if (!(error instanceof Error)) return false;
  return "hasErrorLabel" in error || /^(Mongo|BSON)/.test(error.name) || socketCodes.test(String(codeOf(error)));
}

const socketCodes = /^(E[A-Z]+|ERR_(SOCKET|STREAM|TLS|SSL)_\w+)$/;

const codeOf = (error: Error): unknown => (error as { code?: unknown }).code;

interface DriverError extends Error {
  readonly code?: unknown;
  readonly codeName?: unknown;
  hasErrorLabel?(label: string): boolean;
}

export const codes = {
  authenticationFailed: 18,
  indexNotFound: 27,
  namespaceExists: 48,
  maxTimeExpired: 50,
  indexOptionsConflict: 85,
  indexKeySpecsConflict: 86,
  sortMemoryExceeded: 292,
  duplicateKey: 11000,
} as const;

/** The server's code for an error, where it was the server that refused. */
export function serverCode(error: unknown): number | undefined {
  return isDriverError(error) && typeof error.code === "number" ? error.code : undefined;
}

/** The name of the unique index that refused a write. The rest of the message holds the value, which is never shown. */
export function refusingIndex(error: unknown): string | undefined {
  if (serverCode(error) !== codes.duplicateKey) return undefined;
  return /index: (\S+) dup key/.exec((error as Error).message)?.[1] ?? "";
}

/** Whether running the transaction again from its start may well succeed. */
export function isTransient(error: unknown): boolean {
  return hasLabel(error, "TransientTransactionError");
}

/** Whether a commit may have happened although it was not answered; committing again finds out. */
export function isUnknownCommit(error: unknown): boolean {
  return hasLabel(error, "UnknownTransactionCommitResult") && serverCode(error) !== codes.maxTimeExpired;
}

/** Whether it was the way to the server that failed: no connection, no primary, no answer. */
export function isConnectionFault(error: unknown): boolean {
  return isDriverError(error) && serverCode(error) === undefined;
}

/** What becomes of an error on its way out of the store: the driver's are the store not answering. */
export function translated(error: unknown): unknown {
  return isDriverError(error) ? unavailable(withoutValues(error)) : error;
}

/**
 * An error fit for the log. A server's message repeats what was asked and what is stored, so of those only the name and
 * the code are kept; the others speak of addresses and times.
 */
export function withoutValues(error: unknown): Error {
  if (!isDriverError(error)) return new Error("unknown");
  const code = serverCode(error);
  if (code === undefined) return new Error(`${error.name}: ${error.message}`);
  const index = refusingIndex(error);
  const { name, codeName } = error;
  const text = `${name} ${code}${typeof codeName === "string" ? ` ${codeName}` : ""}${index ? ` on ${index}` : ""}`;
  return Object.assign(new Error(text), { code });
}

function hasLabel(error: unknown, label: string): boolean {
  return isDriverError(error) && (error.hasErrorLabel?.(label) ?? false);
}
