import type { Condition } from "../../store/query.ts";
import type { Attribute } from "../schema/definitions.ts";
import { type AttributeReference, type ResourceSchema, resolveAttributePath } from "../schema/resource-schema.ts";
import { resolveStoredPath, resolveWholePath } from "../schema/stored-fields.ts";
import { quoteName } from "../values/json.ts";
import { matchesComparison, toComparison, type ValueTest } from "./comparison.ts";
import { resolveSubAttribute } from "./element-match.ts";
import { hasExtension, narrowByIndex } from "./extension-index.ts";
import { toMemberCondition } from "./member-condition.ts";
import { parseFilter } from "./parser.ts";
import type { AttributeFilter, ScimFilter } from "./syntax.ts";
import { invalidFilter } from "./tokenizer.ts";

/**
 * Translates a filter of RFC 7644 section 3.4.2.2 into a condition of the store. Only attributes of the schema reach
 * the store.
 * @param source the filter as sent
 * @param schemas all resource types of the search (section 3.4.2.1): an attribute that another type defines and
 *   `schema` does not has no value
 * @throws AppError invalid-filter with the position and the reason
 */
export function toFilterCondition(
  source: string,
  schema: ResourceSchema,
  schemas: readonly ResourceSchema[] = [schema],
): Condition {
  return toCondition(parseFilter(source), { schema, schemas });
}

interface SearchScope {
  readonly schema: ResourceSchema;
  readonly schemas: readonly ResourceSchema[];
}

const always: Condition = { op: "and", all: [] };
const never: Condition = { op: "or", all: [] };

function toCondition(filter: ScimFilter, scope: SearchScope): Condition {
  switch (filter.op) {
    case "and":
    case "or":
      return { op: filter.op, all: filter.all.map((each) => toCondition(each, scope)) };
    case "not":
      return negate(toCondition(filter.filter, scope));
    case "valuePath": {
      const { isOfOtherType, reference } = resolveFilterPath(filter, scope);
      const condition = toValuePathCondition(filter, reference);
      return isOfOtherType ? never : condition;
    }
    default: {
      const { isOfOtherType, reference } = resolveFilterPath(filter, scope);
      const { condition, negated } = toAttributeCondition(filter, reference, scope.schema);
      const positive = isOfOtherType ? never : condition;
      return negated ? negate(positive) : positive;
    }
  }
}

const negate = (condition: Condition): Condition => ({ op: "not", condition });

type ResolvedAttribute = AttributeReference & { readonly attribute: Attribute };

const hasAttribute = (reference: AttributeReference): reference is ResolvedAttribute =>
  reference.attribute !== undefined;

function resolveFilterPath(
  { path, position }: { readonly path: string; readonly position: number },
  { schema, schemas }: SearchScope,
): { readonly reference: ResolvedAttribute; readonly isOfOtherType: boolean } {
  for (const each of [schema, ...schemas]) {
    const reference = resolveAttributePath(each, path);
    if (reference && hasAttribute(reference)) return { reference, isOfOtherType: each !== schema };
  }
  throw invalidFilter(position, `unknown attribute ${quoteName(path)}`);
}

/** `emails[type eq "work" and value co "@example.com"]`: one element must match the whole inner filter. */
function toValuePathCondition(
  filter: Extract<ScimFilter, { op: "valuePath" }>,
  resolved: ResolvedAttribute,
): Condition {
  const { attribute, subAttribute } = resolved;
  if (!attribute.multiValued || subAttribute) {
    throw invalidFilter(
      filter.position,
      `${quoteName(filter.path)} is not multi-valued and cannot have a filter in brackets [ ]`,
    );
  }
  if (isMembersAttribute(resolved)) return toMemberCondition(filter.filter, attribute, filter.position);
  const path = resolveWholePath(resolved);
  if (path === undefined) throw notFilterable(filter);
  if (
    attribute.type !== "complex" &&
    (filter.filter.op === "and" || filter.filter.op === "or" || filter.filter.op === "not")
  ) {
    throw invalidFilter(filter.position, `${quoteName(filter.path)} supports one comparison in brackets [ ]`);
  }
  return { op: "some", path, where: toElementCondition(filter.filter, resolved) };
}

