import { AppError } from "../errors.ts";
import type { Index } from "./collection.ts";

/** The version that was read is not the one that is stored. */
export function stale(id: string): AppError {
  return new AppError("stale", `${id} was changed by somebody else in the meantime.`);
}

/**
 * A unique key is taken. The value itself is not repeated: it may belong to somebody whom the caller may not see.
 * @param index the declared index, or undefined for the id
 */
export function conflict(index: Index | undefined, cause: unknown): AppError {
  const key = index ? keyOf(index) : "id";
  return new AppError("conflict", `The value of ${key.replace(/^folded\./, "")} is taken.`, { key }, cause);
}

/** A declared index as one name: its path and, where it has one, the element's field. */
export function keyOf({ path, element }: Index): string {
  return element === undefined ? path : `${path}.${element}`;
}

/** No index narrows the question and the time for looking at every record is over. */
export function tooExpensive(): AppError {
  return new AppError(
    "query-too-expensive",
    "This question takes longer than one may take. Narrow it by an attribute that is indexed, with eq or sw.",
  );
}

/** Others' questions, or too many of the same organisation, come before this one: it may be fine a little later. */
export function tooBusy(): AppError {
  return new AppError("unavailable", "Too many questions that take long are being asked at the moment. Try again.", {
    retryAfterSeconds: 2,
  });
}
