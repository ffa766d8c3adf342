import type { RequestHandler } from "express";
import { isPersonalSession } from "../../domain/console/sessions.ts";
import { insufficientScope } from "../auth/authenticate.ts";
import { redirect } from "./page.tsx";
import { requireVisit } from "./visit.ts";

/** Where a session that was opened with a personal token can go, relative to the console. */
const ownPath = "/my-tokens";

/**
 * Creates the step that limits a session of a personal token to the tokens of its user, whatever other pages check, and
 * the pages of these tokens to such sessions.
 * @throws AppError insufficient-scope
 */
export function limitPersonalSessions(base: string): RequestHandler {
  return (req, res, next) => {
    const { caller } = requireVisit(req);
    const isOwnPage = req.path === ownPath || req.path.startsWith(`${ownPath}/`);
    if (isPersonalSession(caller) === isOwnPage) next();
    else if (isOwnPage) redirect(res, `${base}/tokens`);
    else if (req.path === "/" && req.method === "GET") redirect(res, `${base}${ownPath}`);
    else throw insufficientScope(caller, ["admin:read"]);
  };
}
