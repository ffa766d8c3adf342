import type { Group } from "../../../schemas/user.ts";
import { attributesOf } from "../../domain/attributes.ts";
import type { GroupOfUser } from "../../domain/people/known-groups.ts";
import type { RecordText } from "../../domain/query.ts";
import { etagOf } from "../etag.ts";
import { outboundText } from "./inbound.ts";
import type { JsonObject } from "./json.ts";
import type { Projection } from "./projection.ts";
import { groupUrn, userUrn } from "./scimmy.ts";

/** Stored records as SCIM resources. Addresses come from the configured URL, never from a request. */
export class Renderer {
  readonly #base: string;
  readonly #groups = new WeakMap<GroupOfUser, string>();
  readonly #lists = new WeakMap<readonly GroupOfUser[], string>();
  /** The beginning of the address of a user, as it begins in JSON. */
  readonly #usersText: string;

  /** @param base the public address of the SCIM door, without a slash at the end */
  constructor(base: string) {
    this.#base = base;
    this.#usersText = JSON.stringify(this.location("Users", "")).slice(0, -1);
  }

  /** The address of a resource. */
  location(kind: "Users" | "Groups", id: string): string {
    return `${this.#base}/${kind}/${id}`;
  }

  /**
   * Prepares the rendering of users for one answer. What is said of a group is made once for all users who are in it:
   * a page may hold ten times as many groups as users.
   * @returns makes the JSON text of a user, and of the user's groups where they are to be shown
   */
  users(projection: Projection): (user: RecordText, groups?: readonly GroupOfUser[]) => string {
    const isWhole = projection.isWholeBut("groups");
    const parts = partsShown(projection, "groups", ["value", "$ref", "display", "type"]);
    // As a whole they are said alike in every answer.
    const texts: Texts<GroupOfUser> = parts ? new Map() : this.#groups;
    const lists: Texts<readonly GroupOfUser[]> = parts ? new Map() : this.#lists;
    const textOf = (group: GroupOfUser): string =>
      texts.get(group) ?? kept(texts, group, this.#groupOfUser(group, parts));
    const listOf = (groups: readonly GroupOfUser[]): string => {
      const shown = groups.map(textOf).filter((each) => each !== "{}");
      return shown.length === 0 ? "" : `,"groups":[${shown.join(",")}]`;
    };
    return (user, groups = []) => {
      const list = groups.length === 0 ? "" : (lists.get(groups) ?? kept(lists, groups, listOf(groups)));
      if (isWhole) return this.#userText(user, list);
      const text = JSON.stringify(projection.apply(JSON.parse(this.#userText(user, "")) as JsonObject));
      return `${text.slice(0, -1)}${list}}`;
    };
  }

  /** A user's text is put together of the stored one: taking that apart and printing it anew costs most of a list. */
  #userText(user: RecordText, groups: string): string {
    const { id, version, createdAt, updatedAt } = user;
    const { text, extensions } = outboundText(user.json);
    const attributes = text.slice(1, -1);
    // The envelope and the URNs are the service's own, so that nothing in them is to be escaped.
    const schemas = `["${[userUrn, ...extensions].join('","')}"]`;
    const meta = `{"resourceType":"User","created":"${createdAt}","lastModified":"${updatedAt}","location":${this.#usersText}${id}","version":"W/\\"${version}\\""}`;
    return `{"schemas":${schemas},"id":"${id}",${attributes}${attributes && ","}"meta":${meta}${groups}}`;
  }

  #groupOfUser({ id, displayName, isDirect }: GroupOfUser, parts: string[] | undefined): string {
    const type = isDirect ? "direct" : "indirect";
    return JSON.stringify({ value: id, $ref: this.location("Groups", id), display: displayName, type }, parts);
  }

  /** A group with its members, piece by piece: they may be a million. */
  async *groupPieces(
    group: Group,
    members: AsyncIterable<readonly string[]> | undefined,
    projection: Projection,
  ): AsyncGenerator<string> {
    const head = JSON.stringify(
      projection.apply({ schemas: [groupUrn], id: group.id, ...attributesOf(group), meta: this.#meta("Group", group) }),
    );
    if (!members) return yield head;
    const parts = partsShown(projection, "members", ["value", "$ref", "type"]);
    let opened = false;
    for await (const ids of members) {
      const entries = ids.map((id) => this.#member(id, parts)).join(",");
      yield opened ? `,${entries}` : `${head.slice(0, -1)},"members":[${entries}`;
      opened = true;
    }
    yield opened ? "]}" : head;
  }

  #member(id: string, parts: string[] | undefined): string {
    const [kind, type] = id.startsWith("grp_") ? (["Groups", "Group"] as const) : (["Users", "User"] as const);
    return JSON.stringify({ value: id, $ref: this.location(kind, id), type }, parts);
  }

  #meta(type: "User" | "Group", { id, version, createdAt, updatedAt }: RecordText | Group): Record<string, unknown> {
    return {
      resourceType: type,
      created: createdAt,
      lastModified: updatedAt,
      location: this.location(`${type}s`, id),
      version: etagOf(version),
    };
  }
}

/** What has been said of something already. */
type Texts<T extends object> = Pick<WeakMap<T, string>, "get" | "set">;

function kept<T extends object>(texts: Texts<T>, of: T, text: string): string {
  texts.set(of, text);
  return text;
}

/** The sub-attributes to be shown, for JSON.stringify; undefined: all of them, which is quicker. */
function partsShown(projection: Projection, name: string, parts: readonly string[]): string[] | undefined {
  const shown = parts.filter((part) => projection.showsPart(name, part));
  return shown.length === parts.length ? undefined : shown;
}
