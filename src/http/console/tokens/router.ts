import { Router } from "express";
import { createToken, showTokenForm } from "./create.ts";
import { showToken } from "./detail.tsx";
import { enableToken } from "./enable.ts";
import { showTokens } from "./list.tsx";
import type { TokenPagesOptions } from "./options.ts";
import { showRevocation, submitRevocation } from "./revoke.tsx";
import { rotateToken, showRotation } from "./rotate.tsx";

/** Routes the pages of tokens. The scope was checked before. */
export function tokensRouter(options: TokenPagesOptions): Router {
  const router = Router();
  router.get("/", showTokens(options));
  router.post("/", createToken(options));
  router.get("/new", showTokenForm(options));
  router.get("/:id", showToken(options));
  router.post("/:id/enable", enableToken(options, true));
  router.post("/:id/disable", enableToken(options, false));
  router.get("/:id/rotate", showRotation(options));
  router.post("/:id/rotate", rotateToken(options));
  router.get("/:id/revoke", showRevocation(options));
  router.post("/:id/revoke", submitRevocation(options));
  return router;
}
