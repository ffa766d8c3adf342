import { readComparable } from "../filter/element-match.ts";
import type { Attribute } from "../schema/definitions.ts";
import { isObject } from "./json.ts";

/**
 * Merges elements with the same `value` and `type`, of which only one may exist (RFC 7643 section 2.4). Elements
 * without a `value` are equal if all of their sub-attributes except `primary` are. The later element wins.
 */
export const mergeDuplicates = (attribute: Attribute, elements: readonly unknown[]): readonly unknown[] =>
  mergeDuplicateElements(attribute, elements, (element) => element, mergeElements);

/**
 * Does the same with elements in entries of a caller.
 * @param merge merges two entries with equal elements
 */
export function mergeDuplicateElements<Entry>(
  attribute: Attribute,
  entries: readonly Entry[],
  toElement: (entry: Entry) => unknown,
  merge: (first: Entry, second: Entry) => Entry,
): readonly Entry[] {
  if (entries.length < 2) return entries; // most lists; building a key costs more than reading the element
  const byKey = new Map<string, Entry>();
  for (const entry of entries) {
    const key = comparisonKey(attribute, toElement(entry), identifyingNames(toElement(entry)));
    const duplicate = byKey.get(key);
    byKey.set(key, duplicate === undefined ? entry : merge(duplicate, entry));
  }
  return [...byKey.values()];
}

/** Merges two equal elements. */
export const mergeElements = (first: unknown, second: unknown): unknown =>
  isObject(first) && isObject(second) ? { ...first, ...second } : second;

function identifyingNames(element: unknown): readonly string[] {
  if (!isObject(element)) return [];
  if ("value" in element) return ["value", "type"];
  return Object.keys(element)
    .filter((name) => name !== "primary")
    .sort();
}

/** Returns a key that is equal for elements with equal sub-attributes of these names, by the rules of their schema. */
export function comparisonKey(attribute: Attribute, element: unknown, names: readonly string[]): string {
  if (!isObject(element)) return JSON.stringify(element);
  return JSON.stringify(
    names.map((name) => {
      const subAttribute = attribute.subAttributes.get(name.toLowerCase());
      return [name, subAttribute ? readComparable(element, subAttribute) : element[name]];
    }),
  );
}
