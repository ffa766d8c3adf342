import type { Labels } from "../../schemas/labels.ts";
import type { ScimExtension } from "../../schemas/scim-extension.ts";
import type { WithSearchFields } from "../../schemas/user.ts";
import { type ExtensionValues, toExtensionSearchFields } from "./extension-fields.ts";
import { toLabelTerms } from "./label-terms.ts";
import { normalize } from "./normalize.ts";
import { toAttributes } from "./record.ts";

/**
 * Returns a user or group as it is written: its attributes and their normalized search fields.
 * @param extensions the extension schemas of the organization; needed only for a record with `scimExtensions`
 */
export function withSearchFields<T extends object>(
  record: T,
  extensions: readonly ScimExtension[] = [],
): WithSearchFields<T> {
  const attributes = toAttributes(record as Readonly<Record<string, unknown>>);
  const { scimExtensions } = attributes;
  const labels = toLabelTerms((record as { readonly labels?: Labels }).labels);
  const normalized = { ...toNormalizedFields(attributes), ...(labels && { labels }) };
  return {
    ...record,
    normalized: scimExtensions
      ? { ...normalized, ...toExtensionSearchFields(scimExtensions as ExtensionValues, extensions) }
      : normalized,
  };
}

/**
 * Returns the normalized search fields of a user's or group's attributes: the strings that are compared
 * case-insensitively (RFC 7643 section 2.2), under the same paths. Elements of lists are complete, so that one condition
 * can compare several fields of one element.
 */
export function toNormalizedFields(attributes: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(attributes).flatMap(([name, value]) => {
      if (otherFields.has(name)) return [];
      const normalizedValue = normalizeValue(name, value);
      return normalizedValue === undefined ? [] : [[name, normalizedValue]];
    }),
  );
}

/** Case-exact, compared under its own path; and normalized on its own, because its types are declared. */
const otherFields: ReadonlySet<string> = new Set(["externalId", "scimExtensions"]);

/** Booleans and numbers outside of lists have no normalized form: conditions use their own paths. */
function normalizeValue(name: string, value: unknown): unknown {
  if (typeof value === "string") return normalize(value);
  if (Array.isArray(value))
    return value.map((element: unknown) => normalizeElement(element, caseExactFields.get(name)));
  return typeof value === "object" && value !== null ? toNormalizedFields({ ...value }) : undefined;
}

/** The case-exact fields of list elements (RFC 7643 section 8.7.1). */
const caseExactFields: ReadonlyMap<string, string> = new Map([
  ["photos", "value"],
  ["x509Certificates", "value"],
]);

function normalizeElement(element: unknown, exactField?: string): unknown {
  if (typeof element === "string") return normalize(element);
  if (typeof element !== "object" || element === null) return element;
  return Object.fromEntries(
    Object.entries(element).map(([name, value]) => [name, name === exactField ? value : normalizeElement(value)]),
  );
}
