import type { Request } from "express";
import type { Caller } from "../../domain/caller.ts";
import { AppError } from "../../errors.ts";

declare global {
  namespace Express {
    interface Request {
      /** The session of a request to the console. Set once it is verified. */
      consoleVisit?: Visit;
    }
  }
}

/** The session of one request to the console. */
export interface Visit {
  /** The caller that the credential of the session identifies now. */
  readonly caller: Caller;
  /** The secret id. It is in no page. */
  readonly sessionId: string;
  /** The hidden field of every form. */
  readonly csrfField: string;
  readonly organizationName: string;
}

/** Returns the session that the session step has set. @throws AppError unauthenticated without the step */
export function requireVisit({ consoleVisit }: Request): Visit {
  if (!consoleVisit) throw new AppError("unauthenticated", "Sign in to use the console.");
  return consoleVisit;
}
