import type { Express } from "express";
import type { ActivityCounter } from "../domain/activity/activity-counter.ts";
import { ActivityReader } from "../domain/activity/activity-reader.ts";
import { RejectedRemovals } from "../domain/audit/rejected-removals.ts";
import { ConsoleSessions, isPersonalSession } from "../domain/console/sessions.ts";
import { ConsoleSubmissions } from "../domain/console/submissions.ts";
import { callbackPath } from "../domain/oauth/oauth-settings.ts";
import { readProvisioningSettings } from "../domain/provisioning-settings.ts";
import { ClientCredentials } from "../domain/tokens/verify/client-credentials.ts";
import { identifyActingUser, isUserViewRequest } from "../http/api/kernel/view.ts";
import { apiRouter } from "../http/api/router.ts";
import { authenticate } from "../http/auth/authenticate.ts";
import type { FailureLimit } from "../http/auth/failure-limit.ts";
import { rateLimit } from "../http/auth/rate-limit.ts";
import { consoleRouter } from "../http/console/router.ts";
import { callbackRouter } from "../http/oauth/callback.ts";
import { oauthRouter } from "../http/oauth/router.ts";
import { scimRouter } from "../http/scim/router.ts";
import type { AccessLog } from "../http/server/access-log.ts";
import { createExpressApp } from "../http/server/express-app.ts";
import { requireCaller } from "../http/server/request.ts";
import type { ObservedRequest } from "../http/server/request-observer.ts";
import { version } from "../startup.ts";
import type { AppContext } from "./context.ts";
import { createMcpRouter } from "./mcp.ts";
import type { Recorders } from "./recorders.ts";
import type { AppServices } from "./services.ts";

/** What the handler shares with other parts of the application. */
export interface RequestHandlerOptions {
  readonly failureLimit: FailureLimit;
  readonly accessLog?: AccessLog | undefined;
  /** Resolves if the service is ready. @throws AppError unavailable */
  readonly ping: () => Promise<void>;
}

/** Creates the handler of all HTTP requests: a router for each API. */
export function createRequestHandler(
  context: AppContext,
  services: AppServices,
  recorders: Recorders,
  { failureLimit, accessLog, ping }: RequestHandlerOptions,
): Express {
  const { store, config, log, now, quotas, metrics, traces } = context;
  const { publicUrl } = config;
  const { api, verifier } = services;
  const { users, groups, memberships, schemas, tokens, oauthConnections } = api;
  const { requestLog, provisioningMonitor, activity } = recorders;
  const requestVerifier = traces?.traceVerifier(verifier) ?? verifier;
  const requireCredentials = authenticate(requestVerifier, failureLimit);
  const mcp = createMcpRouter(context, services, recorders, requireCredentials);
  const consolePages =
    config.hasConsole &&
    consoleRouter({
      ...{ services: api, requestLog, failureLimit, publicUrl, log },
      activity: new ActivityReader(store),
      sessions: new ConsoleSessions(store, { tokens: verifier, users: services.userSessions }, now),
      userSignIns: services.userSignIns,
      submissions: new ConsoleSubmissions(store),
      limit: rateLimit((req) => (isPersonalSession(requireCaller(req)) ? quotas.connect : quotas.api), log),
    });
  return createExpressApp({
    ...{ publicUrl, version, accessLog, ping, log },
    trustProxy: config.trustProxy,
    requestObserver: (request) => {
      countActivity(activity, request);
      metrics?.recordRequest(request);
    },
    requestTracer: traces?.requestTracer,
    routers: {
      "/scim/v2": scimRouter({
        ...{ users, groups, memberships, schemas, log, publicUrl },
        readSettings: (organizationId) => readProvisioningSettings(store, organizationId),
        rejectedRemovals: new RejectedRemovals(store, log),
        recorders: [requestLog, provisioningMonitor],
        authenticate: requireCredentials,
        limit: rateLimit(() => quotas.scim, log),
      }),
      [callbackPath]: callbackRouter({ connections: oauthConnections, failureLimit, log, publicUrl }),
      "/oauth": oauthRouter({
        clientCredentials: new ClientCredentials(store, tokens, config.oauthTokenSeconds),
        verifier: requestVerifier,
        failureLimit,
        recorders: [requestLog, provisioningMonitor],
        log,
        limit: rateLimit(() => quotas.api, log),
      }),
      ...(consolePages && { "/console": consolePages }),
      "/mcp": mcp,
      "/api/v1/mcp": mcp,
      "/api": apiRouter({
        ...{ services: api, requestLog, failureLimit, publicUrl, version },
        corsOrigins: config.corsOrigins,
        authenticate: requireCredentials,
        identifyUser: identifyActingUser(users),
        limit: rateLimit((req) => (isUserViewRequest(req) ? quotas.connect : quotas.api), log),
      }),
    },
  });
}

/** Counts a request to one of the APIs. Pages of the console are not counted, because some of them reload by themselves. */
function countActivity(
  activity: ActivityCounter,
  { api, organizationId, isRejected }: Pick<ObservedRequest, "api" | "organizationId" | "isRejected">,
): void {
  if (api !== "other" && organizationId !== undefined) activity.recordRequest(organizationId, isRejected);
}
