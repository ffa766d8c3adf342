import { fold } from "../../domain/fold.ts";
import type { GroupAttributes } from "../../domain/people/groups.ts";
import type { UserAttributes } from "../../domain/people/users.ts";
import { AppError } from "../../errors.ts";
import { isObject, type JsonObject } from "./json.ts";
import { attributeAt, groupSchema, userSchema } from "./schema.ts";
import { attributesFrom, invalidValue } from "./validate.ts";

/**
 * A user as a client sends it -> the attributes that are stored.
 * @throws AppError invalid-request; invalid-value naming the attribute; too-large
 */
export function inboundUser(body: unknown): UserAttributes {
  const sent = objectOf(body, "user");
  assertSize(sent);
  const attributes = attributesFrom(sent, userSchema);
  const { userName } = attributes;
  if (typeof userName !== "string" || userName.trim() === "") throw invalidValue("userName", "must not be empty");
  for (const { urn, key } of userSchema.extensions) {
    if (attributes[urn] !== undefined) attributes[key] = attributes[urn];
    delete attributes[urn];
  }
  for (const [name, value] of Object.entries(attributes)) assertShort(name, value);
  return { ...attributes, userName };
}

const urns: ReadonlyMap<string, string> = new Map(userSchema.extensions.map(({ key, urn }) => [key, urn]));

/** The attributes of a stored user as SCIM has them: those of an extension under its URN. */
export function outboundAttributes(stored: JsonObject): Record<string, unknown> {
  const attributes: Record<string, unknown> = {};
  for (const name of Object.keys(stored)) attributes[urns.get(name) ?? name] = stored[name];
  return attributes;
}

/**
 * The same in the JSON text of a stored user, and without whose the user is.
 * @returns the text, and the URNs of the extensions that it holds
 */
export function outboundText(json: string): { readonly text: string; readonly extensions: readonly string[] } {
  let text = json;
  const managed = placeOfKey(text, "managedBy");
  if (managed >= 0) {
    const end = text.indexOf('"', managed + '"managedBy":"'.length) + 1;
    const before = text.slice(0, managed);
    text = text[end] === "," ? before + text.slice(end + 1) : before.replace(/,$/, "") + text.slice(end);
  }
  const extensions: string[] = [];
  for (const [key, urn] of urns) {
    const at = placeOfKey(text, key);
    if (at < 0) continue;
    text = `${text.slice(0, at)}"${urn}"${text.slice(at + key.length + 2)}`;
    extensions.push(urn);
  }
  return { text, extensions };
}

/**
 * Where a key of the record stands in its JSON text, or -1. A quote within a text is escaped there, so that what is
 * found is a key; the schema has no attribute in which it could be one as well. The search goes by the key's capital
 * letter, of which there are few: by its quote, of which there are many, it costs as much as reading the record.
 */
function placeOfKey(json: string, key: string): number {
  const ahead = key.search(/[A-Z]/);
  const rest = `${key.slice(ahead)}":`;
  for (let at = json.indexOf(rest); at >= 0; at = json.indexOf(rest, at + 1)) {
    const start = at - ahead - 1;
    if (json.startsWith(`"${key}`, start)) return start;
  }
  return -1;
}

/**
 * A group as a client sends it -> its attributes and the ids of its members.
 * @throws AppError invalid-request; invalid-value naming the attribute; too-large
 */
export function inboundGroup(body: unknown): { attributes: GroupAttributes; memberIds: readonly string[] } {
  const sent = Object.entries(objectOf(body, "group"));
  const isMembers = ([name]: [string, unknown]): boolean => {
    const { attribute, subAttribute } = attributeAt(groupSchema, name) ?? {};
    return attribute?.name === "members" && !subAttribute;
  };
  const members = sent.filter(isMembers);
  if (members.length > 1) throw new AppError("invalid-request", "members is there twice.", { field: "members" });
  const attributes = attributesFrom(Object.fromEntries(sent.filter((entry) => !isMembers(entry))), groupSchema);
  const externalId = groupExternalId(attributes["externalId"]);
  return {
    attributes: {
      displayName: groupName(attributes["displayName"]),
      ...(externalId !== undefined && { externalId }),
    },
    memberIds: memberIdsOf(members[0]?.[1] ?? []),
  };
}

/** @throws AppError invalid-value */
export function groupName(value: unknown): string {
  assertShort("displayName", value);
  if (typeof value === "string" && value.trim() !== "") return value;
  throw invalidValue("displayName", "must be a text that is not empty");
}

/** @throws AppError invalid-value */
export function groupExternalId(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  assertShort("externalId", value);
  if (typeof value === "string") return value;
  throw invalidValue("externalId", "must be a text");
}

/**
 * The ids in a `members` value: one or many, objects with a `value` or bare ids. Only the id counts; what else the
 * client says of a member (type, display, $ref) is ours to say.
 * @throws AppError invalid-value; too-large
 */
export function memberIdsOf(members: unknown): readonly string[] {
  const list: readonly unknown[] = Array.isArray(members) ? members : [members];
  if (list.length > membersMax) {
    throw new AppError("too-large", `members has more than ${membersMax} entries; send them in several requests.`);
  }
  return list.map((member) => {
    const id = isObject(member) ? valueIn(member) : member;
    if (typeof id === "string" && id !== "") return id;
    throw new AppError("invalid-value", "Each of members must have a value, the id of a user or group.", {
      field: "members",
    });
  });
}

function valueIn(member: JsonObject): unknown {
  const names = Object.keys(member).filter((name) => name.toLowerCase() === "value");
  if (names.length > 1) throw new AppError("invalid-request", "members.value is there twice.", { field: "members" });
  return member[names[0] ?? "value"];
}

const membersMax = 50_000;
const nameMax = 1024;
const userCharactersMax = 65_536;
const userValuesMax = 2000;

/**
 * Long enough for any name: what is indexed, compared and put into a cursor has to have an end, also in the form in
 * which it is compared. Lists, by which nothing is sorted, have the bounds of the whole.
 * @param field where it is stored
 * @param value a text, or an object that holds some
 */
function assertShort(field: string, value: unknown): void {
  if (isObject(value)) for (const [part, each] of Object.entries(value)) assertShort(`${field}.${part}`, each);
  if (typeof value === "string" && (value.length > nameMax || fold(value).length > nameMax)) {
    throw invalidValue(field, `is longer than ${nameMax} characters`);
  }
}

/** @throws AppError too-large for what is more than any person has to say of themselves */
function assertSize(user: JsonObject): void {
  if (valuesIn(user, userValuesMax) > userValuesMax || JSON.stringify(user).length > userCharactersMax) {
    throw new AppError("too-large", `A user has at most ${userValuesMax} values and ${userCharactersMax} characters.`);
  }
}

/** Counts no further than it has to. */
function valuesIn(value: unknown, most: number): number {
  if (typeof value !== "object" || value === null) return 1;
  let count = 1;
  for (const each of Object.values(value)) {
    count += valuesIn(each, most - count);
    if (count > most) break;
  }
  return count;
}

function objectOf(body: unknown, what: string): JsonObject {
  if (isObject(body)) return body;
  throw new AppError("invalid-request", `The body must be a JSON object that describes the ${what}.`);
}
