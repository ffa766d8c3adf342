import { AppError } from "../../errors.ts";
import { buildElementPredicate } from "../filter/element-match.ts";
import type { ScimFilter } from "../filter/syntax.ts";
import type { Attribute } from "../schema/definitions.ts";
import { comparisonKey, mergeDuplicateElements, mergeElements } from "../values/duplicates.ts";
import { isObject, type JsonObject } from "../values/json.ts";
import {
  assertOnePrimary,
  elementsMax,
  invalidValue,
  isPrimary,
  parseElementList,
  parseSubAttributes,
  parseValue,
} from "../values/validate.ts";
import { assignedSubAttributes, nonEmpty, type ResolvedPatchChange, withSubAttributes } from "./complex.ts";

/** An element, and whether this change added or modified it. */
interface ElementEntry {
  readonly element: unknown;
  readonly isTouched: boolean;
}

/**
 * Applies a change to the elements of a multi-valued attribute (RFC 7644 sections 3.5.2.1 to 3.5.2.3). Merges
 * duplicates. An element that becomes primary replaces the previous primary one.
 * @throws AppError no-target if the filter selects no element and the change does not add it; invalid-filter; invalid-value
 */
export function applyToElements(
  attribute: Attribute,
  current: readonly unknown[],
  change: ResolvedPatchChange,
): readonly unknown[] {
  if (!change.target.filter && change.op === "remove") return removeElements(attribute, current, change.value);
  const before = current.map((element) => ({ element, isTouched: false }));
  const { filter } = change.target;
  const entries = filter
    ? applyToSelectedElements(attribute, before, change, filter)
    : addOrReplaceElements(attribute, before, change);
  if (!entries.some(({ isTouched }) => isTouched)) return entries.map(({ element }) => element);
  const after = mergeDuplicateElements(attribute, entries, ({ element }) => element, mergeEntries);
  if (after.length > elementsMax) throw invalidValue(attribute.name, `has more than ${elementsMax} elements`);
  return withOnePrimary(attribute, after);
}

/** What the change assigns wins over what was stored, wherever the two elements are in the list. */
function mergeEntries(first: ElementEntry, second: ElementEntry): ElementEntry {
  const [base, winner] = first.isTouched && !second.isTouched ? [second, first] : [first, second];
  return { element: mergeElements(base.element, winner.element), isTouched: first.isTouched || second.isTouched };
}

/** `add` appends elements; `replace` replaces all of them. */
function addOrReplaceElements(
  attribute: Attribute,
  before: readonly ElementEntry[],
  { op, value }: ResolvedPatchChange,
): readonly ElementEntry[] {
  const assigned = parseAssignedElements(attribute, value).map((element) => ({ element, isTouched: true }));
  return op === "add" ? [...before, ...assigned] : assigned;
}

/** Accepts a list, or a single element without a list. */
function parseAssignedElements(attribute: Attribute, value: unknown): readonly unknown[] {
  return (parseValue(attribute, value) ?? []) as readonly unknown[];
}

/** Changes the elements that a filter selects, or some of their sub-attributes. */
function applyToSelectedElements(
  attribute: Attribute,
  before: readonly ElementEntry[],
  change: ResolvedPatchChange,
  filter: ScimFilter,
): readonly ElementEntry[] {
  const isSelected = buildElementPredicate(filter, attribute);
  const assigned = assignedSubAttributes(attribute, change);
  if (change.op !== "remove" && !before.some(({ element }) => isSelected(element))) {
    const element = change.addsMissing ? elementFromFilter(attribute, filter) : undefined;
    if (!element || !assigned || !isSelected(element)) {
      throw new AppError("no-target", `The filter selects no element of ${attribute.name}.`, { field: attribute.name });
    }
    return [...before, { element: withSubAttributes(element, assigned), isTouched: true }];
  }
  return before.flatMap((entry): readonly ElementEntry[] => {
    if (!isObject(entry.element) || !isSelected(entry.element)) return [entry];
    const element = assigned && nonEmpty(withSubAttributes(entry.element, assigned));
    return element ? [{ element, isTouched: true }] : [];
  });
}

/**
 * Builds the element that a filter describes; undefined unless the filter consists of `eq` comparisons joined by `and`.
 */
function elementFromFilter(attribute: Attribute, filter: ScimFilter): JsonObject | undefined {
  const terms = filter.op === "and" ? filter.all : [filter];
  const assignments = terms.map((term) =>
    term.op === "eq" ? ([term.path.toLowerCase(), term.value] as const) : undefined,
  );
  if (assignments.includes(undefined)) return undefined;
  return withSubAttributes(
    {},
    parseSubAttributes(attribute, Object.fromEntries(assignments.filter((each) => each !== undefined))),
  );
}

/**
 * Removes the elements in the value of the change. An element with a `value` matches by `value`, and by `type` if it
 * has one; another element matches by all of its sub-attributes.
 */
function removeElements(attribute: Attribute, current: readonly unknown[], value: unknown): readonly unknown[] {
  if (value === undefined) return [];
  if (value === null)
    throw invalidValue(
      attribute.name,
      "cannot be removed by null: send the elements to remove, or no value to remove all",
    );
  const removals = new Map<string, { readonly names: readonly string[]; readonly keys: Set<string> }>();
  for (const element of parseElementList(attribute, Array.isArray(value) ? value : [value])) {
    const properties = isObject(element) ? Object.keys(element).sort() : [];
    const names = properties.includes("value")
      ? properties.filter((name) => name === "value" || name === "type")
      : properties;
    const removal = removals.get(names.join()) ?? { names, keys: new Set() };
    removals.set(names.join(), removal);
    removal.keys.add(comparisonKey(attribute, element, names));
  }
  const isRemoved = (element: unknown): boolean =>
    [...removals.values()].some(({ names, keys }) => keys.has(comparisonKey(attribute, element, names)));
  return current.filter((element) => !isRemoved(element));
}

/** If this change sets an element as primary, the others become non-primary (RFC 7644 section 3.5.2). */
function withOnePrimary(attribute: Attribute, entries: readonly ElementEntry[]): readonly unknown[] {
  const newPrimaries = entries.filter(({ element, isTouched }) => isTouched && isPrimary(element));
  assertOnePrimary(
    newPrimaries.map(({ element }) => element),
    attribute.name,
  );
  if (newPrimaries.length === 0) return entries.map(({ element }) => element);
  return entries.map(({ element, isTouched }) =>
    !isTouched && isObject(element) && isPrimary(element) ? { ...element, primary: false } : element,
  );
}
