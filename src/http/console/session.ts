import type { RequestHandler } from "express";
import type { ConsoleSessions } from "../../domain/console/sessions.ts";
import type { Organizations } from "../../domain/organizations.ts";
import { RejectedCredentialError } from "../../domain/tokens/verify/rejected-credential.ts";
import type { FailureLimit } from "../auth/failure-limit.ts";
import { toCsrfField } from "./csrf.ts";
import { clearSessionCookie, readSessionCookie } from "./session-cookie.ts";
import { redirectToSignIn } from "./sign-in.tsx";

export interface SessionStepOptions {
  readonly base: string;
  readonly sessions: ConsoleSessions;
  readonly failureLimit: FailureLimit;
  readonly organizations: Organizations;
}

/**
 * Creates the step that verifies the session of a request. Without a session, the browser is sent to the sign-in.
 * @throws AppError ip-not-allowed; rate-limited for an address that sends many ids of no session; unavailable
 */
export function requireSession({ base, sessions, failureLimit, organizations }: SessionStepOptions): RequestHandler {
  return async (req, res, next) => {
    const sessionId = readSessionCookie(req);
    if (sessionId === undefined) {
      redirectToSignIn(res, base, Object.hasOwn(req.query, "signed-in") ? "no-cookie" : undefined);
      return;
    }
    const source = { ip: req.address, requestId: req.requestId };
    const caller = await sessions.resume(sessionId, source).catch((error: unknown) => {
      if (error instanceof RejectedCredentialError) {
        req.credentialRejection = error.report;
        failureLimit.count(req.address);
      }
      throw error;
    });
    if (!caller) {
      failureLimit.count(req.address);
      clearSessionCookie(res);
      redirectToSignIn(res, base, "ended");
      return;
    }
    req.user = caller;
    const csrfField = toCsrfField(sessionId);
    const { name, slug } = await organizations.getOwn(caller);
    req.consoleVisit = { caller, sessionId, csrfField, organizationName: name ?? slug };
    next();
  };
}
