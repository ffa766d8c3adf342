import type { Request, Response } from "express";
import { signInAttemptMs } from "../../../domain/console/sign-in/sign-in-attempts.ts";
import { type ConsoleCookie, readCookie, toSetCookie } from "../cookies.ts";

/**
 * The cookie of a sign-in in progress, which binds the response of the identity provider to the browser that began it. The
 * provider's page sends the browser back, so that the cookie cannot be `Strict` as that of the session.
 */
const attemptCookie: ConsoleCookie = {
  name: "__Host-gatehouse-sign-in",
  sameSite: "Lax",
  maxAgeSeconds: signInAttemptMs / 1000,
};

/** Returns the value of the cookie; empty without one. */
export const readAttemptCookie = (req: Request): string => readCookie(req, attemptCookie) ?? "";

export const setAttemptCookie = (res: Response, value: string): void =>
  void res.append("Set-Cookie", toSetCookie(attemptCookie, value));

export const clearAttemptCookie = (res: Response): void =>
  void res.append("Set-Cookie", toSetCookie(attemptCookie, undefined));
