import type { GroupAttributes, UserAttributes } from "../../../schemas/user.ts";
import { AppError } from "../../errors.ts";
import { normalize } from "../../store/normalize.ts";
import { groupSchema, type ResourceSchema, resolveAttributePath, userSchema } from "../schema/resource-schema.ts";
import { toDeclaredJson, toDeclaredValues, toStoredExtensions } from "./extension-values.ts";
import { isObject, type JsonObject } from "./json.ts";
import { invalidValue, parseAttributes } from "./validate.ts";

/**
 * Validates a user from a request and returns the attributes to store.
 * @param schema the resource type with the extensions of the organization
 * @throws AppError invalid-request; invalid-value naming the attribute; too-large
 */
export function parseUser(body: unknown, schema: ResourceSchema = userSchema): UserAttributes {
  const input = assertJsonObject(body, "user");
  assertSize(input);
  const attributes = toStoredExtensions(parseAttributes(input, schema), schema);
  const { userName } = attributes;
  if (typeof userName !== "string") throw invalidValue("userName", "is required");
  if (userName.trim() === "") throw invalidValue("userName", "must not be empty");
  for (const [name, value] of Object.entries(attributes)) assertLength(name, value);
  return { ...attributes, userName };
}

const extensionUrnByKey: ReadonlyMap<string, string> = new Map(userSchema.extensions.map(({ key, urn }) => [key, urn]));
/** The key of the values of extensions that organizations declare. */
const extensionsKey = "scimExtensions";

/**
 * Returns the attributes of a stored user with extensions under their URNs.
 * @param schema the resource type with the extensions of the organization
 */
export function toScimAttributes(stored: JsonObject, schema: ResourceSchema = userSchema): Record<string, unknown> {
  const urnByKey = new Map(schema.extensions.map(({ key, urn }) => [key, urn]));
  const attributes: Record<string, unknown> = {};
  for (const name of Object.keys(stored)) {
    if (name === extensionsKey) Object.assign(attributes, toDeclaredValues(stored[name], schema));
    else attributes[urnByKey.get(name) ?? name] = stored[name];
  }
  return attributes;
}

/**
 * Does the same in the JSON of a stored user, without parsing it, and removes the fields that are no attributes. Values of
 * extensions that the organization declares are parsed only if some may no longer be declared.
 * @returns the JSON, and the URNs of the extensions in it
 */
export function toScimJson(
  stored: string,
  schema: ResourceSchema = userSchema,
): { readonly json: string; readonly extensions: readonly string[] } {
  const extensionsStart = findKeyStart(stored, extensionsKey);
  if (extensionsStart < 0) return toScimJsonWithoutDeclared(stored);
  const { attributesJson, valuesJson } = splitExtensions(stored, extensionsStart);
  const { json, extensions } = toScimJsonWithoutDeclared(attributesJson);
  const declared = toDeclaredJson(valuesJson, schema);
  if (declared.urns.length === 0) return { json, extensions };
  const separator = json === "{}" ? "" : ",";
  return {
    json: `${json.slice(0, -1)}${separator}${declared.json.slice(1)}`,
    extensions: [...extensions, ...declared.urns],
  };
}

/** Separates the extension values from the attributes, in which any attribute of an extension could be mistaken for a field. */
function splitExtensions(stored: string, start: number): { attributesJson: string; valuesJson: string } {
  // This service writes them as the last field. Another order costs a parse.
  if (!stored.endsWith("}}}")) {
    const { [extensionsKey]: values, ...attributes } = JSON.parse(stored) as JsonObject;
    return { attributesJson: JSON.stringify(attributes), valuesJson: JSON.stringify(values) };
  }
  return {
    attributesJson: `${stored.slice(0, start).replace(/,$/, "")}}`,
    valuesJson: stored.slice(start + extensionsKey.length + '"":'.length, -1),
  };
}

/** Returns whether the JSON of a stored user has values of extensions that organizations declare or have declared. */
export const hasDeclaredExtensions = (stored: string): boolean => findKeyStart(stored, extensionsKey) >= 0;

function toScimJsonWithoutDeclared(stored: string): { readonly json: string; readonly extensions: readonly string[] } {
  let json = removeKey(stored, "managedBy");
  const withoutGeneration = removeKey(json, "tokenGeneration");
  // The other two are written with the first one or after it, so one search is enough for most users.
  if (withoutGeneration !== json) json = removeKey(removeKey(withoutGeneration, "tokensEndedAt"), "lockVersion");
  const extensions: string[] = [];
  for (const [key, urn] of extensionUrnByKey) {
    const keyStart = findKeyStart(json, key);
    if (keyStart < 0) continue;
    json = `${json.slice(0, keyStart)}"${urn}"${json.slice(keyStart + key.length + 2)}`;
    extensions.push(urn);
  }
  return { json, extensions };
}

/** Removes a key of a record, whose value is a string without escapes or a number, from its JSON. */
function removeKey(json: string, key: string): string {
  const keyStart = findKeyStart(json, key);
  if (keyStart < 0) return json;
  const valueStart = keyStart + key.length + '"":'.length;
  const valueEnd =
    json[valueStart] === '"'
      ? json.indexOf('"', valueStart + 1) + 1
      : valueStart + json.slice(valueStart).search(/[,}]/);
  const before = json.slice(0, keyStart);
  return json[valueEnd] === "," ? before + json.slice(valueEnd + 1) : before.replace(/,$/, "") + json.slice(valueEnd);
}

