import type { Request } from "express";
import type { User } from "../../../../schemas/user.ts";
import { AppError } from "../../../errors.ts";
import type { PageOptions } from "../options.ts";
import { readPathId } from "../path-id.ts";
import { requireVisit } from "../visit.ts";

/** Returns the user in the path. @throws AppError not-found, also for a user of another organization */
export async function requireUserInPath(req: Request, { services }: PageOptions): Promise<User> {
  const id = readPathId(req, "usr", notFoundText);
  const user = await services.users.get(requireVisit(req).caller.organizationId, id);
  if (user) return user;
  throw new AppError("not-found", notFoundText);
}

const notFoundText = "The user was not found.";
