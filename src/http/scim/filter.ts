import type { Condition } from "../../domain/query.ts";
import { comparisonOf, passes, type Test } from "./comparison.ts";
import { partOf } from "./element-match.ts";
import { memberCondition } from "./filter-members.ts";
import { parseFilter } from "./filter-parser.ts";
import type { AttributeFilter, Filter } from "./filter-syntax.ts";
import { refusal } from "./filter-tokens.ts";
import { shown } from "./json.ts";
import { type AttributeReference, attributeAt, type ResourceSchema } from "./schema.ts";
import type { Attribute } from "./scimmy.ts";
import { storedPath, storedWhole } from "./stored.ts";

/**
 * A filter of RFC 7644 section 3.4.2.2 as a condition of the store. Only attributes that the schema knows get there.
 * @param schemas all types that the search goes through (section 3.4.2.1): what one of them has and `schema` has not
 *   is an attribute without a value
 * @throws AppError invalid-filter, saying what was not understood and where
 */
export function conditionOf(
  text: string,
  schema: ResourceSchema,
  schemas: readonly ResourceSchema[] = [schema],
): Condition {
  return compile(parseFilter(text), { schema, schemas });
}

interface Search {
  readonly schema: ResourceSchema;
  readonly schemas: readonly ResourceSchema[];
}

const always: Condition = { op: "and", all: [] };
const never: Condition = { op: "or", all: [] };

function compile(filter: Filter, search: Search): Condition {
  switch (filter.op) {
    case "and":
    case "or":
      return { op: filter.op, all: filter.all.map((each) => compile(each, search)) };
    case "not":
      return not(compile(filter.filter, search));
    case "valuePath": {
      const { isForeign, reference } = named(filter, search);
      const condition = ofOneElement(filter, reference);
      return isForeign ? never : condition;
    }
    default: {
      const { isForeign, reference } = named(filter, search);
      const { condition, negated } = ofAttribute(filter, reference, search.schema);
      const positive = isForeign ? never : condition;
      return negated ? not(positive) : positive;
    }
  }
}

const not = (condition: Condition): Condition => ({ op: "not", condition });

type Named = AttributeReference & { readonly attribute: Attribute };

const isNamed = (reference: AttributeReference): reference is Named => reference.attribute !== undefined;

function named(
  { path, position }: { readonly path: string; readonly position: number },
  { schema, schemas }: Search,
): { readonly reference: Named; readonly isForeign: boolean } {
  for (const each of [schema, ...schemas]) {
    const reference = attributeAt(each, path);
    if (reference && isNamed(reference)) return { reference, isForeign: each !== schema };
  }
  throw refusal(position, `there is no attribute ${shown(path)} here`);
}

/** `emails[type eq "work" and value co "@example.com"]`: one element that meets it all. */
function ofOneElement(filter: Extract<Filter, { op: "valuePath" }>, reference: Named): Condition {
  const { attribute, subAttribute } = reference;
  if (!attribute.multiValued || subAttribute) {
    throw refusal(filter.position, `${shown(filter.path)} has no elements to choose from with brackets [ ]`);
  }
  if (isMembers(reference)) return memberCondition(filter.filter, attribute, filter.position);
  const path = storedWhole(reference);
  if (path === undefined) throw unaskable(filter);
  return { op: "some", path, where: elementCondition(filter.filter, reference) };
}

function elementCondition(filter: Filter, reference: Named): Condition {
  switch (filter.op) {
    case "and":
    case "or":
      return { op: filter.op, all: filter.all.map((each) => elementCondition(each, reference)) };
    case "not":
      return not(elementCondition(filter.filter, reference));
    case "valuePath":
      throw refusal(filter.position, "brackets [ ] do not stand within brackets [ ]");
    default: {
      const stored = storedPath({ ...reference, subAttribute: partOf(reference.attribute, filter) });
      if (stored?.elementPath === undefined) throw unaskable(filter);
      const { test, negated } = comparisonOf(stored.attribute, filter);
      const condition = tested(test, stored.elementPath);
      return negated ? not(condition) : condition;
    }
  }
}

/** One comparison. Of a multi-valued attribute some element passes it; when it is negated, none does. */
function ofAttribute(
  filter: AttributeFilter,
  reference: Named,
  schema: ResourceSchema,
): { readonly condition: Condition; readonly negated: boolean } {
  const { attribute, subAttribute } = reference;
  if (isMembers(reference)) {
    const path = subAttribute?.name ?? "value";
    const negated = filter.op === "ne";
    const positive: AttributeFilter = filter.op === "ne" ? { ...filter, path, op: "eq" } : { ...filter, path };
    return { condition: memberCondition(positive, attribute, filter.position), negated };
  }
  if (subAttribute && isResourceType(reference)) {
    const isMet = passes(subAttribute, comparisonOf(subAttribute, filter), schema.type);
    return { condition: isMet ? always : never, negated: false };
  }
  if (!reference.extension && attribute.name === "schemas") return ofSchemas(filter, attribute, schema);
  const stored = storedPath(reference);
  const whole = subAttribute ? undefined : storedWhole(reference);
  const compared = stored?.attribute ?? (whole === undefined ? undefined : attribute);
  if (!compared) throw unaskable(filter);
  const { test, negated } = comparisonOf(compared, filter);
  if (test.op === "present" && whole !== undefined) return { condition: tested(test, whole), negated };
  if (!stored) throw unaskable(filter);
  const { path, elementPath } = stored;
  if (elementPath === undefined) return { condition: tested(test, path), negated };
  return { condition: { op: "some", path, where: tested(test, elementPath) }, negated };
}

/** A resource has the schema of its type, and that of an extension when it holds something of it. */
function ofSchemas(
  filter: AttributeFilter,
  attribute: Attribute,
  schema: ResourceSchema,
): { readonly condition: Condition; readonly negated: boolean } {
  const comparison = comparisonOf(attribute, filter);
  const { negated } = comparison;
  const positive = { ...comparison, negated: false };
  const all = schema.extensions
    .filter(({ urn }) => passes(attribute, positive, urn))
    .map(({ key }): Condition => ({ op: "present", path: key }));
  return { condition: passes(attribute, positive, schema.urn) ? always : { op: "or", all }, negated };
}

function tested(test: Test, path: string): Condition {
  return test.op === "never" ? never : Object.assign({ path }, test);
}

const isMembers = ({ extension, attribute }: Named): boolean => !extension && attribute.name === "members";

const isResourceType = ({ extension, attribute, subAttribute }: Named): boolean =>
  !extension && attribute.name === "meta" && subAttribute?.name === "resourceType";

const unaskable = ({ path, position }: { readonly path: string; readonly position: number }): Error =>
  refusal(position, `nothing can be asked by ${shown(path)}`);
