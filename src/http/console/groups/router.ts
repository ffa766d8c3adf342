import { Router } from "express";
import { requireScope } from "../../auth/authenticate.ts";
import type { PageOptions } from "../options.ts";
import { showGroup } from "./detail.tsx";
import { showGroups } from "./list.tsx";
import { addMember, removeMember } from "./membership.ts";

/** Routes the pages of groups. The scope for reading was checked before. */
export function groupsRouter(options: PageOptions): Router {
  const router = Router();
  const write = requireScope("admin:write");
  router.get("/", showGroups(options));
  router.get("/:id", showGroup(options));
  router.post("/:id/members", write, addMember(options));
  router.post("/:id/members/:memberId/remove", write, removeMember(options));
  return router;
}
