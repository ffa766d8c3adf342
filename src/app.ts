import type { Express } from "express";
import type { Config } from "./config.ts";
import { AccessResolver } from "./domain/access/access-resolver.ts";
import { ActivityCounter } from "./domain/activity/activity-counter.ts";
import { ActivityReader } from "./domain/activity/activity-reader.ts";
import { AuditLogReader } from "./domain/audit/audit-log-reader.ts";
import { withAuditListener } from "./domain/audit/committed-events.ts";
import { toAuditLine } from "./domain/audit/event-lines.ts";
import { ProvisioningConnections } from "./domain/audit/provisioning-connections.ts";
import { ProvisioningMonitor } from "./domain/audit/provisioning-monitor.ts";
import { RejectedRemovals } from "./domain/audit/rejected-removals.ts";
import { RejectedCredentials } from "./domain/audit/rejections.ts";
import { RequestLog } from "./domain/audit/request-log.ts";
import { RequestLogReader } from "./domain/audit/request-log-reader.ts";
import { Retention } from "./domain/audit/retention.ts";
import { type BackgroundJob, startBackgroundJobs } from "./domain/background-jobs.ts";
import { createChangeableResources } from "./domain/changeable-resources.ts";
import { CascadeDeletes } from "./domain/cleanup/cascade-deletes.ts";
import { Authorizations } from "./domain/connections/authorizations.ts";
import { McpConnections } from "./domain/connections/connections.ts";
import { SigningKey } from "./domain/connections/signing-key.ts";
import { ConsoleSessions } from "./domain/console/sessions.ts";
import { ConsoleSubmissions } from "./domain/console/submissions.ts";
import { CredentialCipher } from "./domain/credentials/credential-cipher.ts";
import { UpstreamCredentials } from "./domain/credentials/upstream-credentials.ts";
import { Members } from "./domain/directory/members.ts";
import { Memberships } from "./domain/directory/memberships.ts";
import { startDryRun } from "./domain/dry-run.ts";
import { ToolCallLog } from "./domain/mcp/call-log.ts";
import { InputRequests } from "./domain/mcp/input-requests.ts";
import { RequestStates } from "./domain/mcp/request-state.ts";
import { ServedServers } from "./domain/mcp/served-servers.ts";
import { ToolCalls } from "./domain/mcp/tool-calls.ts";
import { ToolQuarantine } from "./domain/mcp/tool-definition.ts";
import { ToolPages } from "./domain/mcp/tool-pages.ts";
import { UserTools } from "./domain/mcp/user-tools.ts";
import { AuthorizationRequests } from "./domain/oauth/authorization-requests.ts";
import { ClientSecrets } from "./domain/oauth/client-secrets.ts";
import { ConnectionTokens } from "./domain/oauth/connection-tokens.ts";
import { disconnectDeactivatedUser } from "./domain/oauth/deactivated-users.ts";
import { OAuthConnections } from "./domain/oauth/oauth-connections.ts";
import { callbackPath } from "./domain/oauth/oauth-settings.ts";
import { TokenEndpoint } from "./domain/oauth/token-endpoint.ts";
import { TokenRevocations } from "./domain/oauth/token-revocations.ts";
import { AddressGuard } from "./domain/outbound/address-guard.ts";
import { readCertificateAuthorities } from "./domain/outbound/certificate-authorities.ts";
import { GuardedHttp } from "./domain/outbound/guarded-http.ts";
import type { Flushable } from "./domain/periodic-flush.ts";
import { readProvisioningSettings } from "./domain/provisioning-settings.ts";
import { CounterSync } from "./domain/rate-limit/counter-sync.ts";
import { allQuotas, rateLimitPolicies } from "./domain/rate-limit/policies.ts";
import { TokenExchanges } from "./domain/tokens/exchange/exchange.ts";
import { JwksCache } from "./domain/tokens/exchange/jwks.ts";
import { TokenFormatGate } from "./domain/tokens/legacy/legacy.ts";
import { PersonalTokenCleanup } from "./domain/tokens/personal-token-cleanup.ts";
import { TokenReports } from "./domain/tokens/usage/reports.ts";
import { TokenSignals } from "./domain/tokens/usage/signals.ts";
import { TokenUsage } from "./domain/tokens/usage/usage.ts";
import { ClientCredentials } from "./domain/tokens/verify/client-credentials.ts";
import { type TokenSettings, TokenVerifier } from "./domain/tokens/verify/token-verifier.ts";
import { CatalogRefresh } from "./domain/upstream/catalog-refresh.ts";
import { McpUpstreamCalls } from "./domain/upstream/mcp-upstream-calls.ts";
import { findOwnCredential } from "./domain/upstream/own-credential.ts";
import { assertServerUrl } from "./domain/upstream/server-url.ts";
import { WebhookDeliveries } from "./domain/webhooks/webhook-deliveries.ts";
import { WebhookSender } from "./domain/webhooks/webhook-sender.ts";
import { WebhookTests } from "./domain/webhooks/webhook-tests.ts";
import { Webhooks } from "./domain/webhooks/webhooks.ts";
import { AppError } from "./errors.ts";
import type { Services } from "./http/api/kernel/services.ts";
import { identifyActingUser, isUserViewRequest } from "./http/api/kernel/view.ts";
import { apiRouter } from "./http/api/router.ts";
import { authenticate } from "./http/auth/authenticate.ts";
import { FailureLimit } from "./http/auth/failure-limit.ts";
import { rateLimit } from "./http/auth/rate-limit.ts";
import { consoleRouter } from "./http/console/router.ts";
import { mcpRouter } from "./http/mcp/router.ts";
import { callbackRouter } from "./http/oauth/callback.ts";
import { oauthRouter } from "./http/oauth/router.ts";
import { scimRouter } from "./http/scim/router.ts";
import type { AccessLog } from "./http/server/access-log.ts";
import { createExpressApp } from "./http/server/express-app.ts";
import type { ObservedRequest } from "./http/server/request-observer.ts";
import type { Log } from "./log.ts";
import type { ServiceMetrics } from "./metrics/service-metrics.ts";
import { createDomain, type OperatorDomain, toTokenPolicy } from "./operator-domain.ts";
import { OrganizationSchemas } from "./scim/schema/organization-schemas.ts";
import { version } from "./startup.ts";
import type { Store } from "./store/store.ts";
import type { ServiceTraces } from "./traces/service-traces.ts";

