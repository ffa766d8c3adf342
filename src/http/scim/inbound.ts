import type { GroupAttributes } from "../../domain/people/groups.ts";
import type { UserAttributes } from "../../domain/people/users.ts";
import { AppError } from "../../errors.ts";
import { checkUserTypes, enterpriseUrn, userUrn } from "./scimmy.ts";

/** The key under which the enterprise extension is stored: one without dots. */
const enterpriseKey = "enterpriseUser";

type Json = Readonly<Record<string, unknown>>;

/**
 * A user as a client sends it -> the attributes that are stored.
 * @throws AppError invalid-value naming the attribute
 */
export function inboundUser(body: unknown): UserAttributes {
  const sent = normalise(objectOf(body, "user"));
  assertUserShape(sent);
  const { [enterpriseUrn]: enterprise, ...checked } = checkUserTypes(sent);
  // What the service says itself, what is derived, and what is never kept.
  for (const name of ["schemas", "id", "meta", "groups", "password"]) delete checked[name];
  if (typeof checked["userName"] !== "string" || checked["userName"].trim() === "") {
    throw new AppError("invalid-value", "userName must not be empty.", { field: "userName" });
  }
  for (const name of ["userName", "displayName", "externalId"]) assertShort(name, checked[name]);
  for (const [name, values] of Object.entries(checked)) {
    if (Array.isArray(values)) assertElements(name, values);
  }
  const extension = enterprise as Json | undefined;
  return {
    ...checked,
    ...(extension && Object.keys(extension).length > 0 && { [enterpriseKey]: extension }),
  } as unknown as UserAttributes;
}

/** The attributes of a stored user, as the schema that checks them wants them. */
export function outboundAttributes({ [enterpriseKey]: enterprise, ...attributes }: Json): Record<string, unknown> {
  return { ...attributes, ...(enterprise !== undefined && { [enterpriseUrn]: enterprise }) };
}

/**
 * A group as a client sends it -> its attributes and the ids of its members.
 * @throws AppError invalid-value naming the attribute
 */
export function inboundGroup(body: unknown): { attributes: GroupAttributes; memberIds: readonly string[] } {
  const byName = new Map(Object.entries(objectOf(body, "group")).map(([name, value]) => [name.toLowerCase(), value]));
  const externalId = byName.get("externalid") ?? undefined;
  if (externalId !== undefined && typeof externalId !== "string") {
    throw new AppError("invalid-value", "externalId must be a text.", { field: "externalId" });
  }
  assertShort("externalId", externalId);
  return {
    attributes: {
      displayName: groupName(byName.get("displayname")),
      ...(externalId !== undefined && { externalId }),
    },
    memberIds: memberIdsOf(byName.get("members") ?? []),
  };
}

/** @throws AppError invalid-value */
export function groupName(value: unknown): string {
  assertShort("displayName", value);
  if (typeof value === "string" && value.trim() !== "") return value;
  throw new AppError("invalid-value", "displayName must be a text that is not empty.", { field: "displayName" });
}

/**
 * The ids in a `members` value: one or many, objects with a `value` or bare ids. Only the id counts; what else the
 * client says of a member (type, display, $ref) is ours to say.
 * @throws AppError invalid-value
 */
export function memberIdsOf(members: unknown): readonly string[] {
  const list = Array.isArray(members) ? members : [members];
  if (list.length > membersMax) {
    throw new AppError("too-large", `members has more than ${membersMax} entries; send them in several requests.`);
  }
  return list.map((member: unknown) => {
    const id = typeof member === "object" && member !== null ? (member as Json)["value"] : member;
    if (typeof id === "string" && id !== "") return id;
    throw new AppError("invalid-value", "Each of members must have a value, the id of a user or group.", {
      field: "members",
    });
  });
}

const membersMax = 50_000;
const nameMax = 1024;
const userCharactersMax = 65_536;
const userValuesMax = 2000;
export const elementsMax = 100;

/** Long enough for any name; what is indexed and compared has to have an end. */
function assertShort(name: string, value: unknown): void {
  if (typeof value === "string" && value.length > nameMax) {
    throw new AppError("invalid-value", `${name} is longer than ${nameMax} characters.`, { field: name });
  }
}

/**
 * Refuses what the schema check would take minutes for, or would drop without a word.
 * @throws AppError too-large; invalid-value naming the attribute
 */
function assertUserShape(user: Json): void {
  if (valuesIn(user, userValuesMax) > userValuesMax || JSON.stringify(user).length > userCharactersMax) {
    throw new AppError("too-large", `A user has at most ${userValuesMax} values and ${userCharactersMax} characters.`);
  }
  const seen = new Set<string>();
  for (const [name, value] of Object.entries(user)) {
    const folded = name.toLowerCase();
    const refuse = (why: string): never => {
      throw new AppError("invalid-value", `${name.slice(0, 100)} ${why}.`, { field: name.slice(0, 100) });
    };
    if (seen.has(folded)) refuse("is there twice, in another letter case");
    seen.add(folded);
    if (folded.startsWith(`${userUrn.toLowerCase()}:`)) refuse("is to be named without its URN here");
    if (!folded.startsWith("urn:") && folded.includes(".")) refuse("is to be written as an object");
    if (folded === enterpriseUrn.toLowerCase() && !isObject(value)) refuse("must be an object");
    if (!Array.isArray(value)) continue;
    if (value.length > elementsMax) refuse(`has more than ${elementsMax} elements`);
    if (value.some((each) => Array.isArray(each))) refuse("has an element that is a list");
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

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function objectOf(body: unknown, what: string): Json {
  if (isObject(body)) return body;
  throw new AppError("invalid-request", `The body must be a JSON object that describes the ${what}.`);
}

/** Null and the empty list unassign (RFC 7643 section 2.5); some providers send booleans as texts. */
function normalise(body: Json): Json {
  const entries = Object.entries(body).flatMap(([name, value]): [string, unknown][] => {
    if (value === null || (Array.isArray(value) && value.length === 0)) return [];
    if (name.toLowerCase() === "active" && typeof value === "string") return [[name, booleanOf(value)]];
    return [[name, value]];
  });
  return Object.fromEntries(entries);
}

function booleanOf(text: string): unknown {
  const folded = text.toLowerCase();
  return folded === "true" ? true : folded === "false" ? false : text;
}

/** @throws AppError invalid-value for an element that holds nothing, and for two primary ones (RFC 7643 2.4) */
function assertElements(name: string, values: readonly unknown[]): void {
  if (values.some((each) => each === null || each === undefined)) {
    throw new AppError("invalid-value", `${name} has an element that is null.`, { field: name });
  }
  if (values.some((each) => isObject(each) && Object.keys(each).length === 0)) {
    throw new AppError("invalid-value", `${name} has an element in which nothing is known.`, { field: name });
  }
  if (values.filter((each) => (each as Json)["primary"] === true).length > 1) {
    throw new AppError("invalid-value", `Only one of ${name} can be primary.`, { field: name });
  }
}