/**
 * Returns the offset of a record's key in its JSON, or -1. JSON escapes quotes in strings, so a match is a key, and no
 * attribute or sub-attribute has the same name. The search starts at the key's capital letter, which is rare. Searching
 * for its quote, which is frequent, would cost as much as parsing the record.
 */
function findKeyStart(json: string, key: string): number {
  const prefixLength = key.search(/[A-Z]/);
  const pattern = `${key.slice(prefixLength)}":`;
  for (let index = json.indexOf(pattern); index >= 0; index = json.indexOf(pattern, index + 1)) {
    const start = index - prefixLength - 1;
    if (json.startsWith(`"${key}`, start)) return start;
  }
  return -1;
}

/**
 * Validates a group from a request and returns its attributes and the ids of its members.
 * @param schema the resource type with the extensions of the organization
 * @throws AppError invalid-request; invalid-value naming the attribute; too-large
 */
export function parseGroup(
  body: unknown,
  schema: ResourceSchema = groupSchema,
): { attributes: GroupAttributes; memberIds: readonly string[] } {
  const entries = Object.entries(assertJsonObject(body, "group"));
  const isMembers = ([name]: [string, unknown]): boolean => {
    const { attribute, subAttribute } = resolveAttributePath(schema, name) ?? {};
    return attribute?.name === "members" && !subAttribute;
  };
  const members = entries.filter(isMembers);
  if (members.length > 1)
    throw new AppError("invalid-request", "members appears more than once.", { field: "members" });
  const attributes = toStoredExtensions(
    parseAttributes(Object.fromEntries(entries.filter((entry) => !isMembers(entry))), schema),
    schema,
  );
  const { scimExtensions } = attributes;
  const externalId = parseGroupExternalId(attributes["externalId"]);
  return {
    attributes: {
      displayName: parseGroupName(attributes["displayName"]),
      ...(externalId !== undefined && { externalId }),
      ...(scimExtensions !== undefined && { scimExtensions }),
    },
    memberIds: parseMemberIds(members[0]?.[1] ?? []),
  };
}

/** Validates the `displayName` of a group. @throws AppError invalid-value */
export function parseGroupName(value: unknown): string {
  assertLength("displayName", value);
  if (typeof value === "string" && value.trim() !== "") return value;
  throw invalidValue("displayName", "must be a non-empty string");
}

/** Validates the `externalId` of a group. Null means unassigned. @throws AppError invalid-value */
export function parseGroupExternalId(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  assertLength("externalId", value);
  if (typeof value === "string") return value;
  throw invalidValue("externalId", "must be a string");
}

/**
 * Returns the ids in a `members` value: a list or a single member, as objects with a `value` or as plain ids. Ignores
 * `type`, `display` and `$ref`, which the service derives from the id.
 * @throws AppError invalid-value; too-large
 */
export function parseMemberIds(members: unknown): readonly string[] {
  const items: readonly unknown[] = Array.isArray(members) ? members : [members];
  if (items.length > membersMax) {
    throw new AppError("too-large", `members has more than ${membersMax} entries; send them in several requests.`);
  }
  return items.map((member) => {
    const id = isObject(member) ? readMemberId(member) : member;
    if (typeof id === "string" && id !== "" && !/^\s*[[{]/.test(id)) return id;
    throw new AppError("invalid-value", "Each entry of members must have a value, the id of a user or group.", {
      field: "members",
    });
  });
}

function readMemberId(member: JsonObject): unknown {
  const names = Object.keys(member).filter((name) => name.toLowerCase() === "value");
  if (names.length > 1)
    throw new AppError("invalid-request", "members.value appears more than once.", { field: "members" });
  return member[names[0] ?? "value"];
}

const membersMax = 50_000;
const stringLengthMax = 1024;
const userCharactersMax = 65_536;
const userValuesMax = 2000;

/**
 * Bounds strings that are indexed, compared and encoded in cursors, also in their normalized form. Lists are not sort
 * keys, so only the size of the whole user bounds them.
 * @param field stored path, for the error
 * @param value a string, or an object with strings
 * @throws AppError invalid-value
 */
function assertLength(field: string, value: unknown): void {
  if (isObject(value)) for (const [name, each] of Object.entries(value)) assertLength(`${field}.${name}`, each);
  if (typeof value === "string" && (value.length > stringLengthMax || normalize(value).length > stringLengthMax)) {
    throw invalidValue(field, `is longer than ${stringLengthMax} characters`);
  }
}

/** @throws AppError too-large */
function assertSize(user: JsonObject): void {
  if (countValues(user, userValuesMax) > userValuesMax || JSON.stringify(user).length > userCharactersMax) {
    throw new AppError("too-large", `A user has at most ${userValuesMax} values and ${userCharactersMax} characters.`);
  }
}

/** Counts the values of a JSON document. Stops once the count exceeds the limit. */
function countValues(value: unknown, limit: number): number {
  if (typeof value !== "object" || value === null) return 1;
  let count = 1;
  for (const each of Object.values(value)) {
    count += countValues(each, limit - count);
    if (count > limit) break;
  }
  return count;
}

function assertJsonObject(body: unknown, resourceName: string): JsonObject {
  if (isObject(body)) return body;
  throw new AppError("invalid-request", `The body must be a JSON object with the attributes of the ${resourceName}.`);
}
