import { type Request, type RequestHandler, type Response, Router } from "express";
import type { RequestLog } from "../../domain/audit/request-log.ts";
import type { Caller } from "../../domain/caller.ts";
import type { Groups } from "../../domain/people/groups.ts";
import type { Memberships } from "../../domain/people/memberships.ts";
import type { Users } from "../../domain/people/users.ts";
import { AppError } from "../../errors.ts";
import type { Log } from "../../log.ts";
import { requireScope } from "../authenticate.ts";
import { expectedVersion } from "../etag.ts";
import { jsonBody } from "../json-body.ts";
import { byMethod } from "../methods.ts";
import { callerOf } from "../request.ts";
import { logRequests } from "../request-log.ts";
import { bulk } from "./bulk.ts";
import { bulkBytesMax } from "./bulk-message.ts";
import { discovery } from "./discovery.ts";
import type { Answer, Endpoint } from "./endpoint.ts";
import { scimErrorHandler, scimMediaType } from "./errors.ts";
import { GroupEndpoint } from "./groups.ts";
import { list, listAll } from "./listing.ts";
import { type Parameters, parametersOf, searchRequest } from "./parameters.ts";
import { type Projection, projectionOf } from "./projection.ts";
import { Renderer } from "./render.ts";
import { respond } from "./respond.ts";
import { UserEndpoint } from "./users.ts";

/** Enough for a group of fifty thousand members in one PUT; a person and a question have no such lists. */
const groupBytesMax = 5 * 1024 * 1024;
const bytesMax = 256 * 1024;
const mediaTypes = [scimMediaType, "application/json"];

export interface ScimDoor {
  readonly users: Users;
  readonly groups: Groups;
  readonly memberships: Memberships;
  readonly requestLog: RequestLog;
  readonly log: Log;
  readonly publicUrl: string;
  /** Credential -> caller. */
  readonly authenticate: RequestHandler;
  readonly limit: RequestHandler;
}

/** `/scim/v2` (RFC 7644): who is it, may it, how often; then the operation. */
export function scimRouter(door: ScimDoor): Router {
  const base = `${door.publicUrl}/scim/v2`;
  const renderer = new Renderer(base);
  const users = new UserEndpoint(door.users, door.memberships, renderer);
  const groups = new GroupEndpoint(door.groups, renderer);
  const endpoints: readonly Endpoint[] = [users, groups];
  const router = Router();
  router.use(logRequests(door.requestLog, "all"));
  router.use(door.authenticate, door.limit);
  router.all("/Me", requireScope("connect:read", "admin:scim"), byMethod({ GET: me(users) }));
  router.use(requireScope("admin:scim"));
  router.use("/Groups", jsonBody(mediaTypes, groupBytesMax));
  router.use(["/Users", "/.search"], jsonBody(mediaTypes, bytesMax));
  router.use("/Bulk", jsonBody(mediaTypes, bulkBytesMax));
  const all = (caller: Caller, asked: Parameters): Promise<Answer> => listAll(endpoints, caller, asked);
  router.all("/", byMethod({ GET: listing(parametersOf, all) }));
  router.all("/.search", byMethod({ POST: listing(searched, all) }));
  for (const endpoint of endpoints) {
    const path = `/${endpoint.schema.endpoint}`;
    const own = (caller: Caller, asked: Parameters): Promise<Answer> => list(endpoint, caller, asked);
    router.all(`${path}/.search`, byMethod({ POST: listing(searched, own) }));
    router.all(path, byMethod({ GET: listing(parametersOf, own), POST: creating(endpoint) }));
    router.all(`${path}/:id`, byMethod(operationsOn(endpoint)));
  }
  router.all("/Bulk", byMethod({ POST: bulk(endpoints, base, door.log) }));
  router.use(discovery(door.publicUrl));
  router.use(() => {
    throw new AppError("not-found", "There is nothing at this address.");
  });
  router.use(scimErrorHandler(door.log));
  return router;
}

type Handler = (req: Request, res: Response) => Promise<void>;

const searched = (req: Request): Parameters => searchRequest(req.body);

const listing =
  (asked: (req: Request) => Parameters, found: (caller: Caller, asked: Parameters) => Promise<Answer>): Handler =>
  async (req, res) =>
    respond(req, res, await found(callerOf(req), asked(req)));

const creating =
  (endpoint: Endpoint): Handler =>
  async (req, res) => {
    const projection = projectionFor(endpoint, req);
    await respond(req, res, await endpoint.create(callerOf(req), req.body, projection));
  };

/** What is to be shown is read before anything is changed: a wrong parameter must not be found out afterwards. */
function operationsOn(endpoint: Endpoint): Readonly<Record<string, Handler>> {
  const id = (req: Request): string => String(req.params["id"]);
  return {
    GET: async (req, res) =>
      respond(req, res, await endpoint.read(callerOf(req), id(req), projectionFor(endpoint, req))),
    PUT: async (req, res) => {
      const projection = projectionFor(endpoint, req);
      const expected = expectedVersion(req);
      await respond(req, res, await endpoint.replace(callerOf(req), id(req), req.body, expected, projection));
    },
    PATCH: async (req, res) => {
      const projection = projectionFor(endpoint, req);
      const expected = expectedVersion(req);
      await respond(req, res, await endpoint.patch(callerOf(req), id(req), req.body, expected, projection));
    },
    DELETE: async (req, res) => respond(req, res, await endpoint.remove(callerOf(req), id(req), expectedVersion(req))),
  };
}

/** The user that a personal token acts as (RFC 7644 section 3.11); changing it is for the organisation. */
const me =
  (users: UserEndpoint): Handler =>
  async (req, res) => {
    const caller = callerOf(req);
    if (caller.userId === undefined) {
      throw new AppError("not-implemented", "/Me is for personal tokens, which act as one user.");
    }
    const answer = await users.read(caller, caller.userId, projectionFor(users, req));
    if (answer.location !== undefined) res.setHeader("Location", answer.location);
    await respond(req, res, answer);
  };

function projectionFor({ schema }: Endpoint, req: Request): Projection {
  const { attributes, excludedAttributes } = parametersOf(req);
  return projectionOf(schema, attributes, excludedAttributes);
}