export interface App {
  readonly handler: Express;
  /** What the commands of the CLI use in this process. Its changes reach webhooks and the audit lines at once. */
  readonly domain: OperatorDomain;
  /**
   * Reports the service as not ready from now on, so that load balancers stop sending requests, and ends calls of MCP
   * servers that take too long.
   */
  startShutdown(): void;
  /** Writes the buffered records and stops the background jobs. It does not close the store, which belongs to the caller. */
  close(): Promise<void>;
}

export interface AppOptions {
  readonly now?: (() => number) | undefined;
  readonly accessLog?: AccessLog | undefined;
  readonly auditLog?: { write(line: string): void } | undefined;
  readonly bufferIntervalMs?: number | undefined;
  readonly metrics?: ServiceMetrics | undefined;
  readonly traces?: ServiceTraces | undefined;
}

const jobIntervalMs = 5000;
/** The interval at which replicas synchronize their rate limit counters. */
const counterSyncIntervalMs = 1000;
/** How often retries of webhooks are looked for. New events start their delivery by themselves. */
const webhookIntervalMs = 1000;

/**
 * Creates the application: store -> domain -> HTTP adapters. This is the composition root, the only file that imports
 * every layer.
 * @param options.now the clock of the rate limits, in milliseconds since the epoch
 * @param options.accessLog receives a line for each request; the caller closes it after the app
 * @param options.auditLog receives a line for each audit event; likewise
 * @param options.bufferIntervalMs how often buffered records are written, in milliseconds
 * @param options.metrics receives what the service does; absent: nothing is counted
 * @param options.traces records spans of requests and of what they cause; absent: there are none
 * @throws AppError unavailable when the store does not respond
 */
