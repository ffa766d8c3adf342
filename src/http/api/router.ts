import { type RequestHandler, Router } from "express";
import { AppError } from "../../errors.ts";
import { callerOf } from "../request.ts";
import { sendJson } from "../send.ts";

/** `/api`: as yet the caller may ask who it is. */
export function apiRouter(authenticate: readonly RequestHandler[], limit: RequestHandler): Router {
  const router = Router();
  router.use(...authenticate, limit);
  router.all("/whoami", (req, res) => {
    if (req.method !== "GET" && req.method !== "HEAD") {
      throw new AppError("method-not-allowed", `${req.method} is not for this resource.`, { allow: ["GET", "HEAD"] });
    }
    const { organizationId, actor, scopes, userId } = callerOf(req);
    res.setHeader("Cache-Control", "no-store");
    sendJson(res, 200, "application/json", {
      organizationId,
      actor,
      scopes: [...scopes].sort(),
      ...(userId !== undefined && { userId }),
    });
  });
  return router;
}
