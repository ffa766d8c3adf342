import { comparable, comparisonOf, passesAs } from "./comparison.ts";
import type { Filter } from "./filter-syntax.ts";
import { refusal } from "./filter-tokens.ts";
import { shown } from "./json.ts";
import type { Attribute } from "./scimmy.ts";

/**
 * Whether an element of a multi-valued attribute meets the filter between the brackets of a value path (RFC 7644
 * sections 3.4.2.2 and 3.5.2), by the same comparisons as a condition of the store. A scalar element is its `value`.
 * The filter is checked here, the predicate throws nothing.
 * @throws AppError invalid-filter for an unknown sub-attribute, and for an operator or value that it does not take
 */
export function elementPredicate(filter: Filter, attribute: Attribute): (element: unknown) => boolean {
  switch (filter.op) {
    case "and":
    case "or": {
      const all = filter.all.map((each) => elementPredicate(each, attribute));
      if (filter.op === "and") return (element) => all.every((each) => each(element));
      return (element) => all.some((each) => each(element));
    }
    case "not": {
      const inner = elementPredicate(filter.filter, attribute);
      return (element) => !inner(element);
    }
    case "valuePath":
      throw refusal(filter.position, "brackets [ ] do not stand within brackets [ ]");
    default: {
      const part = partOf(attribute, filter);
      const comparison = comparisonOf(part, filter);
      return (element) => passesAs(comparison, comparableIn(element, part));
    }
  }
}

/**
 * The sub-attribute that a filter within brackets names.
 * @throws AppError invalid-filter
 */
export function partOf(attribute: Attribute, { path, position }: { path: string; position: number }): Attribute {
  const name = path.toLowerCase();
  const isOwnValue = attribute.type !== "complex" && name === "value";
  const part = isOwnValue ? { ...attribute, name: "value" } : attribute.subAttributes.get(name);
  if (part) return part;
  throw refusal(position, `${attribute.name} has no sub-attribute ${shown(path)}`);
}

/** Elements are never changed, only replaced by others: however many filters look at one, each part is folded once. */
const known = new WeakMap<object, Map<Attribute, unknown>>();

/** A part of an element in the form in which it is compared. */
export function comparableIn(element: unknown, part: Attribute): unknown {
  const asCompared = (value: unknown): unknown => (typeof value === "string" ? comparable(part, value) : value);
  if (typeof element !== "object" || element === null) return part.name === "value" ? asCompared(element) : undefined;
  const values = known.get(element) ?? new Map<Attribute, unknown>();
  if (!values.has(part)) values.set(part, asCompared(valueIn(element, part.name)));
  known.set(element, values);
  return values.get(part);
}

function valueIn(element: object, name: string): unknown {
  const key = Object.keys(element).find((each) => each.toLowerCase() === name.toLowerCase());
  return key === undefined ? undefined : (element as Readonly<Record<string, unknown>>)[key];
}
