import { AppError } from "../errors.ts";

/** What the client says of the stored version (RFC 9110 section 13.1); undefined when it does not care. */
export interface ExpectedVersion {
  /** Of If-Match: these, or any that there is. */
  readonly oneOf?: readonly number[] | "any";
  /** Of If-None-Match: these, or any that there is. */
  readonly noneOf?: readonly number[] | "any";
}

/** @throws AppError precondition-failed when the client changed its mind about another version than the stored one */
export function assertVersion(stored: number, { oneOf, noneOf = [] }: ExpectedVersion = {}): void {
  const isOther = oneOf !== undefined && oneOf !== "any" && !oneOf.includes(stored);
  if (!isOther && noneOf !== "any" && !noneOf.includes(stored)) return;
  throw new AppError("precondition-failed", "The resource has changed since that version. Read it again.");
}
