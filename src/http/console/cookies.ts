import type { Request } from "express";

/**
 * With the prefix `__Host-`, browsers require `Secure` and `Path=/` without `Domain` (RFC 6265bis section 4.1.3.2), so
 * that no other host can set the cookie. Browsers accept it over plain HTTP from localhost only.
 */
export interface ConsoleCookie {
  readonly name: `__Host-${string}`;
  /** `Strict`: sent by pages of the console only. `Lax`: also when another site sends the browser here by a link. */
  readonly sameSite: "Strict" | "Lax";
  readonly maxAgeSeconds: number;
}

/** Returns the value of a cookie of a request. No other API reads a cookie. */
export function readCookie({ headers: { cookie = "" } }: Request, { name }: ConsoleCookie): string | undefined {
  const pair = cookie
    .split(";")
    .map((each) => each.trim())
    .find((each) => each.startsWith(`${name}=`));
  return pair?.slice(name.length + 1);
}

/** Returns the header `Set-Cookie` with a value; undefined removes the cookie. */
export function toSetCookie({ name, sameSite, maxAgeSeconds }: ConsoleCookie, value: string | undefined): string {
  const maxAge = value === undefined ? 0 : maxAgeSeconds;
  return `${name}=${value ?? ""}; Max-Age=${maxAge}; Path=/; HttpOnly; Secure; SameSite=${sameSite}`;
}
