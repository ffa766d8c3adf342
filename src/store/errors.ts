import { AppError } from "../errors.ts";
import { attributePath } from "./fields.ts";
import type { Index } from "./store.ts";

/** Creates the error for a write that was based on another version than the stored one. */
export function stale(id: string): AppError {
  return new AppError(
    "stale",
    `${id} was changed by another request in the meantime. Read it again and repeat the change.`,
  );
}

/**
 * Creates the error for a unique key that another record has. The message does not repeat the value, because it may
 * belong to a record that the caller cannot access.
 * @param index the declared index, or undefined for the id
 * @param cause the error of the driver
 */
export function conflict(index: Index | undefined, cause: unknown): AppError {
  const field = index ? indexKey(index) : "id";
  return new AppError("conflict", `The value of ${attributePath(field)} is taken.`, { key: field }, cause);
}

/** Returns the name of a declared index: its path and, for an array, the field of the element. */
export function indexKey({ path, element }: Index): string {
  return element === undefined ? path : `${path}.${element}`;
}

/** Creates the error for a query that no index narrows and that exceeded the time limit of a full scan. */
export function queryTooExpensive(): AppError {
  return new AppError(
    "query-too-expensive",
    "The query exceeded the time limit. Narrow it by an indexed attribute with eq or sw.",
  );
}

/** Creates the error for a query that waited too long behind others, or behind too many of its own organization. */
export function overloaded(): AppError {
  return new AppError("unavailable", "Too many expensive queries are running. Try again later.", {
    retryAfterSeconds: 2,
  });
}
