import type { Request } from "express";
import type { Caller } from "../../domain/caller.ts";
import { IgnoredAttributes } from "../server/ignored-attributes.ts";
import { requireCaller } from "../server/request.ts";

/** What every operation of one SCIM request shares, also the operations of a bulk request. */
export interface ScimContext {
  readonly caller: Caller;
  /** The attributes that the request contains and no schema defines. The request log names them. */
  readonly ignored: IgnoredAttributes;
}

/** Creates the context of a request, once. @throws AppError unauthenticated */
export function openContext(req: Request): ScimContext {
  req.ignoredAttributes ??= new IgnoredAttributes();
  return { caller: requireCaller(req), ignored: req.ignoredAttributes };
}
