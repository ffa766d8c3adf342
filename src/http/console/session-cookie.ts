import type { Request, Response } from "express";
import { sessionLimits } from "../../domain/console/sessions.ts";
import { type ConsoleCookie, readCookie, toSetCookie } from "./cookies.ts";

/** The cookie with the session id. It has the session's absolute lifetime at most. */
const sessionCookie: ConsoleCookie = {
  name: "__Host-gatehouse-console",
  sameSite: "Strict",
  maxAgeSeconds: sessionLimits.absoluteMs / 1000,
};

/** Returns the session id in the cookie. */
export const readSessionCookie = (req: Request): string | undefined => readCookie(req, sessionCookie);

/** Sets the cookie of a new session. */
export const setSessionCookie = (res: Response, sessionId: string): void =>
  void res.append("Set-Cookie", toSetCookie(sessionCookie, sessionId));

/** Removes the cookie. */
export const clearSessionCookie = (res: Response): void =>
  void res.append("Set-Cookie", toSetCookie(sessionCookie, undefined));
