import { AppError } from "../../errors.ts";
import type { Entity } from "../record.ts";
import type { CollectionDefinition } from "../store.ts";
import type { Fields } from "./driver.ts";

/**
 * Converts a record to a MongoDB document. The `_id` begins with the organization id, so that no operation of another
 * organization can match the document. Values are limited to what JSON can represent.
 * @throws AppError invalid-value for an unpaired surrogate, which the driver would replace silently
 */
export function toDocument(entity: Entity): Fields {
  return { _id: documentId(entity.organizationId, entity.id), ...encodeFields(entity as unknown as Fields) };
}

/** Converts a document to a record, without its search fields. */
export function fromDocument(
  document: Fields,
  { searchFields }: Pick<CollectionDefinition<Entity>, "searchFields"> = {},
): Entity {
  const { _id, ...fields } = document;
  if (searchFields !== undefined) delete fields[documentPath(searchFields)];
  return decodeValue(fields) as Entity;
}

/** Returns about the number of characters of a document: of its names and strings, and some for each value. */
export function measureDocument(value: unknown): number {
  if (typeof value === "string") return value.length + valueLength;
  if (typeof value !== "object" || value === null) return valueLength;
  let length = valueLength;
  if (Array.isArray(value)) for (const each of value) length += measureDocument(each);
  else for (const name of Object.keys(value)) length += name.length + measureDocument((value as Fields)[name]);
  return length;
}

/** What encoding a value costs beside its characters, in characters. */
const valueLength = 8;

/** Returns the projection that excludes the search fields; undefined if the collection has none. */
export function withoutSearchFields({ searchFields }: CollectionDefinition<Entity>): Record<string, 0> | undefined {
  return searchFields === undefined ? undefined : { [documentPath(searchFields)]: 0 };
}

/** Returns the `_id` of a record: the organization id, a colon and the record id. */
export function documentId(organizationId: string, id: string): string {
  return `${encodeOrganizationId(organizationId)}:${id}`;
}

const encodeOrganizationId = (organizationId: string): string =>
  organizationId.replaceAll("%", "%25").replaceAll(":", "%3a").replaceAll(";", "%3b");

/** Converts a dotted record path to the field path in the document. */
export function documentPath(path: string): string {
  return path.split(".").map(encodeKey).join(".");
}

/**
 * Escapes the keys that MongoDB or its driver interpret: keys with a dot or dollar sign (paths, operators), keys with a
 * NUL (the end of a key), `_id`, and `_bsontype`, with which an object would imitate a BSON type. It also escapes the names
 * of the properties of `Object.prototype`: the driver looks up options by field name, finds these properties, and then
 * reads an array as raw bytes.
 */
function encodeKey(key: string): string {
  if (key === "_id" || key === "_bsontype") return key.replace("_", "%5f");
  if (Object.hasOwn(Object.prototype, key)) return `%${key.charCodeAt(0).toString(16)}${key.slice(1)}`;
  return /[%.$\0]/.test(key)
    ? key.replace(/[%.$\0]/g, (character) => `%${character.charCodeAt(0).toString(16).padStart(2, "0")}`)
    : key;
}

/** Restores a key that `encodeKey` escaped. */
export const decodeKey = (key: string): string =>
  key.replace(/%([0-9a-f]{2})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));

function encodeFields(fields: Fields): Fields {
  const encoded: [string, unknown][] = [];
  for (const [key, value] of Object.entries(fields)) {
    if (value === undefined) continue; // the driver would store null
    assertWellFormed(key);
    encoded.push([encodeKey(key), encodeValue(value)]);
  }
  return Object.fromEntries(encoded);
}

function encodeValue(value: unknown): unknown {
  switch (typeof value) {
    case "string":
      assertWellFormed(value);
      return value;
    case "number":
      // As in JSON: no negative zero, no infinities.
      return Number.isFinite(value) ? value + 0 : null;
    case "boolean":
      return value;
    case "undefined":
      return null;
    case "object":
      if (value === null) return null;
      return Array.isArray(value) ? value.map(encodeValue) : encodeFields(value as Fields);
    default:
      throw new TypeError(`a record cannot contain a ${typeof value}`);
  }
}

function assertWellFormed(value: string): void {
  if (!value.isWellFormed()) throw new AppError("invalid-value", "A string contains an unpaired surrogate.");
}

function decodeValue(value: unknown): unknown {
  if (value === null || typeof value !== "object") return value;
  if (Array.isArray(value)) return value.map(decodeValue);
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [key.includes("%") ? decodeKey(key) : key, decodeValue(each)]),
  );
}
