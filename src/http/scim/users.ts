import type { Request, Response } from "express";
import type { User } from "../../../schemas/user.ts";
import type { Users } from "../../domain/people/users.ts";
import { AppError } from "../../errors.ts";
import { answeredNotModified, etagOf, expectedVersion } from "../etag.ts";
import { callerOf } from "../request.ts";
import { sendJson } from "../send.ts";
import { scimMediaType } from "./errors.ts";
import { storedOfUsers } from "./filter.ts";
import { inboundUser, outboundAttributes } from "./inbound.ts";
import { patchedUser, patchOperations } from "./patch.ts";
import { type Projection, projectionOf } from "./projection.ts";
import { listQuery, scimParameters } from "./query.ts";
import { listUrn, type Renderer } from "./render.ts";

/** RFC 7644 section 3 for users: each method reads, asks the domain, and answers. */
export class UserEndpoint {
  readonly #users: Users;
  readonly #renderer: Renderer;

  constructor(users: Users, renderer: Renderer) {
    this.#users = users;
    this.#renderer = renderer;
  }

  async list(req: Request, res: Response): Promise<void> {
    const projection = projectionFor(req);
    const { query, startIndex } = listQuery(req, storedOfUsers);
    const { items, total } = await this.#users.list(callerOf(req).organizationId, query);
    sendJson(res, 200, scimMediaType, {
      schemas: [listUrn],
      totalResults: total,
      startIndex,
      itemsPerPage: items.length,
      Resources: items.map((user) => this.#renderer.user(user, projection)),
    });
  }

  async create(req: Request, res: Response): Promise<void> {
    const projection = projectionFor(req);
    const user = await this.#users.create(callerOf(req), inboundUser(req.body));
    res.setHeader("Location", this.#renderer.location("Users", user.id));
    this.#send(res, 201, user, projection);
  }

  async read(req: Request, res: Response): Promise<void> {
    const projection = projectionFor(req);
    const user = await this.#users.get(callerOf(req).organizationId, idOf(req));
    if (!user) throw new AppError("not-found", "There is no such user.");
    if (!answeredNotModified(req, res, user.version)) this.#send(res, 200, user, projection);
  }

  async replace(req: Request, res: Response): Promise<void> {
    const projection = projectionFor(req);
    const attributes = inboundUser(req.body);
    const user = await this.#users.update(callerOf(req), idOf(req), expectedVersion(req), () => attributes);
    this.#send(res, 200, user, projection);
  }

  async patch(req: Request, res: Response): Promise<void> {
    const projection = projectionFor(req);
    const id = idOf(req);
    const operations = patchOperations(req.body);
    const user = await this.#users.update(callerOf(req), id, expectedVersion(req), (current) =>
      inboundUser(patchedUser(id, outboundAttributes(current), operations)),
    );
    this.#send(res, 200, user, projection);
  }

  async remove(req: Request, res: Response): Promise<void> {
    await this.#users.remove(callerOf(req), idOf(req), expectedVersion(req));
    res.status(204).end();
  }

  #send(res: Response, status: number, user: User, projection: Projection): void {
    res.setHeader("ETag", etagOf(user.version));
    sendJson(res, status, scimMediaType, this.#renderer.user(user, projection));
  }
}

/** Read before anything is changed: a wrong parameter must not be found out afterwards. */
export function projectionFor(req: Request): Projection {
  const { attributes, excludedAttributes } = scimParameters(req);
  return projectionOf(attributes, excludedAttributes);
}

export const idOf = (req: Request): string => String(req.params["id"]);
