import type { Request } from "express";
import type { ScimExtension } from "../../../../../schemas/scim-extension.ts";
import { AppError } from "../../../../errors.ts";
import type { PageOptions } from "../../options.ts";
import { readPathId } from "../../path-id.ts";
import { requireVisit } from "../../visit.ts";

const notFoundText = "The extension schema was not found.";

/** Returns the extension schema in the path. @throws AppError not-found */
export async function readExtension({ services }: PageOptions, req: Request): Promise<ScimExtension> {
  const id = readPathId(req, "ext", notFoundText);
  const all = await services.scimExtensions.list(requireVisit(req).caller.organizationId);
  const extension = all.find((each) => each.id === id);
  if (!extension) throw new AppError("not-found", notFoundText);
  return extension;
}
