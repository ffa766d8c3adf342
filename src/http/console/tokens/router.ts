import { Router } from "express";
import { requireScope } from "../../auth/authenticate.ts";
import { createToken, showTokenForm } from "./create.ts";
import { showToken } from "./detail.tsx";
import { changeToken, showEditForm } from "./edit.tsx";
import { enableToken } from "./enable.ts";
import { showTokens } from "./list.tsx";
import type { TokenPagesOptions } from "./options.ts";
import { showRevocation, submitRevocation } from "./revoke.tsx";
import { rotateToken, showRotation } from "./rotate.tsx";

/**
 * Routes the pages of tokens. The scope for reading was checked before. A token can rotate itself with any scope, so that
 * the pages of the rotation check the scope themselves.
 */
export function tokensRouter(options: TokenPagesOptions): Router {
  const router = Router();
  const write = requireScope(options.isPersonal ? "connect:write" : "admin:tokens");
  router.get("/", showTokens(options));
  router.post("/", write, createToken(options));
  router.get("/new", write, showTokenForm(options));
  router.get("/:id", showToken(options));
  router.get("/:id/edit", write, showEditForm(options));
  router.post("/:id/edit", write, changeToken(options));
  router.post("/:id/enable", write, enableToken(options, true));
  router.post("/:id/disable", write, enableToken(options, false));
  router.get("/:id/rotate", showRotation(options));
  router.post("/:id/rotate", rotateToken(options));
  router.get("/:id/revoke", write, showRevocation(options));
  router.post("/:id/revoke", write, submitRevocation(options));
  return router;
}
