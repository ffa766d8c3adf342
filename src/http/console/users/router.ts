import { Router } from "express";
import type { PageOptions } from "../options.ts";
import { showDecision } from "./access/decision.tsx";
import { showUserAccess } from "./access/list.tsx";
import { showUser } from "./detail.tsx";
import { showUsers } from "./list.tsx";

/** Routes the pages of users. The scope for reading was checked before. */
export function usersRouter(options: PageOptions): Router {
  const router = Router();
  router.get("/", showUsers(options));
  router.get("/:id", showUser(options));
  router.get("/:id/access", showUserAccess(options));
  router.get("/:id/access/decision", showDecision(options));
  return router;
}
