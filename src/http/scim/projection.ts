import { AppError } from "../../errors.ts";
import { localName } from "./filter.ts";

/** Which attributes an answer shows; `schemas` and `id` always (RFC 7643 section 7, RFC 7644 section 3.9). */
export interface Projection {
  /** Whether an attribute is to be read and shown at all. */
  shows(name: string): boolean;
  apply(resource: Readonly<Record<string, unknown>>): Record<string, unknown>;
}

const always = new Set(["schemas", "id"]);

/**
 * @param attributes comma-separated names to show, and nothing else
 * @param excludedAttributes comma-separated names not to show
 * @throws AppError invalid-value when both are given, or a sub-attribute, which is not told apart as yet
 */
export function projectionOf(attributes: string | undefined, excludedAttributes: string | undefined): Projection {
  if (attributes && excludedAttributes) {
    throw new AppError("invalid-value", "attributes and excludedAttributes exclude each other.");
  }
  const only = attributes ? names(attributes) : undefined;
  const without = names(excludedAttributes ?? "");
  const shows = (name: string): boolean => {
    const folded = name.toLowerCase();
    return always.has(folded) || (only ? only.has(folded) : !without.has(folded));
  };
  return {
    shows,
    apply: (resource) =>
      only || without.size > 0
        ? Object.fromEntries(Object.entries(resource).filter(([name]) => shows(name)))
        : { ...resource },
  };
}

function names(list: string): Set<string> {
  const all = list
    .split(",")
    .map((name) => localName(name.trim()))
    .filter((name) => name !== "");
  const nested = all.find((name) => name.includes(".") && !name.startsWith("urn:"));
  if (nested === undefined) return new Set(all);
  throw new AppError("invalid-value", `Answers cannot be cut to ${nested}; name ${nested.split(".")[0]} instead.`);
}