function toElementCondition(filter: ScimFilter, resolved: ResolvedAttribute): Condition {
  switch (filter.op) {
    case "and":
    case "or":
      return { op: filter.op, all: filter.all.map((each) => toElementCondition(each, resolved)) };
    case "not":
      return negate(toElementCondition(filter.filter, resolved));
    case "valuePath":
      throw invalidFilter(filter.position, "brackets [ ] cannot be nested in brackets [ ]");
    default: {
      const stored = resolveStoredPath({ ...resolved, subAttribute: resolveSubAttribute(resolved.attribute, filter) });
      if (stored?.elementPath === undefined) throw notFilterable(filter);
      const { test, negated } = toComparison(stored.attribute, filter);
      const condition = toTestCondition(test, stored.elementPath);
      // The path "" of a simple element cannot be inside a `not`.
      if (negated && condition.op === "eq") return { ...condition, op: "ne" };
      return negated ? negate(condition) : condition;
    }
  }
}

/** A comparison with a multi-valued attribute matches if any element does; a negated one, if no element does. */
function toAttributeCondition(
  filter: AttributeFilter,
  resolved: ResolvedAttribute,
  schema: ResourceSchema,
): { readonly condition: Condition; readonly negated: boolean } {
  const { attribute, subAttribute } = resolved;
  if (isMembersAttribute(resolved)) {
    const path = subAttribute?.name ?? "value";
    const negated = filter.op === "ne";
    const positive: AttributeFilter = filter.op === "ne" ? { ...filter, path, op: "eq" } : { ...filter, path };
    return { condition: toMemberCondition(positive, attribute, filter.position), negated };
  }
  if (subAttribute && isResourceTypeAttribute(resolved)) {
    const isMatch = matchesComparison(subAttribute, toComparison(subAttribute, filter), schema.type);
    return { condition: isMatch ? always : never, negated: false };
  }
  if (!resolved.extension && attribute.name === "schemas") return toSchemasCondition(filter, attribute, schema);
  const stored = resolveStoredPath(resolved);
  const wholePath = subAttribute ? undefined : resolveWholePath(resolved);
  const comparedAttribute = stored?.attribute ?? (wholePath === undefined ? undefined : attribute);
  if (!comparedAttribute) throw notFilterable(filter);
  const { test, negated } = toComparison(comparedAttribute, filter);
  const narrowed = (condition: Condition): { readonly condition: Condition; readonly negated: boolean } => ({
    condition: narrowByIndex(resolved, test, condition),
    negated,
  });
  if (test.op === "present" && wholePath !== undefined) return narrowed(toTestCondition(test, wholePath));
  if (!stored) throw notFilterable(filter);
  const { path, elementPath } = stored;
  if (elementPath === undefined) return narrowed(toTestCondition(test, path));
  return narrowed({ op: "some", path, where: toTestCondition(test, elementPath) });
}

/** A resource has the schema of its type, and the schema of an extension if it has any attribute of it. */
function toSchemasCondition(
  filter: AttributeFilter,
  attribute: Attribute,
  schema: ResourceSchema,
): { readonly condition: Condition; readonly negated: boolean } {
  const comparison = toComparison(attribute, filter);
  const { negated } = comparison;
  const positive = { ...comparison, negated: false };
  const all = schema.extensions.filter(({ urn }) => matchesComparison(attribute, positive, urn)).map(hasExtension);
  return { condition: matchesComparison(attribute, positive, schema.urn) ? always : { op: "or", all }, negated };
}

function toTestCondition(test: ValueTest, path: string): Condition {
  return test.op === "never" ? never : Object.assign({ path }, test);
}

const isMembersAttribute = ({ extension, attribute }: ResolvedAttribute): boolean =>
  !extension && attribute.name === "members";

const isResourceTypeAttribute = ({ extension, attribute, subAttribute }: ResolvedAttribute): boolean =>
  !extension && attribute.name === "meta" && subAttribute?.name === "resourceType";

const notFilterable = ({ path, position }: { readonly path: string; readonly position: number }): Error =>
  invalidFilter(position, `${quoteName(path)} is not filterable`);
