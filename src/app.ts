import type { Express } from "express";
import type { Config } from "./config.ts";
import { Access } from "./domain/access/access.ts";
import { AuditEvents } from "./domain/audit/events.ts";
import { LoggedRequests } from "./domain/audit/logged-requests.ts";
import { Refusals } from "./domain/audit/refusals.ts";
import { RequestLog } from "./domain/audit/request-log.ts";
import { Retention } from "./domain/audit/retention.ts";
import { flushEvery } from "./domain/background.ts";
import { Catalogue } from "./domain/catalogue/catalogue.ts";
import { commandKind, mcpServerKind, policyKind, skillKind, toolkitKind } from "./domain/catalogue/kinds.ts";
import { Authorizations } from "./domain/connections/authorizations.ts";
import { Connections } from "./domain/connections/connections.ts";
import { SigningKey } from "./domain/connections/signing-key.ts";
import { firstStart, Organizations } from "./domain/organizations.ts";
import { Groups } from "./domain/people/groups.ts";
import { Members } from "./domain/people/members.ts";
import { Memberships } from "./domain/people/memberships.ts";
import { Users } from "./domain/people/users.ts";
import { Purges } from "./domain/purges/purges.ts";
import { allQuotas, doorQuotas } from "./domain/rate/door-quotas.ts";
import { QuotaExchange } from "./domain/rate/quota-exchange.ts";
import { ClientCredentials } from "./domain/tokens/client-credentials.ts";
import { Exchanges } from "./domain/tokens/exchange.ts";
import { Jwks } from "./domain/tokens/jwks.ts";
import { KnownForms } from "./domain/tokens/legacy.ts";
import { TokenReports } from "./domain/tokens/reports.ts";
import { TokenSignals } from "./domain/tokens/signals.ts";
import { type TokenPolicy, Tokens } from "./domain/tokens/tokens.ts";
import { TokenUsage } from "./domain/tokens/usage.ts";
import { type TokenSettings, TokenVerifier } from "./domain/tokens/verify.ts";
import { apiRouter } from "./http/api/router.ts";
import { asksForUserView } from "./http/api/view.ts";
import { authenticate } from "./http/authenticate.ts";
import { FailureLimit } from "./http/failure-limit.ts";
import { front } from "./http/front.ts";
import { oauthRouter } from "./http/oauth/router.ts";
import { rateLimit } from "./http/rate-limit.ts";
import { scimRouter } from "./http/scim/router.ts";
import type { Log } from "./log.ts";
import type { Store } from "./store/collection.ts";
import { collections } from "./store/collections.ts";

/**
 * Opens the store that the settings name. The other engine is not loaded: without mongoose a command takes little
 * more than half the time.
 * @throws StartError when it cannot be used, with the mend
 */
export async function openStore({ mongodbUri, dataDir }: Pick<Config, "mongodbUri" | "dataDir">): Promise<Store> {
  if (mongodbUri === undefined) {
    const { openSqliteStore } = await import("./store/sqlite.ts");
    return openSqliteStore({ dataDir, collections });
  }
  const { openMongoStore } = await import("./store/mongo.ts");
  return openMongoStore({ uri: mongodbUri, collections });
}

/** What may happen, over one store: what the operator's commands and the service share. */
export function createDomain(store: Store, config: Config): { tokens: Tokens; organizations: Organizations } {
  return {
    organizations: new Organizations(store),
    tokens: new Tokens(store, tokenPolicy(config)),
  };
}

const tokenPolicy = ({ tokenPrefix, tokenPepper, tokenMaxTtlDays }: Config): TokenPolicy => ({
  prefix: tokenPrefix,
  ...(tokenPepper !== undefined && { pepper: tokenPepper }),
  ...(tokenMaxTtlDays !== undefined && { maxTtlDays: tokenMaxTtlDays }),
});

export interface App {
  readonly handler: Express;
  /** The one token of the first start on an empty store; undefined at every later one. */
  readonly firstSecret: string | undefined;
  /** Writes what has gathered in memory. The store is closed by who opened it. */
  close(): Promise<void>;
}

