import type { GroupAttributes } from "../../domain/people/groups.ts";
import type { UserAttributes } from "../../domain/people/users.ts";
import { AppError } from "../../errors.ts";
import { checkUserTypes, enterpriseUrn } from "./scimmy.ts";

/** The key under which the enterprise extension is stored: one without dots. */
const enterpriseKey = "enterpriseUser";

type Json = Readonly<Record<string, unknown>>;

/**
 * A user as a client sends it -> the attributes that are stored.
 * @throws AppError invalid-value naming the attribute
 */
export function inboundUser(body: unknown): UserAttributes {
  const { [enterpriseUrn]: enterprise, ...checked } = checkUserTypes(normalise(objectOf(body, "user")));
  // What the service says itself, what is derived, and what is never kept.
  for (const name of ["schemas", "id", "meta", "groups", "password"]) delete checked[name];
  if (typeof checked["userName"] !== "string" || checked["userName"].trim() === "") {
    throw new AppError("invalid-value", "userName must not be empty.", { field: "userName" });
  }
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
  return list.map((member: unknown) => {
    const id = typeof member === "object" && member !== null ? (member as Json)["value"] : member;
    if (typeof id === "string" && id !== "") return id;
    throw new AppError("invalid-value", "Each of members must have a value, the id of a user or group.", {
      field: "members",
    });
  });
}

function objectOf(body: unknown, what: string): Json {
  if (typeof body === "object" && body !== null && !Array.isArray(body)) return body as Json;
  throw new AppError("invalid-request", `The body must be a JSON object that describes the ${what}.`);
}

/** Null unassigns (RFC 7643 section 2.5); some providers send booleans as texts. */
function normalise(body: Json): Json {
  const entries = Object.entries(body).flatMap(([name, value]): [string, unknown][] => {
    if (value === null) return [];
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
  if (values.filter((each) => (each as Json)["primary"] === true).length > 1) {
    throw new AppError("invalid-value", `Only one of ${name} can be primary.`, { field: name });
  }
}
