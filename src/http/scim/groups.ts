import type { Group } from "../../../schemas/user.ts";
import type { Caller } from "../../domain/caller.ts";
import type { GroupAttributes, GroupRevision, Groups } from "../../domain/people/groups.ts";
import type { ExpectedVersion } from "../../domain/precondition.ts";
import type { Page, Query } from "../../domain/query.ts";
import { AppError } from "../../errors.ts";
import type { Answer, Endpoint } from "./endpoint.ts";
import { type GroupPatch, groupPatch } from "./group-patch.ts";
import { inboundGroup } from "./inbound.ts";
import { patchOperations } from "./patch-message.ts";
import type { Projection } from "./projection.ts";
import type { Renderer } from "./render.ts";
import { groupSchema } from "./schema.ts";
import { storedValue } from "./stored.ts";

/** RFC 7644 section 3 for groups. Members are streamed where they are shown, and not read where they are not. */
export class GroupEndpoint implements Endpoint {
  readonly schema = groupSchema;
  readonly #groups: Groups;
  readonly #renderer: Renderer;

  constructor(groups: Groups, renderer: Renderer) {
    this.#groups = groups;
    this.#renderer = renderer;
  }

  find(caller: Caller, query: Query): Promise<Page<Group>> {
    return this.#groups.list(caller.organizationId, query);
  }

  valueAt(group: Group, path: string): ReturnType<typeof storedValue> {
    return storedValue(group, path);
  }

  async *render(_caller: Caller, groups: readonly Group[], projection: Projection): AsyncGenerator<string> {
    for (const [at, group] of groups.entries()) {
      if (at > 0) yield ",";
      yield* this.#pieces(group, projection);
    }
  }

  async create(caller: Caller, body: unknown, projection: Projection): Promise<Answer> {
    const { attributes, memberIds } = inboundGroup(body);
    return this.#answer(201, await this.#groups.create(caller, attributes, memberIds, "scim"), projection);
  }

  async read({ organizationId }: Caller, id: string, projection: Projection): Promise<Answer> {
    const group = await this.#groups.get(organizationId, id);
    if (!group) throw new AppError("not-found", "There is no such group.");
    return this.#answer(200, group, projection);
  }

  async replace(
    caller: Caller,
    id: string,
    body: unknown,
    expected: ExpectedVersion | undefined,
    projection: Projection,
  ): Promise<Answer> {
    const { attributes, memberIds } = inboundGroup(body);
    const revision = { revise: () => attributes, members: [{ set: memberIds }] };
    const { group } = await this.#groups.update(caller, id, expected, revision, "scim");
    return this.#answer(200, group, projection);
  }

  /** 204, as identity providers expect; the group only for who asks for attributes of it. */
  async patch(
    caller: Caller,
    id: string,
    body: unknown,
    expected: ExpectedVersion | undefined,
    projection: Projection,
  ): Promise<Answer> {
    const patch = groupPatch(id, patchOperations(body));
    const { group } = await this.#groups.update(caller, id, expected, revisionOf(patch), "scim");
    const answer = this.#answer(200, group, projection);
    if (projection.isAsked) return answer;
    const { body: _, ...rest } = answer;
    return { ...rest, status: 204 };
  }

  async remove(caller: Caller, id: string, expected: ExpectedVersion | undefined): Promise<Answer> {
    await this.#groups.remove(caller, id, expected, "scim");
    return { status: 204 };
  }

  #answer(status: Answer["status"], group: Group, projection: Projection): Answer {
    return {
      status,
      location: this.#renderer.location("Groups", group.id),
      version: group.version,
      body: () => this.#pieces(group, projection),
    };
  }

  #pieces(group: Group, projection: Projection): AsyncGenerator<string> {
    const members = projection.shows("members") ? this.#groups.members(group.organizationId, group.id) : undefined;
    return this.#renderer.groupPieces(group, members, projection);
  }
}

function revisionOf({ attributes, members }: GroupPatch): GroupRevision {
  if (Object.keys(attributes).length === 0) return { members };
  return {
    members,
    revise: (current): GroupAttributes => {
      const { externalId, ...rest } = { ...current, ...attributes } as GroupAttributes & { externalId?: unknown };
      return typeof externalId === "string" ? { ...rest, externalId } : rest;
    },
  };
}