const flushMs = 5000;
/** How often replicas tell each other what they have counted. */
const exchangeMs = 1000;

/**
 * The composition root: store -> domain -> doors. The only file that sees every room.
 * @param now the clock of the rate limits
 */
export async function createApp(store: Store, config: Config, log: Log, now: () => number = Date.now): Promise<App> {
  const { tokens, organizations } = createDomain(store, config);
  const usage = new TokenUsage(store);
  const refusals = new Refusals(store);
  const signals = new TokenSignals(store, now);
  const requestLog = new RequestLog(store);
  const purges = new Purges(store);
  const users = new Users(store, purges);
  const groups = new Groups(store, purges);
  const memberships = new Memberships(store);
  const mcpServers = new Catalogue(store, purges, mcpServerKind);
  const authorizations = new Authorizations(new SigningKey(store, "connection-state"));
  const jwks = new Jwks({ allowPrivate: config.jwksAllowPrivate });
  const exchanges = new Exchanges(store, tokenPolicy(config), { users, tokens, jwks, refusals });
  const first = await firstStart(store, tokens);

  const tokenSettings: TokenSettings = {
    prefix: config.tokenPrefix,
    ...(config.tokenPepper !== undefined && { pepper: config.tokenPepper }),
    ...(config.authSecret !== undefined && { authSecret: config.authSecret }),
  };
  const forms = new KnownForms(store, tokenSettings);
  await forms.flush();
  const verifier = new TokenVerifier(store, tokenSettings, forms, { usage, refusals, signals });
  const quotas = doorQuotas(config.rateLimits, now);
  const failures = new FailureLimit(config.rateLimits.failures, now);
  const guard = authenticate(verifier, failures);
  const handler = front({
    trustProxy: config.trustProxy,
    ping: () => store.ping(),
    log,
    doors: {
      "/scim/v2": scimRouter({
        users,
        groups,
        memberships,
        requestLog,
        log,
        publicUrl: config.publicUrl,
        authenticate: guard,
        limit: rateLimit(() => quotas.scim),
      }),
      "/oauth": oauthRouter({
        clientCredentials: new ClientCredentials(store, tokens, config.oauthTokenSeconds),
        verifier,
        failures,
        requestLog,
        log,
        limit: rateLimit(() => quotas.api),
      }),
      "/api": apiRouter({
        rooms: {
          users,
          groups,
          members: new Members(store),
          memberships,
          access: new Access(store),
          mcpServers,
          toolkits: new Catalogue(store, purges, toolkitKind),
          skills: new Catalogue(store, purges, skillKind),
          commands: new Catalogue(store, purges, commandKind),
          policies: new Catalogue(store, purges, policyKind),
          connections: new Connections(store, mcpServers, authorizations),
          organizations,
          auditEvents: new AuditEvents(store),
          loggedRequests: new LoggedRequests(store),
          exchanges,
          tokens,
          tokenReports: new TokenReports(store, tokenSettings, forms),
        },
        requestLog,
        publicUrl: config.publicUrl,
        authenticate: guard,
        limit: rateLimit((req) => (asksForUserView(req) ? quotas.connect : quotas.api)),
        failures,
      }),
    },
  });
  const retention = new Retention(store, config.auditRetentionDays);
  const flushing = flushEvery(flushMs, [usage, signals, refusals, requestLog, purges, retention, forms], (cause) =>
    log.warn("What has gathered could not be written; it is tried again.", { cause }),
  );
  // The embedded database is one process's own.
  const shared = config.mongodbUri === undefined ? [] : [new QuotaExchange(store, allQuotas(quotas), now)];
  const exchanging = flushEvery(exchangeMs, shared, (cause) =>
    log.warn("Rate limits cannot be shared with other replicas at the moment; each counts by itself.", { cause }),
  );
  const close = async (): Promise<void> => {
    await exchanging.stop();
    await flushing.stop();
  };
  return { handler, firstSecret: first?.secret, close };
}
