import { AppError } from "../errors.ts";

/** The versions that the client's If-Match names; undefined when it does not care. */
export type ExpectedVersion = readonly number[] | undefined;

/** @throws AppError precondition-failed when the client changed its mind about another version than the stored one */
export function assertVersion(stored: number, expected: ExpectedVersion): void {
  if (expected === undefined || expected.includes(stored)) return;
  throw new AppError("precondition-failed", "The resource has changed since that version. Read it again.");
}
