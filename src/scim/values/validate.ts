import { AppError } from "../../errors.ts";
import { parseDateTime } from "../../store/date-time.ts";
import { normalizeElement, normalizeValue } from "../patch/quirks.ts";
import type { Attribute } from "../schema/definitions.ts";
import {
  type Extension,
  findSubAttribute,
  type ResourceSchema,
  resolveAttributePath,
} from "../schema/resource-schema.ts";
import { mergeDuplicates } from "./duplicates.ts";
import { isObject, type JsonObject, quoteName } from "./json.ts";

/** Limit for the elements of a multi-valued attribute. Members of groups have another. */
export const elementsMax = 100;

/**
 * Validates the attributes of a resource in a request (RFC 7644 sections 3.3 and 3.5.1).
 * @returns the attributes in the spelling of the schema, those of an extension in an object under its URN. Omits null
 *   and empty lists, which are unassigned (RFC 7643 section 2.5), and attributes that a client may send but not set:
 *   read-only ones, `schemas`, and write-only ones after validation
 * @throws AppError invalid-request for an unknown or duplicate attribute; invalid-value naming the attribute
 */
export function parseAttributes(body: JsonObject, schema: ResourceSchema): Record<string, unknown> {
  const core: Record<string, unknown> = {};
  const extended: Record<string, Record<string, unknown>> = {};
  const seenAttributes = new Set<Attribute>();
  for (const { extension, attribute, sent } of resolveAttributeInputs(body, schema)) {
    if (seenAttributes.has(attribute)) throw invalidName(`${attribute.name} appears more than once`);
    seenAttributes.add(attribute);
    if (attribute.mutability === "readOnly") continue;
    const value = parseValue(attribute, sent);
    if (value === undefined || attribute.name === "schemas" || attribute.mutability === "writeOnly") continue;
    if (extension) extended[extension.urn] = { ...extended[extension.urn], [attribute.name]: value };
    else core[attribute.name] = value;
  }
  return { ...core, ...extended };
}

/** Resolves the attributes of a body: by name, by name with URN, or in an object under the URN of an extension. */
function resolveAttributeInputs(body: JsonObject, schema: ResourceSchema, prefix = ""): readonly AttributeInput[] {
  return Object.entries(body).flatMap(([name, input]): readonly AttributeInput[] => {
    const { extension, attribute, subAttribute } = resolveAttributePath(schema, prefix + name) ?? {};
    if (attribute && !subAttribute) return [{ ...(extension && { extension }), attribute, sent: input }];
    if (!extension || attribute) throw invalidName(`${quoteName(name)} is not an attribute of ${schema.type}`);
    if (input === null) return [];
    if (!isObject(input)) throw invalidValue(extension.urn, "must be an object");
    return resolveAttributeInputs(input, schema, `${extension.urn}:`);
  });
}

interface AttributeInput {
  readonly extension?: Extension;
  readonly attribute: Attribute;
  readonly sent: unknown;
}

/**
 * Validates the value of an attribute.
 * @param field name of the attribute in errors
 * @returns undefined for an unassigned value: null, an empty list, or an object without assigned sub-attributes
 * @throws AppError invalid-request; invalid-value
 */
export function parseValue(attribute: Attribute, input: unknown, field: string = attribute.name): unknown {
  const value = normalizeValue(input, attribute);
  if (value === null || value === undefined) return undefined;
  if (attribute.multiValued) return parseElements(attribute, value, field);
  return attribute.type === "complex"
    ? toAssignedObject(parseSubAttributes(attribute, value, field))
    : parseSimpleValue(attribute, value, field);
}

/** A sub-attribute and its new value; undefined unassigns it. */
export type SubAttributeValue = readonly [name: string, value: unknown];

/**
 * Validates the sub-attributes of a complex value, or of one element of a list. Omits read-only sub-attributes.
 * @throws AppError invalid-request; invalid-value
 */
export function parseSubAttributes(
  attribute: Attribute,
  input: unknown,
  field: string = attribute.name,
): readonly SubAttributeValue[] {
  const value = attribute.multiValued ? normalizeElement(input, attribute) : input;
  if (!isObject(value)) throw invalidValue(field, "must be an object");
  const seenNames = new Set<string>();
  return Object.entries(value).flatMap(([name, each]): SubAttributeValue[] => {
    const subAttribute = findSubAttribute(attribute, name);
    if (!subAttribute) throw invalidName(`${field} has no sub-attribute ${quoteName(name)}`);
    if (seenNames.has(subAttribute.name)) throw invalidName(`${field}.${subAttribute.name} appears more than once`);
    seenNames.add(subAttribute.name);
    return subAttribute.mutability === "readOnly"
      ? []
      : [[subAttribute.name, parseValue(subAttribute, each, `${field}.${subAttribute.name}`)]];
  });
}

