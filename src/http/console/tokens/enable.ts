import type { RequestHandler } from "express";
import { redirect } from "../page.tsx";
import { requireVisit } from "../visit.ts";
import { readTokenId, type TokenPagesOptions, toListUrl, toOwner } from "./options.ts";

/** Enables or disables a token. */
export function enableToken(options: TokenPagesOptions, enabled: boolean): RequestHandler {
  return async (req, res) => {
    req.operationId = enabled ? "consoleEnableToken" : "consoleDisableToken";
    const id = readTokenId(req);
    const { caller } = requireVisit(req);
    await options.services.tokens.update(caller, id, {}, { enabled }, toOwner(options, caller));
    redirect(res, `${toListUrl(options)}/${id}`);
  };
}