export async function createApp(
  undecoratedStore: Store,
  config: Config,
  log: Log,
  { now = Date.now, accessLog, auditLog, metrics, traces, bufferIntervalMs = jobIntervalMs }: AppOptions = {},
): Promise<App> {
  const auditFormat = config.auditLog;
  const store = withAuditListener(undecoratedStore, (events) => {
    // Events of several requests are sent together, so that a delivery belongs to no request.
    if (traces) traces.detach(() => webhookDeliveries.notify(events));
    else webhookDeliveries.notify(events);
    if (auditFormat === "off") return;
    for (const event of events) auditLog?.write(toAuditLine(event, auditFormat));
  });
  const domain = createDomain(store, config);
  const usage = new TokenUsage(store);
  const rejections = new RejectedCredentials(store, log, now, metrics?.recordRejection);
  const signals = new TokenSignals(store, now);
  const requestLog = new RequestLog(store, now);
  const activity = new ActivityCounter(store);
  const provisioningMonitor = new ProvisioningMonitor(store, now);
  const cascadeDeletes = new CascadeDeletes(store);
  const tokenCleanup = new PersonalTokenCleanup(store, (end, deadline) =>
    disconnectDeactivatedUser(store, end, deadline),
  );
  const memberships = new Memberships(store);
  const upstreamGuard = new AddressGuard({ allowedRanges: config.upstreamAllow });
  const changeSettings = {
    contentLimits: config.contentLimits,
    tokenPolicy: toTokenPolicy(config),
    assertServer: assertServerUrl(upstreamGuard),
  };
  const resources = createChangeableResources(store, { ...changeSettings, cascadeDeletes, tokenCleanup });
  const { users, groups, mcpServers, scimExtensions, tokens } = resources;
  const isOwnCredential = findOwnCredential(config);
  const cipher = new CredentialCipher(config.credentialKeys);
  const ca = config.upstreamCaFile === undefined ? undefined : readCertificateAuthorities(config.upstreamCaFile);
  const { publicUrl } = config;
  const oauthHttp = new GuardedHttp(upstreamGuard, { keepAlive: false, ca, trace: traces?.outboundWithoutHeader });
  const endpoint = new TokenEndpoint(oauthHttp, now);
  const connectionTokens = new ConnectionTokens({ store, cipher, endpoint, log, publicUrl, now });
  const authorizationRequests = new AuthorizationRequests(store, cipher, now);
  const tokenRevocations = new TokenRevocations(store, cipher, endpoint, log);
  const credentials = new UpstreamCredentials({ store, cipher, isOwnCredential, tokens: connectionTokens, publicUrl });
  const upstreamCalls = new McpUpstreamCalls({
    http: new GuardedHttp(upstreamGuard, { keepAlive: true, ca, trace: traces?.outbound }),
    credentials,
    isOwnCredential,
    publicUrl,
  });
  const webhookHttp = new GuardedHttp(upstreamGuard, { keepAlive: true, ca, trace: traces?.outbound });
  const sender = new WebhookSender(webhookHttp);
  const webhookSender = traces?.traceSender(sender) ?? sender;
  const webhookDeliveries = new WebhookDeliveries({ store, cipher, sender: webhookSender, log });
  const webhooks = new Webhooks(store, cipher, upstreamGuard);
  const schemas = new OrganizationSchemas((organizationId) => scimExtensions.list(organizationId));
  const authorizations = new Authorizations({
    key: new SigningKey(store, "connection-state"),
    ...{ requests: authorizationRequests, publicUrl, now },
  });
  const access = new AccessResolver(store);
  const oauthConnections = new OAuthConnections({
    ...{ store, cipher, requests: authorizationRequests, endpoint, access, log, publicUrl },
  });
  const jwks = new JwksCache({ allowPrivateAddresses: config.jwksAllowPrivate });
  const exchanges = new TokenExchanges(store, toTokenPolicy(config), { users, tokens, jwks, rejections });

  const tokenSettings: TokenSettings = {
    prefix: config.tokenPrefix,
    hasCache: config.hasCache,
    ...(config.tokenPepper !== undefined && { pepper: config.tokenPepper }),
    ...(config.authSecret !== undefined && { authSecret: config.authSecret }),
  };
  const formatGate = new TokenFormatGate(store, tokenSettings);
  await formatGate.flush();
  const verifier = new TokenVerifier(store, tokenSettings, formatGate, { usage, rejections, signals, log });
  const quotas = rateLimitPolicies(config.rateLimits, now);
  const failureLimit = new FailureLimit(config.rateLimits.failures, now);
  const requestVerifier = traces?.traceVerifier(verifier) ?? verifier;
  const requireCredentials = authenticate(requestVerifier, failureLimit);
  const services: Services = {
    ...resources,
    members: new Members(store),
    memberships,
    access,
    connections: new McpConnections(store, mcpServers, authorizations),
    credentials,
    clientSecrets: new ClientSecrets(store, cipher, isOwnCredential),
    oauthConnections,
    catalogRefresh: new CatalogRefresh(store, mcpServers, upstreamCalls),
    schemas,
    webhooks,
    webhookTests: new WebhookTests(store, cipher, webhookSender, webhooks),
    auditEvents: new AuditLogReader(store),
    loggedRequests: new RequestLogReader(store),
    provisioning: new ProvisioningConnections(store, now),
    exchanges: traces?.traceExchanges(exchanges) ?? exchanges,
    tokenReports: new TokenReports(store, tokenSettings, formatGate),
    startDryRun: () => startDryRun(undecoratedStore, changeSettings),
  };
  const toolCallLog = new ToolCallLog(store, (call) => {
    activity.recordToolCall(call.caller.organizationId);
    metrics?.recordToolCall(call);
  });
  const quarantine = new ToolQuarantine(({ organizationId, slug }, problems) =>
    log.warn("tools cannot be served by /mcp", {
      organizationId,
      server: slug,
      problems: Object.fromEntries(problems),
    }),
  );
  const userTools = new UserTools(new ServedServers(store, quarantine, config.hasCache));
  const mcp = mcpRouter({
    services: {
      api: services,
      tools: userTools,
      toolPages: new ToolPages(config.hasCache),
      calls: new ToolCalls({
        tools: userTools,
        upstream: traces?.traceCalls(upstreamCalls) ?? upstreamCalls,
        log: toolCallLog,
        argumentAudit: config.mcpAuditArguments,
        inputRequests: new InputRequests(
          new RequestStates(new SigningKey(store, "mcp-request-state")),
          (...connection) => authorizations.startInBrowser(...connection),
        ),
      }),
      verifier,
      quotas: quotas.mcp,
      messageQuotas: quotas.mcpMessages,
    },
    requestLog,
    origin: {
      publicUrl: config.publicUrl,
      allowedOrigins: config.mcpAllowedOrigins,
      allowedHosts: config.mcpAllowedHosts,
    },
    authenticate: requireCredentials,
    identifyUser: identifyActingUser(users),
    log,
    version,
  });
  const consolePages =
    config.hasConsole &&
    consoleRouter({
      ...{ services, requestLog, failureLimit, publicUrl, log },
      activity: new ActivityReader(store),
      sessions: new ConsoleSessions(store, verifier, now),
      submissions: new ConsoleSubmissions(store),
      limit: rateLimit(() => quotas.api, log),
    });
  let isShuttingDown = false;
  const handler = createExpressApp({
    publicUrl,
    trustProxy: config.trustProxy,
    version,
    accessLog,
    requestObserver: (request) => {
      countActivity(activity, request);
      metrics?.recordRequest(request);
    },
    requestTracer: traces?.requestTracer,
    ping: async () => {
      if (isShuttingDown) throw new AppError("unavailable", "The service is shutting down.");
      await store.ping();
    },
    log,
    routers: {
      "/scim/v2": scimRouter({
        users,
        groups,
        memberships,
        readSettings: (organizationId) => readProvisioningSettings(store, organizationId),
        schemas,
        rejectedRemovals: new RejectedRemovals(store, log),
        recorders: [requestLog, provisioningMonitor],
        log,
        publicUrl: config.publicUrl,
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
        services,
        requestLog,
        corsOrigins: config.corsOrigins,
        version,
        publicUrl: config.publicUrl,
        authenticate: requireCredentials,
        identifyUser: identifyActingUser(users),
        limit: rateLimit((req) => (isUserViewRequest(req) ? quotas.connect : quotas.api), log),
        failureLimit,
      }),
    },
  });
  const retention = new Retention(store, config.auditRetentionDays);
  // Only one process uses the embedded database.
  const counterSync = config.mongodbUri === undefined ? undefined : new CounterSync(store, allQuotas(quotas), now);
  const buffers = {
    "token-usage": usage,
    "token-signals": signals,
    "rejected-credentials": rejections,
    "request-log": requestLog,
    "tool-calls": toolCallLog,
    "provisioning-status": provisioningMonitor,
    activity,
  };
  const buffer = (name: string, writer: Flushable, intervalMs = bufferIntervalMs): BackgroundJob => ({
    ...{ name, intervalMs, kind: "buffer" },
    run: () => writer.flush(),
  });
  const maintenance = (name: string, run: BackgroundJob["run"], intervalMs = jobIntervalMs): BackgroundJob => ({
    ...{ name, intervalMs, kind: "maintenance" },
    run,
  });
  const jobList = [
    ...Object.entries(buffers).map(([name, writer]) => buffer(name, writer)),
    ...(counterSync ? [buffer("rate-limit-counters", counterSync, counterSyncIntervalMs)] : []),
    maintenance("cascade-deletes", () => cascadeDeletes.flush()),
    maintenance("personal-tokens", () => tokenCleanup.flush()),
    maintenance("token-revocations", (isOver) => tokenRevocations.flush(isOver)),
    maintenance("webhooks", () => webhookDeliveries.flush(), webhookIntervalMs),
    maintenance("retention", (isOver) => retention.flush(isOver)),
    maintenance("imported-tokens", () => formatGate.flush()),
  ];
  const jobs = startBackgroundJobs(jobList, log, metrics?.recordJobRun);
  metrics?.watch({
    ...{ store, buffers, upstream: upstreamCalls, jobs: jobList.map(({ name }) => name) },
    quotas: [...allQuotas(quotas), ...(failureLimit.quota ? [failureLimit.quota] : [])],
  });
  return {
    handler,
    domain,
    startShutdown: () => {
      isShuttingDown = true;
      upstreamCalls.startShutdown();
    },
    close: async () => {
      await jobs.stop();
      await webhookDeliveries.close();
      webhookHttp.close();
      await upstreamCalls.close();
      await connectionTokens.close();
      oauthHttp.close();
    },
  };
}

/** Counts a request to one of the APIs. Pages of the console are not counted, because some of them reload by themselves. */
function countActivity(
  activity: ActivityCounter,
  { api, organizationId, isRejected }: Pick<ObservedRequest, "api" | "organizationId" | "isRejected">,
): void {
  if (api !== "other" && organizationId !== undefined) activity.recordRequest(organizationId, isRejected);
}
