import type { Request, Response } from "express";
import { sessionLimits } from "../../domain/console/sessions.ts";

/**
 * With the prefix `__Host-`, browsers require `Secure` and `Path=/` without `Domain` (RFC 6265bis section 4.1.3.2), so
 * that no other host can set the cookie. Browsers accept it over plain HTTP from localhost only.
 */
const name = "__Host-gatehouse-console";
const attributes = "Path=/; HttpOnly; Secure; SameSite=Strict";

/** Returns the session id in the cookie. No other module of the service reads a cookie. */
export function readSessionCookie({ headers: { cookie = "" } }: Request): string | undefined {
  const pair = cookie
    .split(";")
    .map((each) => each.trim())
    .find((each) => each.startsWith(`${name}=`));
  return pair?.slice(name.length + 1);
}

/** Sets the cookie of a new session. It has the session's absolute lifetime at most. */
export function setSessionCookie(res: Response, sessionId: string): void {
  res.setHeader("Set-Cookie", `${name}=${sessionId}; Max-Age=${sessionLimits.absoluteMs / 1000}; ${attributes}`);
}

/** Removes the cookie. */
export function clearSessionCookie(res: Response): void {
  res.setHeader("Set-Cookie", `${name}=; Max-Age=0; ${attributes}`);
}
