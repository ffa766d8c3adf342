import { type RequestHandler, Router } from "express";
import type { RequestLog } from "../../domain/audit/request-log.ts";
import type { Groups } from "../../domain/people/groups.ts";
import type { Users } from "../../domain/people/users.ts";
import { AppError } from "../../errors.ts";
import type { Log } from "../../log.ts";
import { requireScope } from "../authenticate.ts";
import { jsonBody } from "../json-body.ts";
import { logRequests } from "../request-log.ts";
import { discovery, discoveryPaths } from "./discovery.ts";
import { scimErrorHandler, scimMediaType } from "./errors.ts";
import { GroupEndpoint } from "./groups.ts";
import { Renderer } from "./render.ts";
import { UserEndpoint } from "./users.ts";

/** Enough for a group of fifty thousand members in one PUT; a person has no such lists. */
const groupBytesMax = 5 * 1024 * 1024;
const userBytesMax = 256 * 1024;
const mediaTypes = [scimMediaType, "application/json"];

export interface ScimDoor {
  readonly users: Users;
  readonly groups: Groups;
  readonly requestLog: RequestLog;
  readonly log: Log;
  readonly publicUrl: string;
  /** Credential -> caller. */
  readonly authenticate: RequestHandler;
  readonly limit: RequestHandler;
}

/** `/scim/v2` (RFC 7644): who is it, may it, how often; then the operation. */
export function scimRouter(door: ScimDoor): Router {
  const renderer = new Renderer(`${door.publicUrl}/scim/v2`);
  const users = new UserEndpoint(door.users, renderer);
  const groups = new GroupEndpoint(door.groups, renderer);
  const router = Router();
  router.use(logRequests(door.requestLog, "all"));
  router.use(door.authenticate, door.limit, requireScope("admin:scim"));
  router.use("/Groups", ...jsonBody(mediaTypes, groupBytesMax));
  router.use("/Users", ...jsonBody(mediaTypes, userBytesMax));

  const at = (path: string | string[], methods: Readonly<Record<string, RequestHandler>>): void => {
    const allow = [...Object.keys(methods), ...("GET" in methods ? ["HEAD"] : [])];
    router.all(path, (req, res, next) => {
      const handler = methods[req.method === "HEAD" ? "GET" : req.method];
      if (!handler) throw new AppError("method-not-allowed", `${req.method} is not for this resource.`, { allow });
      return handler(req, res, next);
    });
  };
  router.all(["/Me", "/Bulk", "/.search", "/:type/.search"], () => {
    throw new AppError("not-implemented", "This part of SCIM is not offered.");
  });
  at("/Users", { GET: (req, res) => users.list(req, res), POST: (req, res) => users.create(req, res) });
  at("/Users/:id", {
    GET: (req, res) => users.read(req, res),
    PUT: (req, res) => users.replace(req, res),
    PATCH: (req, res) => users.patch(req, res),
    DELETE: (req, res) => users.remove(req, res),
  });
  at("/Groups", { GET: (req, res) => groups.list(req, res), POST: (req, res) => groups.create(req, res) });
  at("/Groups/:id", {
    GET: (req, res) => groups.read(req, res),
    PUT: (req, res) => groups.replace(req, res),
    PATCH: (req, res) => groups.patch(req, res),
    DELETE: (req, res) => groups.remove(req, res),
  });
  at(discoveryPaths, { GET: discovery(door.publicUrl) });
  router.use(() => {
    throw new AppError("not-found", "There is nothing at this address.");
  });
  router.use(scimErrorHandler(door.log));
  return router;
}
