import type { Group } from "../../../schemas/user.ts";
import { groupUrn, userUrn } from "../../scim/schema/definitions.ts";
import type { ResourceSchema } from "../../scim/schema/resource-schema.ts";
import { toDeclaredValues } from "../../scim/values/extension-values.ts";
import { toScimJson } from "../../scim/values/inbound.ts";
import type { JsonObject } from "../../scim/values/json.ts";
import type { GroupOfUser, RawRecord } from "../../store/record.ts";
import { toAttributes } from "../../store/record.ts";
import { toWeakEtag } from "../server/etag.ts";
import type { Projection } from "./projection.ts";

/**
 * Renders stored records as SCIM resources. Locations begin with the configured URL, never with the Host of a request.
 */
export class ResourceRenderer {
  readonly #baseUrl: string;
  readonly #groupCache = new WeakMap<GroupOfUser, string>();
  readonly #listCache = new WeakMap<readonly GroupOfUser[], string>();
  /** The beginning of a user's location as a JSON string, with the opening quote. */
  readonly #userLocationPrefix: string;
  /** The same of a group. */
  readonly #groupLocationPrefix: string;

  /** @param baseUrl public URL of `/scim/v2`, without a trailing slash */
  constructor(baseUrl: string) {
    this.#baseUrl = baseUrl;
    this.#userLocationPrefix = JSON.stringify(this.location("Users", "")).slice(0, -1);
    this.#groupLocationPrefix = JSON.stringify(this.location("Groups", "")).slice(0, -1);
  }

  /** Returns the URL of a resource. */
  location(endpoint: "Users" | "Groups", id: string): string {
    return `${this.#baseUrl}/${endpoint}/${id}`;
  }

  /**
   * Creates a function that renders users for one response. A group is rendered once for all of its members, because a
   * page can contain ten times as many groups as users.
   * @param schema the schema of users, with the extensions of the organization if a user has values of them
   * @returns a function that renders a user as JSON, with the user's groups to include
   */
  createUserRenderer(
    projection: Projection,
    schema: ResourceSchema,
  ): (user: RawRecord, groups?: readonly GroupOfUser[]) => string {
    const isWholeUser = projection.isWholeExcept("groups");
    const subAttributes = includedSubAttributes(projection, "groups", ["value", "$ref", "display", "type"]);
    // With all sub-attributes, a group is rendered the same in every response.
    const groupCache: JsonCache<GroupOfUser> = subAttributes ? new Map() : this.#groupCache;
    const listCache: JsonCache<readonly GroupOfUser[]> = subAttributes ? new Map() : this.#listCache;
    const renderGroup = (group: GroupOfUser): string =>
      groupCache.get(group) ?? cacheJson(groupCache, group, this.#renderGroupOfUser(group, subAttributes));
    const renderGroupList = (groups: readonly GroupOfUser[]): string => {
      const rendered = groups.map(renderGroup).filter((each) => each !== "{}");
      return rendered.length === 0 ? "" : `,"groups":[${rendered.join(",")}]`;
    };
    return (user, groups = []) => {
      const groupList =
        groups.length === 0 ? "" : (listCache.get(groups) ?? cacheJson(listCache, groups, renderGroupList(groups)));
      if (isWholeUser) return this.#renderUser(user, schema, groupList);
      const json = JSON.stringify(projection.apply(JSON.parse(this.#renderUser(user, schema, "")) as JsonObject));
      return `${json.slice(0, -1)}${groupList}}`;
    };
  }

  /** Builds the JSON of a user from the stored JSON. Parsing and serializing it would be most of the cost of a list. */
  #renderUser(user: RawRecord, schema: ResourceSchema, groupList: string): string {
    const { id, version, createdAt, updatedAt } = user;
    const { json, extensions } = toScimJson(user.json, schema);
    const attributes = json.slice(1, -1);
    // The service generates the envelope, and URNs have only characters that need no escaping.
    const schemas = `["${[userUrn, ...extensions].join('","')}"]`;
    const meta = `{"resourceType":"User","created":"${createdAt}","lastModified":"${updatedAt}","location":${this.#userLocationPrefix}${id}","version":"W/\\"${version}\\""}`;
    return `{"schemas":${schemas},"id":"${id}",${attributes}${attributes && ","}"meta":${meta}${groupList}}`;
  }

  #renderGroupOfUser({ id, displayName, isDirect }: GroupOfUser, subAttributes: string[] | undefined): string {
    const type = isDirect ? "direct" : "indirect";
    return JSON.stringify({ value: id, $ref: this.location("Groups", id), display: displayName, type }, subAttributes);
  }

  /**
   * Streams the JSON of a group with its members, of which there can be a million.
   * @param schema the schema of groups, with the extensions of the organization if the group has values of them
   */
  async *streamGroup(
    group: Group,
    schema: ResourceSchema,
    members: AsyncIterable<readonly string[]> | undefined,
    projection: Projection,
  ): AsyncGenerator<string> {
    const { scimExtensions, ...attributes } = toAttributes(group);
    const declared = toDeclaredValues(scimExtensions, schema);
    const groupJson = JSON.stringify(
      projection.apply({
        schemas: [groupUrn, ...Object.keys(declared)],
        id: group.id,
        ...attributes,
        ...declared,
        meta: this.#renderMeta("Group", group),
      }),
    );
    if (!members) return yield groupJson;
    const subAttributes = includedSubAttributes(projection, "members", ["value", "$ref", "type"]);
    const renderMember = subAttributes
      ? (id: string): string => this.#renderMember(id, subAttributes)
      : (id: string): string => this.#renderWholeMember(id);
    let hasMembers = false;
    for await (const ids of members) {
      let entries = "";
      for (const id of ids) entries += entries === "" ? renderMember(id) : `,${renderMember(id)}`;
      yield hasMembers ? `,${entries}` : `${groupJson.slice(0, -1)},"members":[${entries}`;
      hasMembers = true;
    }
    yield hasMembers ? "]}" : groupJson;
  }

  /** Renders a member with all of its sub-attributes. Ids need no escaping. A group can have a million members. */
  #renderWholeMember(id: string): string {
    return id.startsWith("grp_")
      ? `{"value":"${id}","$ref":${this.#groupLocationPrefix}${id}","type":"Group"}`
      : `{"value":"${id}","$ref":${this.#userLocationPrefix}${id}","type":"User"}`;
  }

  #renderMember(id: string, subAttributes: string[]): string {
    const [endpoint, type] = id.startsWith("grp_") ? (["Groups", "Group"] as const) : (["Users", "User"] as const);
    return JSON.stringify({ value: id, $ref: this.location(endpoint, id), type }, subAttributes);
  }

  #renderMeta(
    type: "User" | "Group",
    { id, version, createdAt, updatedAt }: RawRecord | Group,
  ): Record<string, unknown> {
    return {
      resourceType: type,
      created: createdAt,
      lastModified: updatedAt,
      location: this.location(`${type}s`, id),
      version: toWeakEtag(version),
    };
  }
}

/** Rendered JSON by object. */
type JsonCache<T extends object> = Pick<WeakMap<T, string>, "get" | "set">;

function cacheJson<T extends object>(cache: JsonCache<T>, key: T, json: string): string {
  cache.set(key, json);
  return json;
}

/** Returns the sub-attributes to include, for JSON.stringify; undefined for all of them, which is faster. */
function includedSubAttributes(
  projection: Projection,
  name: string,
  subAttributes: readonly string[],
): string[] | undefined {
  const included = subAttributes.filter((subAttribute) => projection.includesSubAttribute(name, subAttribute));
  return included.length === subAttributes.length ? undefined : included;
}
