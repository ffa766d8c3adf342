import { type RequestHandler, Router } from "express";
import type { RequestLog } from "../../domain/audit/request-log.ts";
import { setAsideOutsideToken } from "../credentials.ts";
import type { FailureLimit } from "../failure-limit.ts";
import { jsonBody } from "../json-body.ts";
import { logRequests } from "../request-log.ts";
import { mount, mountOpen } from "./mount.ts";
import { operations } from "./operations.ts";
import type { Rooms } from "./rooms.ts";

export interface ApiDoor {
  readonly rooms: Rooms;
  readonly requestLog: RequestLog;
  readonly publicUrl: string;
  /** Credential -> caller. */
  readonly authenticate: RequestHandler;
  readonly limit: RequestHandler;
  /** Counts what comes without a credential, by its address. */
  readonly failures: FailureLimit;
}

/** More than the largest skill with its files. */
const bytesMax = 4 * 1024 * 1024;
/** Of whom nobody knows. */
const openBytesMax = 16 * 1024;
const json = "application/json";
const mediaTypes = [json, "application/merge-patch+json"];

/** `/api`: who is it, how often; then the operation, which says what it needs. */
export function apiRouter({ rooms, requestLog, publicUrl, authenticate, limit, failures }: ApiDoor): Router {
  const router = Router();
  router.use(logRequests(requestLog, "refused"));
  for (const { method, path } of operations.filter((each) => each.takesOutsideToken)) {
    router[method](path, withOutsideToken);
  }
  const count: RequestHandler = (req, _res, next) => {
    failures.count(req.address);
    next();
  };
  const base = `${publicUrl}/api`;
  mountOpen(router, operations, rooms, base, [count, jsonBody([json], openBytesMax)]);
  router.use(authenticate, limit, jsonBody(mediaTypes, bytesMax));
  mount(router, operations, rooms, base);
  return router;
}

const withOutsideToken: RequestHandler = (req, _res, next) => {
  setAsideOutsideToken(req);
  next();
};