function parseElements(attribute: Attribute, value: unknown, field: string): readonly unknown[] | undefined {
  const elements = mergeDuplicates(
    attribute,
    parseElementList(attribute, value, field).filter((element) => hasContent(attribute, element)),
  );
  assertOnePrimary(elements, field);
  return elements.length > 0 ? elements : undefined;
}

/**
 * Validates the elements of a multi-valued attribute, each on its own. Omits null, empty strings and empty objects.
 * @throws AppError invalid-request; invalid-value
 */
export function parseElementList(
  attribute: Attribute,
  value: unknown,
  field: string = attribute.name,
): readonly unknown[] {
  if (!Array.isArray(value)) throw invalidValue(field, "must be a list");
  if (value.length > elementsMax) throw invalidValue(field, `has more than ${elementsMax} elements`);
  return value.flatMap((item: unknown) => {
    if (Array.isArray(item)) throw invalidValue(field, "must not contain a list");
    if (item === null || item === "") return [];
    if (attribute.type !== "complex") return [parseSimpleValue(attribute, item, field)];
    return toAssignedObject(parseSubAttributes(attribute, item, field)) ?? [];
  });
}

/**
 * Sub-attributes that describe the content of an element (RFC 7643 section 2.4). An element with nothing else is
 * unassigned: stored, it would be an e-mail address without an address.
 */
const descriptiveNames: ReadonlySet<string> = new Set(["type", "primary", "display"]);

function hasContent({ subAttributes }: Attribute, element: unknown): boolean {
  if (!isObject(element)) return true;
  const canHaveContent = [...subAttributes.values()].some(({ name }) => !descriptiveNames.has(name));
  return !canHaveContent || Object.keys(element).some((name) => !descriptiveNames.has(name));
}

/** @throws AppError invalid-value for more than one primary element (RFC 7643 section 2.4) */
export function assertOnePrimary(elements: readonly unknown[], field: string): void {
  if (elements.filter(isPrimary).length > 1) {
    throw new AppError("invalid-value", `Only one element of ${field} can be primary.`, { field });
  }
}

export const isPrimary = (element: unknown): boolean => isObject(element) && element["primary"] === true;

function toAssignedObject(subAttributes: readonly SubAttributeValue[]): JsonObject | undefined {
  const assigned = subAttributes.filter(([, value]) => value !== undefined);
  return assigned.length > 0 ? Object.fromEntries(assigned) : undefined;
}

function parseSimpleValue({ type }: Attribute, value: unknown, field: string): unknown {
  const { isValid, description } = valueTypes[type];
  if (!isValid(value)) throw invalidValue(field, `must be ${description}`);
  return value;
}

/** Checks and descriptions of the attribute types (RFC 7643 section 2.3). */
export const valueTypes: Record<
  Attribute["type"],
  { readonly isValid: (value: unknown) => boolean; readonly description: string }
> = {
  string: { isValid: (value) => typeof value === "string", description: "a string" },
  reference: { isValid: (value) => typeof value === "string", description: "a string" },
  boolean: { isValid: (value) => typeof value === "boolean", description: "true or false" },
  decimal: { isValid: (value) => typeof value === "number", description: "a number" },
  integer: { isValid: Number.isSafeInteger, description: "an integer" },
  dateTime: { isValid: isDateTime, description: "a date and time such as 2011-05-13T04:42:34Z" },
  binary: { isValid: isBase64, description: "a base64 string" },
  complex: { isValid: isObject, description: "an object" },
};

function isDateTime(value: unknown): boolean {
  return typeof value === "string" && parseDateTime(value) !== undefined;
}

function isBase64(value: unknown): boolean {
  return typeof value === "string" && value.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(value);
}

/** Creates an invalid-value error. @param field the attribute; the message begins with it */
export const invalidValue = (field: string, detail: string): AppError =>
  new AppError("invalid-value", `${field} ${detail}.`, { field });

const invalidName = (detail: string): AppError => new AppError("invalid-request", `${detail}.`);
