import type { z } from "zod";
import { apiSurfaces } from "../domain/rate-limit/policies.ts";
import type { RateLimit } from "../domain/rate-limit/quota.ts";
import { settings } from "./settings.ts";

/** The limits: each API per token and per organization, failed authentications per address, and what sends requests to other services. */
const rateLimitNames = [
  ...apiSurfaces,
  ...apiSurfaces.map((surface) => `${surface}-organization` as const),
  "failures",
  "webhook-tests",
  "server-refreshes",
] as const;

/** The rate limits by name. A limit that is absent does not apply. */
export type RateLimits = Readonly<Partial<Record<(typeof rateLimitNames)[number], RateLimit>>>;

const rateLimitPattern = new RegExp(`^(${rateLimitNames.join("|")})=(?:off|([1-9]\\d{0,8})/([1-9]\\d{0,4}))$`);

/** Parses changes to the default limits, each as NAME=REQUESTS/SECONDS or NAME=off; `off` alone disables all limits. */
export function parseRateLimits(text: string, context: z.RefinementCtx): RateLimits {
  if (text.toLowerCase() === "off") return {};
  const limits = new Map<string, RateLimit>();
  for (const part of `${settings.RATE_LIMIT.defaultValue},${text}`.split(",")) {
    const [, name, requests, seconds] = rateLimitPattern.exec(part.trim()) ?? [];
    if (name === undefined)
      context.addIssue({
        code: "custom",
        message: `is not a list of limits. Set it to off, or to NAME=REQUESTS/SECONDS or NAME=off with the names ${rateLimitNames.join(", ")}, for example scim=500/10,connect=off.`,
      });
    else if (requests === undefined) limits.delete(name);
    else limits.set(name, { requests: Number(requests), seconds: Number(seconds) });
  }
  return Object.fromEntries(limits);
}
