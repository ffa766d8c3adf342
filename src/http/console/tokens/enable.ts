import type { RequestHandler } from "express";
import { redirect } from "../page.tsx";
import { requireVisit } from "../visit.ts";
import { readTokenId, type TokenPagesOptions } from "./options.ts";

/** Enables or disables a token. */
export function enableToken({ base, services }: TokenPagesOptions, enabled: boolean): RequestHandler {
  return async (req, res) => {
    req.operationId = enabled ? "consoleEnableToken" : "consoleDisableToken";
    const id = readTokenId(req);
    await services.tokens.update(requireVisit(req).caller, id, {}, { enabled });
    redirect(res, `${base}/tokens/${id}`);
  };
}
