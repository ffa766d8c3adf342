import type { RequestHandler } from "express";
import type { ConsoleSessions } from "../../../domain/console/sessions.ts";
import type { UserSignIns } from "../../../domain/console/sign-in/user-sign-ins.ts";
import type { FailureLimit } from "../../auth/failure-limit.ts";

export interface SignInRouterOptions {
  readonly base: string;
  readonly publicUrl: string;
  readonly sessions: ConsoleSessions;
  readonly userSignIns: UserSignIns;
  readonly failureLimit: FailureLimit;
  /** Counts the request against the rate limits of the token or user that signs in. */
  readonly limit: RequestHandler;
}
