import { AppError } from "../../errors.ts";
import { comparableIn, elementPredicate } from "./element-match.ts";
import type { Filter } from "./filter-syntax.ts";
import { isObject, type JsonObject } from "./json.ts";
import { type AimedChange, nonEmpty, partsSaid, withParts } from "./patch-complex.ts";
import type { Attribute } from "./scimmy.ts";
import { assertOnePrimary, elementsMax, invalidValue, isPrimary, partsFrom, valueFrom } from "./validate.ts";

/** An element, and whether this change has said something of it. */
interface Entry {
  readonly element: unknown;
  readonly isSaid: boolean;
}

/**
 * The elements of a multi-valued attribute after a change (RFC 7644 sections 3.5.2.1 to 3.5.2.3). None is there twice,
 * and one that becomes primary takes that from the other.
 * @throws AppError no-target when a filter selects nothing that could be replaced; invalid-filter; invalid-value
 */
export function elementsAfter(
  attribute: Attribute,
  present: readonly unknown[],
  change: AimedChange,
): readonly unknown[] {
  if (!change.target.filter && change.op === "remove") return remaining(attribute, present, change.value);
  const before = present.map((element) => ({ element, isSaid: false }));
  const { filter } = change.target;
  const entries = filter ? selected(attribute, before, change, filter) : given(attribute, before, change);
  if (!entries.some(({ isSaid }) => isSaid)) return entries.map(({ element }) => element);
  const after = distinct(attribute, entries);
  if (after.length > elementsMax) throw invalidValue(attribute.name, `has more than ${elementsMax} elements`);
  return withOnePrimary(attribute, after);
}

/** `add` to what is there, or `replace` of all. */
function given(attribute: Attribute, before: readonly Entry[], { op, value }: AimedChange): readonly Entry[] {
  const said = elementsOf(attribute, value).map((element) => ({ element, isSaid: true }));
  return op === "add" ? [...before, ...said] : said;
}

/** A list, or one element without its list. */
function elementsOf(attribute: Attribute, value: unknown): readonly unknown[] {
  const list = value === null || Array.isArray(value) ? value : [value];
  return (valueFrom(attribute, list) ?? []) as readonly unknown[];
}

/** A change of the elements that a filter selects, or of some of their parts. */
function selected(
  attribute: Attribute,
  before: readonly Entry[],
  change: AimedChange,
  filter: Filter,
): readonly Entry[] {
  const isSelected = elementPredicate(filter, attribute);
  const parts = partsSaid(attribute, change);
  if (change.op !== "remove" && !before.some(({ element }) => isSelected(element))) {
    const element = change.op === "add" ? elementWith(attribute, filter) : undefined;
    if (!element || !parts || !isSelected(element)) {
      throw new AppError("no-target", `The filter selects none of ${attribute.name}.`, { field: attribute.name });
    }
    return [...before, { element: withParts(element, parts), isSaid: true }];
  }
  return before.flatMap((entry): readonly Entry[] => {
    if (!isObject(entry.element) || !isSelected(entry.element)) return [entry];
    const element = parts && nonEmpty(withParts(entry.element, parts));
    return element ? [{ element, isSaid: true }] : [];
  });
}

/** The element that a filter asks for, when it says by `eq` what the element is. */
function elementWith(attribute: Attribute, filter: Filter): JsonObject | undefined {
  const terms = filter.op === "and" ? filter.all : [filter];
  const said = terms.map((term) => (term.op === "eq" ? ([term.path.toLowerCase(), term.value] as const) : undefined));
  if (said.includes(undefined)) return undefined;
  return withParts({}, partsFrom(attribute, Object.fromEntries(said.filter((each) => each !== undefined))));
}

/** Without the elements that are named by their value, and type if it is said, or else by all that is said of them. */
function remaining(attribute: Attribute, present: readonly unknown[], value: unknown): readonly unknown[] {
  if (value === undefined) return [];
  if (value === null) throw invalidValue(attribute.name, "are removed by their values, or all without a value");
  const named = new Map<string, { readonly names: readonly string[]; readonly keys: Set<string> }>();
  for (const element of elementsOf(attribute, value)) {
    const said = isObject(element) ? Object.keys(element).sort() : [];
    const names = said.includes("value") ? said.filter((name) => name === "value" || name === "type") : said;
    const alike = named.get(names.join()) ?? { names, keys: new Set() };
    named.set(names.join(), alike);
    alike.keys.add(keyOf(attribute, element, names));
  }
  const isNamed = (element: unknown): boolean =>
    [...named.values()].some(({ names, keys }) => keys.has(keyOf(attribute, element, names)));
  return present.filter((element) => !isNamed(element));
}

/**
 * Each element once: a value of one type is there once (RFC 7643 section 2.4), with all that was said of it; elements
 * without a value differ by what they hold.
 */
function distinct(attribute: Attribute, entries: readonly Entry[]): readonly Entry[] {
  const byKey = new Map<string, Entry>();
  for (const entry of entries) {
    const names = isObject(entry.element)
      ? "value" in entry.element
        ? ["value", "type"]
        : Object.keys(entry.element)
            .filter((name) => name !== "primary")
            .sort()
      : [];
    const key = keyOf(attribute, entry.element, names);
    const twin = byKey.get(key);
    byKey.set(key, twin ? both(twin, entry) : entry);
  }
  return [...byKey.values()];
}

const both = (first: Entry, second: Entry): Entry => ({
  element:
    isObject(first.element) && isObject(second.element) ? { ...first.element, ...second.element } : second.element,
  isSaid: first.isSaid || second.isSaid,
});

/** Equal for elements whose parts of these names are equal, as their schema compares them. */
function keyOf(attribute: Attribute, element: unknown, names: readonly string[]): string {
  if (!isObject(element)) return JSON.stringify(element);
  return JSON.stringify(
    names.map((name) => {
      const part = attribute.subAttributes.get(name.toLowerCase());
      return [name, part ? comparableIn(element, part) : element[name]];
    }),
  );
}

/** What this change makes primary takes that from the other (RFC 7644 section 3.5.2). */
function withOnePrimary(attribute: Attribute, entries: readonly Entry[]): readonly unknown[] {
  const chosen = entries.filter(({ element, isSaid }) => isSaid && isPrimary(element));
  assertOnePrimary(
    chosen.map(({ element }) => element),
    attribute.name,
  );
  if (chosen.length === 0) return entries.map(({ element }) => element);
  return entries.map(({ element, isSaid }) =>
    !isSaid && isObject(element) && isPrimary(element) ? { ...element, primary: false } : element,
  );
}
