import type { Request, Response } from "express";
import type { Group } from "../../../schemas/user.ts";
import type { GroupAttributes, GroupRevision, Groups } from "../../domain/people/groups.ts";
import { AppError } from "../../errors.ts";
import { answeredNotModified, etagOf, expectedVersion } from "../etag.ts";
import { callerOf } from "../request.ts";
import { sendPieces } from "../send.ts";
import { scimMediaType } from "./errors.ts";
import { storedOfGroups } from "./filter.ts";
import { inboundGroup } from "./inbound.ts";
import { type GroupPatch, groupPatch, patchOperations } from "./patch.ts";
import type { Projection } from "./projection.ts";
import { listQuery, scimParameters } from "./query.ts";
import { listUrn, type Renderer } from "./render.ts";
import { idOf, projectionFor } from "./users.ts";

/** RFC 7644 section 3 for groups. Members are streamed where they are shown, and not read where they are not. */
export class GroupEndpoint {
  readonly #groups: Groups;
  readonly #renderer: Renderer;

  constructor(groups: Groups, renderer: Renderer) {
    this.#groups = groups;
    this.#renderer = renderer;
  }

  async list(req: Request, res: Response): Promise<void> {
    const { organizationId } = callerOf(req);
    const projection = projectionFor(req);
    const { query, startIndex } = listQuery(req, storedOfGroups);
    const { items, total } = await this.#groups.list(organizationId, query);
    const head = { schemas: [listUrn], totalResults: total, startIndex, itemsPerPage: items.length };
    await sendPieces(res, 200, scimMediaType, this.#listPieces(organizationId, head, items, projection));
  }

  async create(req: Request, res: Response): Promise<void> {
    const projection = projectionFor(req);
    const { attributes, memberIds } = inboundGroup(req.body);
    const group = await this.#groups.create(callerOf(req), attributes, memberIds);
    res.setHeader("Location", this.#renderer.location("Groups", group.id));
    await this.#send(res, 201, group, projection);
  }

  async read(req: Request, res: Response): Promise<void> {
    const projection = projectionFor(req);
    const group = await this.#groups.get(callerOf(req).organizationId, idOf(req));
    if (!group) throw new AppError("not-found", "There is no such group.");
    if (!answeredNotModified(req, res, group.version)) await this.#send(res, 200, group, projection);
  }

  async replace(req: Request, res: Response): Promise<void> {
    const projection = projectionFor(req);
    const { attributes, memberIds } = inboundGroup(req.body);
    const group = await this.#groups.update(callerOf(req), idOf(req), expectedVersion(req), {
      revise: () => attributes,
      members: [{ set: memberIds }],
    });
    await this.#send(res, 200, group, projection);
  }

  /** 204, as identity providers expect; the group only for who asks for attributes of it. */
  async patch(req: Request, res: Response): Promise<void> {
    const id = idOf(req);
    const projection = projectionFor(req);
    const patch = groupPatch(id, patchOperations(req.body));
    const group = await this.#groups.update(callerOf(req), id, expectedVersion(req), revisionOf(patch));
    res.setHeader("ETag", etagOf(group.version));
    if (scimParameters(req).attributes) await this.#send(res, 200, group, projection);
    else res.status(204).end();
  }

  async remove(req: Request, res: Response): Promise<void> {
    await this.#groups.remove(callerOf(req), idOf(req), expectedVersion(req));
    res.status(204).end();
  }

  async #send(res: Response, status: number, group: Group, projection: Projection): Promise<void> {
    res.setHeader("ETag", etagOf(group.version));
    await sendPieces(res, status, scimMediaType, this.#pieces(group.organizationId, group, projection));
  }

  #pieces(organizationId: string, group: Group, projection: Projection): AsyncGenerator<string> {
    const members = projection.shows("members") ? this.#groups.members(organizationId, group.id) : undefined;
    return this.#renderer.groupPieces(this.#renderer.group(group, projection), members);
  }

  async *#listPieces(
    organizationId: string,
    head: object,
    groups: readonly Group[],
    projection: Projection,
  ): AsyncGenerator<string> {
    yield `${JSON.stringify(head).slice(0, -1)},"Resources":[`;
    for (const [at, group] of groups.entries()) {
      if (at > 0) yield ",";
      yield* this.#pieces(organizationId, group, projection);
    }
    yield "]}";
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
