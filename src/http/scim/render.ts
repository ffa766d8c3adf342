import type { Group, User } from "../../../schemas/user.ts";
import { attributesOf } from "../../domain/attributes.ts";
import type { GroupOfUser } from "../../domain/people/memberships.ts";
import { etagOf } from "../etag.ts";
import { outboundAttributes } from "./inbound.ts";
import type { Projection } from "./projection.ts";
import { enterpriseUrn, groupUrn, userUrn } from "./scimmy.ts";

/** Stored records as SCIM resources. Addresses come from the configured URL, never from a request. */
export class Renderer {
  readonly #base: string;

  /** @param base the public address of the SCIM door, without a slash at the end */
  constructor(base: string) {
    this.#base = base;
  }

  /** The address of a resource. */
  location(kind: "Users" | "Groups", id: string): string {
    return `${this.#base}/${kind}/${id}`;
  }

  /** @param groups of the user, where they are to be shown */
  user(user: User, groups: readonly GroupOfUser[] = []): Record<string, unknown> {
    const attributes = outboundAttributes(attributesOf(user));
    return {
      schemas: enterpriseUrn in attributes ? [userUrn, enterpriseUrn] : [userUrn],
      id: user.id,
      ...attributes,
      ...(groups.length > 0 && {
        groups: groups.map(({ id, displayName, isDirect }) => ({
          value: id,
          $ref: this.location("Groups", id),
          display: displayName,
          type: isDirect ? "direct" : "indirect",
        })),
      }),
      meta: this.#meta("User", user),
    };
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
    let opened = false;
    for await (const ids of members) {
      const entries = ids.map((id) => this.#member(id, projection)).join(",");
      yield opened ? `,${entries}` : `${head.slice(0, -1)},"members":[${entries}`;
      opened = true;
    }
    yield opened ? "]}" : head;
  }

  #member(id: string, projection: Projection): string {
    const [kind, type] = id.startsWith("grp_") ? (["Groups", "Group"] as const) : (["Users", "User"] as const);
    return JSON.stringify({
      ...(projection.showsPart("members", "value") && { value: id }),
      ...(projection.showsPart("members", "$ref") && { $ref: this.location(kind, id) }),
      ...(projection.showsPart("members", "type") && { type }),
    });
  }

  #meta(type: "User" | "Group", { id, version, createdAt, updatedAt }: User | Group): Record<string, unknown> {
    return {
      resourceType: type,
      created: createdAt,
      lastModified: updatedAt,
      location: this.location(`${type}s`, id),
      version: etagOf(version),
    };
  }
}
