import type { RequestListener } from "node:http";
import type { Config } from "./config.ts";
import { Refusals } from "./domain/audit/refusals.ts";
import { RequestLog } from "./domain/audit/request-log.ts";
import { flushEvery } from "./domain/background.ts";
import { firstStart, Organizations } from "./domain/organizations.ts";
import { Groups } from "./domain/people/groups.ts";
import { Memberships } from "./domain/people/memberships.ts";
import { Purges } from "./domain/people/purges.ts";
import { Users } from "./domain/people/users.ts";
import { Tokens } from "./domain/tokens/tokens.ts";
import { TokenUsage } from "./domain/tokens/usage.ts";
import { TokenVerifier } from "./domain/tokens/verify.ts";
import { apiRouter } from "./http/api/router.ts";
import { authenticate } from "./http/authenticate.ts";
import { front } from "./http/front.ts";
import { FailureLimit, rateLimit } from "./http/rate-limit.ts";
import { scimRouter } from "./http/scim/router.ts";
import type { Log } from "./log.ts";
import type { Store } from "./store/collection.ts";
import { collections } from "./store/collections.ts";
import { openMongoStore } from "./store/mongo.ts";
import { openSqliteStore } from "./store/sqlite.ts";

/** Opens the store that the settings name. @throws StartError when it cannot be used, with the mend */
export async function openStore({ mongodbUri, dataDir }: Pick<Config, "mongodbUri" | "dataDir">): Promise<Store> {
  return mongodbUri === undefined
    ? openSqliteStore({ dataDir, collections })
    : openMongoStore({ uri: mongodbUri, collections });
}

/** What may happen, over one store: what the operator's commands and the service share. */
export function createDomain(store: Store, config: Config): { tokens: Tokens; organizations: Organizations } {
  return {
    organizations: new Organizations(store),
    tokens: new Tokens(store, {
      prefix: config.tokenPrefix,
      ...(config.tokenPepper !== undefined && { pepper: config.tokenPepper }),
      ...(config.tokenMaxTtlDays !== undefined && { maxTtlDays: config.tokenMaxTtlDays }),
    }),
  };
}

export interface App {
  readonly handler: RequestListener;
  /** The one token of the first start on an empty store; undefined at every later one. */
  readonly firstSecret: string | undefined;
  /** Writes what has gathered in memory. The store is closed by who opened it. */
  close(): Promise<void>;
}

const flushMs = 5000;

/** The composition root: store -> domain -> doors. The only file that sees every room. */
export async function createApp(store: Store, config: Config, log: Log): Promise<App> {
  const { tokens } = createDomain(store, config);
  const usage = new TokenUsage(store);
  const refusals = new Refusals(store);
  const requestLog = new RequestLog(store);
  const purges = new Purges(store);
  const first = await firstStart(store, tokens);

  const verifier = new TokenVerifier(
    store,
    {
      prefix: config.tokenPrefix,
      ...(config.tokenPepper !== undefined && { pepper: config.tokenPepper }),
      ...(config.authSecret !== undefined && { authSecret: config.authSecret }),
    },
    usage,
    refusals,
  );
  const { scim, api, failures } = config.rateLimits;
  const guard = authenticate(verifier, new FailureLimit(failures));
  const handler = front({
    trustProxy: config.trustProxy,
    ping: () => store.ping(),
    log,
    doors: {
      "/scim/v2": scimRouter({
        users: new Users(store, purges),
        groups: new Groups(store, purges),
        memberships: new Memberships(store),
        requestLog,
        log,
        publicUrl: config.publicUrl,
        authenticate: guard,
        limit: rateLimit(scim && { token: scim }),
      }),
      "/api": apiRouter(requestLog, guard, rateLimit(api && { token: api })),
    },
  });
  const flushing = flushEvery(flushMs, [usage, refusals, requestLog, purges], (cause) =>
    log.warn("What has gathered could not be written; it is tried again.", { cause }),
  );
  return { handler, firstSecret: first?.secret, close: () => flushing.stop() };
}
