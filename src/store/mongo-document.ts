import { AppError } from "../errors.ts";
import type { CollectionDefinition, Entity } from "./collection.ts";
import type { Fields } from "./mongo-driver.ts";

/**
 * A record as the document that MongoDB keeps: the same fields, under an `_id` that begins with the organisation, so
 * that nothing is ever found, taken or overwritten through another one. Values are what JSON can hold.
 * @throws AppError invalid-value for half a character, which the driver would replace silently
 */
export function toDocument(entity: Entity): Fields {
  return { _id: documentId(entity.organizationId, entity.id), ...encodeFields(entity as unknown as Fields) };
}

/** The record in a document, without its twin. */
export function toEntity(document: Fields, { twin }: Pick<CollectionDefinition<Entity>, "twin"> = {}): Entity {
  const { _id, ...fields } = document;
  if (twin !== undefined) delete fields[documentPath(twin)];
  return decode(fields) as Entity;
}

/** What to ask for, so that the twin is not sent; undefined when there is none. */
export function withoutTwin({ twin }: CollectionDefinition<Entity>): Record<string, 0> | undefined {
  return twin === undefined ? undefined : { [documentPath(twin)]: 0 };
}

export function documentId(organizationId: string, id: string): string {
  return `${organizationPart(organizationId)}:${id}`;
}

/** What all ids of one organisation's documents are between. Within it they sort as the records' ids do. */
export function documentIdRange(organizationId: string): { $gte: string; $lt: string } {
  const part = organizationPart(organizationId);
  return { $gte: `${part}:`, $lt: `${part};` };
}

const organizationPart = (organizationId: string): string =>
  organizationId.replaceAll("%", "%25").replaceAll(":", "%3a").replaceAll(";", "%3b");

/** A record's path as MongoDB knows it. */
export function documentPath(path: string): string {
  return path.split(".").map(encodeKey).join(".");
}

/**
 * Keys that MongoDB or its driver give a meaning to: with a dot or dollar (paths, operators), with a NUL (the end of a
 * key), `_id`, and `_bsontype`, by which an object would pose as one of the driver's own. And the names that every object is
 * born with: the driver looks up options by a field's name, finds those, and reads an array there as raw bytes.
 */
function encodeKey(key: string): string {
  if (key === "_id" || key === "_bsontype") return key.replace("_", "%5f");
  if (Object.hasOwn(Object.prototype, key)) return `%${key.charCodeAt(0).toString(16)}${key.slice(1)}`;
  return /[%.$\0]/.test(key)
    ? key.replace(/[%.$\0]/g, (character) => `%${character.charCodeAt(0).toString(16).padStart(2, "0")}`)
    : key;
}

const decodeKey = (key: string): string =>
  key.replace(/%([0-9a-f]{2})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));

function encodeFields(fields: Fields): Fields {
  const encoded: [string, unknown][] = [];
  for (const [key, value] of Object.entries(fields)) {
    if (value === undefined) continue; // the driver would store null
    checkText(key);
    encoded.push([encodeKey(key), encode(value)]);
  }
  return Object.fromEntries(encoded);
}

function encode(value: unknown): unknown {
  switch (typeof value) {
    case "string":
      checkText(value);
      return value;
    case "number":
      // As JSON has it: no second zero, no infinities.
      return Number.isFinite(value) ? value + 0 : null;
    case "boolean":
      return value;
    case "undefined":
      return null;
    case "object":
      if (value === null) return null;
      return Array.isArray(value) ? value.map(encode) : encodeFields(value as Fields);
    default:
      throw new TypeError(`a record holds no ${typeof value}`);
  }
}

function checkText(text: string): void {
  if (!text.isWellFormed()) throw new AppError("invalid-value", "A text holds half of a character.");
}

function decode(value: unknown): unknown {
  if (value === null || typeof value !== "object") return value;
  if (Array.isArray(value)) return value.map(decode);
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [key.includes("%") ? decodeKey(key) : key, decode(each)]),
  );
}
