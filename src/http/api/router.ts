import { type RequestHandler, Router } from "express";
import type { RequestLog } from "../../domain/audit/request-log.ts";
import { mount } from "../operation.ts";
import { logRequests } from "../request-log.ts";
import { operations } from "./operations.ts";

/** `/api`: who is it, how often; then the operation, which says what it needs. */
export function apiRouter(requestLog: RequestLog, authenticate: RequestHandler, limit: RequestHandler): Router {
  const router = Router();
  router.use(logRequests(requestLog, "refused"));
  router.use(authenticate, limit);
  mount(router, operations);
  return router;
}
