import { AppError } from "../errors.ts";

/** The client's preconditions on the stored version (RFC 9110 section 13.1). */
export interface ExpectedVersion {
  /** If-Match: one of these versions, or any existing one. */
  readonly ifMatch?: readonly number[] | "any";
  /** If-None-Match: none of these versions, or no existing one. */
  readonly ifNoneMatch?: readonly number[] | "any";
}

/**
 * Checks the client's preconditions against the stored version.
 * @param expected without preconditions, every version passes
 * @throws AppError precondition-failed
 */
export function assertVersion(storedVersion: number, { ifMatch, ifNoneMatch = [] }: ExpectedVersion = {}): void {
  const isMismatch = ifMatch !== undefined && ifMatch !== "any" && !ifMatch.includes(storedVersion);
  if (!isMismatch && ifNoneMatch !== "any" && !ifNoneMatch.includes(storedVersion)) return;
  throw new AppError(
    "precondition-failed",
    "The resource has a different version than the request expects. Read it again and retry.",
  );
}

/** Requires that a change keeps the slug, by which others refer to the resource. @throws AppError invalid-value */
export function assertSameSlug(current: { readonly slug: string }, next: { readonly slug: string }): void {
  if (next.slug === current.slug) return;
  throw new AppError("invalid-value", `slug cannot be changed. It must be ${current.slug}.`, { field: "slug" });
}
