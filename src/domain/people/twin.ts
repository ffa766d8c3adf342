import type { Twinned } from "../../../schemas/user.ts";
import { attributesOf } from "../attributes.ts";
import { fold } from "../fold.ts";

/** A user or group as it is written: beside its attributes their twin. */
export function withTwin<T extends object>(record: T): Twinned<T> {
  return { ...record, folded: foldedTwin(attributesOf({ ...(record as object) })) };
}

/**
 * The case-folded twin of a user's or group's attributes: the texts that are compared without regard to case (RFC 7643
 * section 2.2), under the same paths. Lists are there with all that their elements hold, so that one question can
 * speak of several fields of one element.
 */
export function foldedTwin(attributes: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const { externalId: _, ...others } = attributes; // compared as it is, under its own name
  return Object.fromEntries(
    Object.entries(others).flatMap(([name, value]) => {
      const twin = twinOf(name, value);
      return twin === undefined ? [] : [[name, twin]];
    }),
  );
}

/** Single truth values and numbers have no other form: they are asked by under their own names. */
function twinOf(name: string, value: unknown): unknown {
  if (typeof value === "string") return fold(value);
  if (Array.isArray(value)) return value.map((element: unknown) => foldedElement(element, exactFields.get(name)));
  return typeof value === "object" && value !== null ? foldedTwin({ ...value }) : undefined;
}

/** Fields of elements that are compared as they are (RFC 7643 section 8.7.1). */
const exactFields: ReadonlyMap<string, string> = new Map([
  ["photos", "value"],
  ["x509Certificates", "value"],
]);

function foldedElement(element: unknown, exactField?: string): unknown {
  if (typeof element === "string") return fold(element);
  if (typeof element !== "object" || element === null) return element;
  return Object.fromEntries(
    Object.entries(element).map(([name, value]) => [name, name === exactField ? value : foldedElement(value)]),
  );
}
