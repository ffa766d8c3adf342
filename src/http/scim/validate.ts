import { AppError } from "../../errors.ts";
import { instantOf } from "./date-time.ts";
import { isObject, type JsonObject, shown } from "./json.ts";
import { normaliseElement, normaliseValue } from "./quirks.ts";
import { attributeAt, type Extension, type ResourceSchema } from "./schema.ts";
import type { Attribute } from "./scimmy.ts";

/** More than any person has of anything. */
export const elementsMax = 100;

/**
 * The attributes of a resource as a client sends it (RFC 7644 sections 3.3 and 3.5.1), under the names of the schema;
 * those of an extension in an object under its URN. Null and the empty list are absent (RFC 7643 section 2.5). What a
 * client may send and not set is left out: read-only attributes, `schemas`, and write-only attributes once checked.
 * @throws AppError invalid-request for a name that the schema does not have, or that is there twice; invalid-value
 *   naming the attribute
 */
export function attributesFrom(body: JsonObject, schema: ResourceSchema): Record<string, unknown> {
  const core: Record<string, unknown> = {};
  const extended: Record<string, Record<string, unknown>> = {};
  const seen = new Set<Attribute>();
  for (const { extension, attribute, sent } of statementsOf(body, schema)) {
    if (seen.has(attribute)) throw invalidName(`${attribute.name} is there twice`);
    seen.add(attribute);
    if (attribute.mutability === "readOnly") continue;
    const value = valueFrom(attribute, sent);
    if (value === undefined || attribute.name === "schemas" || attribute.mutability === "writeOnly") continue;
    if (extension) extended[extension.urn] = { ...extended[extension.urn], [attribute.name]: value };
    else core[attribute.name] = value;
  }
  return { ...core, ...extended };
}

/** What is said of each attribute, wherever in the body it stands: by its name, by its name with its URN, below its URN. */
function statementsOf(body: JsonObject, schema: ResourceSchema, prefix = ""): readonly Statement[] {
  return Object.entries(body).flatMap(([name, sent]): readonly Statement[] => {
    const { extension, attribute, subAttribute } = attributeAt(schema, prefix + name) ?? {};
    if (attribute && !subAttribute) return [{ ...(extension && { extension }), attribute, sent }];
    if (!extension || attribute) throw invalidName(`${shown(name)} is no attribute of a ${schema.type}`);
    if (sent === null) return [];
    if (!isObject(sent)) throw invalidValue(extension.urn, "must be an object");
    return statementsOf(sent, schema, `${extension.urn}:`);
  });
}

interface Statement {
  readonly extension?: Extension;
  readonly attribute: Attribute;
  readonly sent: unknown;
}

/**
 * The value of one attribute as the schema has it.
 * @param field under which name a fault is told
 * @returns undefined for what is unassigned: null, the empty list, an object in which nothing is assigned
 * @throws AppError invalid-request; invalid-value
 */
export function valueFrom(attribute: Attribute, sent: unknown, field: string = attribute.name): unknown {
  const value = normaliseValue(sent, attribute);
  if (value === null || value === undefined) return undefined;
  if (attribute.multiValued) return elementsFrom(attribute, value, field);
  return attribute.type === "complex"
    ? assigned(partsFrom(attribute, value, field))
    : simpleFrom(attribute, value, field);
}

/** A sub-attribute and what was said of it; undefined unassigns it. */
export type Part = readonly [name: string, value: unknown];

/**
 * What the value of a complex attribute, or one of its elements, says of its sub-attributes. Read-only ones are left out.
 * @throws AppError invalid-request; invalid-value
 */
export function partsFrom(attribute: Attribute, sent: unknown, field: string = attribute.name): readonly Part[] {
  const value = attribute.multiValued ? normaliseElement(sent, attribute) : sent;
  if (!isObject(value)) throw invalidValue(field, "must be an object");
  const seen = new Set<string>();
  return Object.entries(value).flatMap(([name, each]): Part[] => {
    const part = attribute.subAttributes.get(name.toLowerCase());
    if (!part) throw invalidName(`${field} has no ${shown(name)}`);
    if (seen.has(part.name)) throw invalidName(`${field}.${part.name} is there twice`);
    seen.add(part.name);
    return part.mutability === "readOnly" ? [] : [[part.name, valueFrom(part, each, `${field}.${part.name}`)]];
  });
}

function elementsFrom(attribute: Attribute, value: unknown, field: string): readonly unknown[] | undefined {
  if (!Array.isArray(value)) throw invalidValue(field, "must be a list");
  if (value.length > elementsMax) throw invalidValue(field, `has more than ${elementsMax} elements`);
  const elements = value.map((each: unknown) => {
    if (each === null) throw invalidValue(field, "has an element that is null");
    if (Array.isArray(each)) throw invalidValue(field, "has an element that is a list");
    if (attribute.type !== "complex") return simpleFrom(attribute, each, field);
    const element = assigned(partsFrom(attribute, each, field));
    if (!element) throw invalidValue(field, "has an element in which nothing is known");
    return element;
  });
  assertOnePrimary(elements, field);
  return elements.length > 0 ? elements : undefined;
}

/** @throws AppError invalid-value for two primary elements (RFC 7643 section 2.4) */
export function assertOnePrimary(elements: readonly unknown[], field: string): void {
  if (elements.filter(isPrimary).length > 1) {
    throw new AppError("invalid-value", `Only one of ${field} can be primary.`, { field });
  }
}

export const isPrimary = (element: unknown): boolean => isObject(element) && element["primary"] === true;

function assigned(parts: readonly Part[]): JsonObject | undefined {
  const known = parts.filter(([, value]) => value !== undefined);
  return known.length > 0 ? Object.fromEntries(known) : undefined;
}

function simpleFrom({ type }: Attribute, value: unknown, field: string): unknown {
  const { is, what } = types[type];
  if (!is(value)) throw invalidValue(field, `must be ${what}`);
  return value;
}

/** RFC 7643 section 2.3. */
export const types: Record<Attribute["type"], { readonly is: (value: unknown) => boolean; readonly what: string }> = {
  string: { is: (value) => typeof value === "string", what: "a text" },
  reference: { is: (value) => typeof value === "string", what: "a text" },
  boolean: { is: (value) => typeof value === "boolean", what: "true or false" },
  decimal: { is: (value) => typeof value === "number", what: "a number" },
  integer: { is: Number.isSafeInteger, what: "a whole number" },
  dateTime: { is: isDateTime, what: "a date and time such as 2011-05-13T04:42:34Z" },
  binary: { is: isBase64, what: "a text in base64" },
  complex: { is: isObject, what: "an object" },
};

function isDateTime(value: unknown): boolean {
  return typeof value === "string" && instantOf(value) !== undefined;
}

function isBase64(value: unknown): boolean {
  return typeof value === "string" && value.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(value);
}

/** @param field the attribute, by which the message begins */
export const invalidValue = (field: string, why: string): AppError =>
  new AppError("invalid-value", `${field} ${why}.`, { field });

const invalidName = (why: string): AppError => new AppError("invalid-request", `${why}.`);
