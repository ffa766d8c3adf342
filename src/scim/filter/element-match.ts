import type { Attribute } from "../schema/definitions.ts";
import { quoteName } from "../values/json.ts";
import { matchesComparableValue, toComparable, toComparison } from "./comparison.ts";
import type { ScimFilter } from "./syntax.ts";
import { invalidFilter } from "./tokenizer.ts";

/**
 * Builds a predicate for the elements of a multi-valued attribute from the filter in the brackets of a value path (RFC
 * 7644 sections 3.4.2.2 and 3.5.2). It compares like a condition of the store. The `value` of a scalar element is the
 * element itself. The filter is checked here; the predicate does not throw.
 * @throws AppError invalid-filter for an unknown sub-attribute, and for an operator or value that it does not support
 */
export function buildElementPredicate(filter: ScimFilter, attribute: Attribute): (element: unknown) => boolean {
  switch (filter.op) {
    case "and":
    case "or": {
      const all = filter.all.map((each) => buildElementPredicate(each, attribute));
      if (filter.op === "and") return (element) => all.every((each) => each(element));
      return (element) => all.some((each) => each(element));
    }
    case "not": {
      const negated = buildElementPredicate(filter.filter, attribute);
      return (element) => !negated(element);
    }
    case "valuePath":
      throw invalidFilter(filter.position, "brackets [ ] cannot be nested in brackets [ ]");
    default: {
      const subAttribute = resolveSubAttribute(attribute, filter);
      const comparison = toComparison(subAttribute, filter);
      return (element) => matchesComparableValue(comparison, readComparable(element, subAttribute));
    }
  }
}

/**
 * Resolves the sub-attribute of a comparison in brackets.
 * @throws AppError invalid-filter for an unknown sub-attribute
 */
export function resolveSubAttribute(
  attribute: Attribute,
  { path, position }: { path: string; position: number },
): Attribute {
  const name = path.toLowerCase();
  const isScalarValue = attribute.type !== "complex" && name === "value";
  const subAttribute = isScalarValue ? { ...attribute, name: "value" } : attribute.subAttributes.get(name);
  if (subAttribute) return subAttribute;
  throw invalidFilter(position, `${attribute.name} has no sub-attribute ${quoteName(path)}`);
}

/**
 * Comparable values by element: each is normalized once for all filters. Elements are immutable, so entries stay valid.
 */
const cache = new WeakMap<object, Map<Attribute, unknown>>();

/** Returns the sub-attribute of an element in the form in which it is compared. */
export function readComparable(element: unknown, subAttribute: Attribute): unknown {
  const normalizeValue = (value: unknown): unknown =>
    typeof value === "string" ? toComparable(subAttribute, value) : value;
  if (typeof element !== "object" || element === null)
    return subAttribute.name === "value" ? normalizeValue(element) : undefined;
  const cachedValues = cache.get(element) ?? new Map<Attribute, unknown>();
  if (!cachedValues.has(subAttribute))
    cachedValues.set(subAttribute, normalizeValue(readCaseInsensitive(element, subAttribute.name)));
  cache.set(element, cachedValues);
  return cachedValues.get(subAttribute);
}

function readCaseInsensitive(element: object, name: string): unknown {
  const key = Object.keys(element).find((each) => each.toLowerCase() === name.toLowerCase());
  return key === undefined ? undefined : (element as Readonly<Record<string, unknown>>)[key];
}
