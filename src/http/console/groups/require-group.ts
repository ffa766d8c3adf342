import type { Request } from "express";
import type { Group } from "../../../../schemas/user.ts";
import { AppError } from "../../../errors.ts";
import type { PageOptions } from "../options.ts";
import { readPathId } from "../path-id.ts";
import { requireVisit } from "../visit.ts";

/** Returns the group in the path. @throws AppError not-found, also for a group of another organization */
export async function requireGroupInPath(req: Request, { services }: PageOptions): Promise<Group> {
  const id = readPathId(req, "grp", notFoundText);
  const group = await services.groups.get(requireVisit(req).caller.organizationId, id);
  if (group) return group;
  throw new AppError("not-found", notFoundText);
}

const notFoundText = "The group was not found.";
