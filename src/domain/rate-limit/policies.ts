import { Quota, type RateLimit } from "./quota.ts";

/** The APIs with rate limits of their own. `api` is the organization's view of `/api`, `connect` a user's view. */
export const apiSurfaces = ["scim", "api", "connect", "mcp"] as const;
export type ApiSurface = (typeof apiSurfaces)[number];

/** The limits of each API, per token and per organization, and in a user's view per acting user. A missing entry means no limit. */
export type SurfaceLimits = Readonly<
  Partial<Record<ApiSurface | `${ApiSurface}-organization` | "webhook-tests" | "server-refreshes", RateLimit>>
>;

/** The quotas that count the requests of one API. */
export interface SurfaceQuotas {
  readonly token: Quota | undefined;
  readonly organization: Quota | undefined;
}

/** The quotas of each API, of the test events of webhooks, and of refreshes of MCP servers. */
export type RequestQuotas = Readonly<
  Record<ApiSurface | "mcpMessages" | "webhookTests" | "serverRefreshes", SurfaceQuotas>
>;

/**
 * Creates the quotas.
 * @param now returns the time in milliseconds since 1970
 */
export function rateLimitPolicies(limits: SurfaceLimits, now: () => number): RequestQuotas {
  const quota = (name: keyof SurfaceLimits): Quota | undefined => {
    const limit = limits[name];
    return limit && new Quota(name, limit, now);
  };
  const messageQuota = (limit: RateLimit | undefined, name: string): Quota | undefined =>
    limit && new Quota(name, { ...limit, requests: limit.requests * messagesPerOperation }, now);
  const quotasFor = (surface: ApiSurface): SurfaceQuotas => ({
    token: quota(surface),
    organization: quota(`${surface}-organization`),
  });
  return {
    scim: quotasFor("scim"),
    api: quotasFor("api"),
    connect: quotasFor("connect"),
    mcp: quotasFor("mcp"),
    mcpMessages: {
      token: messageQuota(limits.mcp, "mcp-messages"),
      organization: messageQuota(limits["mcp-organization"], "mcp-messages-organization"),
    },
    webhookTests: { token: undefined, organization: quota("webhook-tests") },
    serverRefreshes: { token: undefined, organization: quota("server-refreshes") },
  };
}

/**
 * Messages of `/mcp` that are no operation, such as lists and `initialize`, for each operation of its limits. Clients send
 * up to three of them with every call.
 */
const messagesPerOperation = 10;

/** Returns the quotas of all APIs. */
export const allQuotas = (quotas: RequestQuotas): readonly Quota[] =>
  Object.values(quotas).flatMap(({ token, organization }) =>
    [token, organization].filter((each) => each !== undefined),
  );
