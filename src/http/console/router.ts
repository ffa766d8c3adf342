import { type RequestHandler, Router } from "express";
import type { ActivityReader } from "../../domain/activity/activity-reader.ts";
import type { RequestLog } from "../../domain/audit/request-log.ts";
import type { ConsoleSessions } from "../../domain/console/sessions.ts";
import type { UserSignIns } from "../../domain/console/sign-in/user-sign-ins.ts";
import type { ConsoleSubmissions } from "../../domain/console/submissions.ts";
import { AppError } from "../../errors.ts";
import type { Log } from "../../log.ts";
import { requireScope } from "../auth/authenticate.ts";
import type { FailureLimit } from "../auth/failure-limit.ts";
import { logRequests } from "../server/request-log.ts";
import { assetRouter } from "./assets/assets.ts";
import { showAuditEvent } from "./audit/detail.tsx";
import { exportAuditLog } from "./audit/export.ts";
import { showAuditLog } from "./audit/list.tsx";
import { catalogRouter } from "./catalog/router.ts";
import { requireCsrfField, requireSameOrigin } from "./csrf.ts";
import { consoleErrorHandler } from "./errors.tsx";
import { parseForm, parseLargeForm, requireStorableFields } from "./form.ts";
import { groupsRouter } from "./groups/router.ts";
import { consoleHeaders } from "./headers.ts";
import type { PageOptions } from "./options.ts";
import { showOverview } from "./overview.tsx";
import { limitPersonalSessions } from "./personal-session.ts";
import { provisioningRouter } from "./provisioning/router.ts";
import { requireSession } from "./session.ts";
import { settingsRouter } from "./settings/router.ts";
import { setupRouter } from "./setup/router.ts";
import { signOut } from "./sign-in/open-session.tsx";
import { returnAfterSignIn } from "./sign-in/return-after-sign-in.ts";
import { signInRouter } from "./sign-in/router.ts";
import { tokensRouter } from "./tokens/router.ts";
import { usersRouter } from "./users/router.ts";

export interface ConsoleRouterOptions {
  readonly services: PageOptions["services"];
  readonly activity: ActivityReader;
  readonly sessions: ConsoleSessions;
  readonly userSignIns: UserSignIns;
  readonly submissions: ConsoleSubmissions;
  readonly requestLog: RequestLog;
  readonly failureLimit: FailureLimit;
  /** Counts the request against the rate limits of the session's token or user. */
  readonly limit: RequestHandler;
  readonly publicUrl: string;
  readonly log: Log;
}

/**
 * Routes `/console`, the pages for administrators. Its only credential is the cookie of a session, which no other API
 * reads, and it reads no header with a token. Every request passes these steps in this order. GET changes nothing; every
 * POST comes from a page of the same origin and has the hidden field of its session.
 */
export function consoleRouter(options: ConsoleRouterOptions): Router {
  const { services, activity, sessions, userSignIns, submissions } = options;
  const { requestLog, failureLimit, limit, publicUrl, log } = options;
  const base = `${new URL(publicUrl).pathname.replace(/\/+$/, "")}/console`;

  const router = Router();
  router.use(consoleHeaders);
  router.use("/assets", assetRouter());
  router.use(logRequests([requestLog], "rejected"), requireSameOrigin(publicUrl));
  router.use("/sign-in", parseForm, signInRouter({ base, publicUrl, sessions, userSignIns, failureLimit, limit }));
  router.use(requireSession({ base, sessions, failureLimit, organizations: services.organizations }), limit);
  router.use(["/catalog", "/policies"], parseLargeForm);
  router.use(parseForm, requireCsrfField, requireStorableFields);
  router.post("/sign-out", signOut({ base, sessions }));
  router.get("/", returnAfterSignIn({ base }));
  router.use(limitPersonalSessions(base));
  router.get("/", showOverview({ base, services, activity }));
  const tokens = { base, services, submissions, publicUrl };
  router.use("/tokens", requireScope("admin:tokens"), tokensRouter({ ...tokens, isPersonal: false }));
  router.use("/my-tokens", requireScope("connect:read"), tokensRouter({ ...tokens, isPersonal: true }));
  const read = requireScope("admin:read");
  const pages = { base, services };
  router.use("/users", read, usersRouter(pages));
  router.use("/groups", read, groupsRouter(pages));
  router.use(catalogRouter(pages));
  router.use("/setup", setupRouter(pages, publicUrl));
  router.use("/provisioning", read, provisioningRouter(pages));
  router.get("/audit", read, showAuditLog(pages));
  router.get("/audit/export", read, exportAuditLog(pages));
  router.get("/audit/:id", read, showAuditEvent(pages));
  router.use("/settings", read, settingsRouter({ ...pages, submissions, publicUrl }));
  router.use(rejectUnknownPage);
  router.use(consoleErrorHandler(base, log));
  return router;
}

const rejectUnknownPage: RequestHandler = () => {
  throw new AppError("not-found", "No page exists at this address.");
};
