import { type RequestHandler, Router } from "express";
import type { RequestLog } from "../../domain/audit/request-log.ts";
import { setAsideOutsideToken } from "../credentials.ts";
import { jsonBody } from "../json-body.ts";
import { logRequests } from "../request-log.ts";
import { mount } from "./mount.ts";
import { operations } from "./operations.ts";
import type { Rooms } from "./rooms.ts";

export interface ApiDoor {
  readonly rooms: Rooms;
  readonly requestLog: RequestLog;
  readonly publicUrl: string;
  /** Credential -> caller. */
  readonly authenticate: RequestHandler;
  readonly limit: RequestHandler;
}

/** More than the largest skill with its files. */
const bytesMax = 4 * 1024 * 1024;
const mediaTypes = ["application/json", "application/merge-patch+json"];

/** `/api`: who is it, how often; then the operation, which says what it needs. */
export function apiRouter({ rooms, requestLog, publicUrl, authenticate, limit }: ApiDoor): Router {
  const router = Router();
  router.use(logRequests(requestLog, "refused"));
  for (const { method, path } of operations.filter((each) => each.takesOutsideToken)) {
    router[method](path, withOutsideToken);
  }
  router.use(authenticate, limit, ...jsonBody(mediaTypes, bytesMax));
  mount(router, operations, rooms, `${publicUrl}/api`);
  return router;
}

const withOutsideToken: RequestHandler = (req, _res, next) => {
  setAsideOutsideToken(req);
  next();
};
