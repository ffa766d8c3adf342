import { AppError, type ErrorCode } from "../../../errors.ts";
import type { CredentialRejection, SignInRejectionCause } from "../../audit/rejections.ts";
import type { Caller } from "../../caller.ts";

/**
 * The error for a rejected sign-in. Its message is for whoever signs in; the report is for the logs of the organization,
 * because a stranger must not learn whether a user exists or which role is missing.
 */
export class RejectedSignInError extends AppError {
  readonly report: Pick<CredentialRejection, "organizationId" | "actor" | "cause">;

  constructor(cause: SignInRejectionCause, owner: Partial<Pick<Caller, "organizationId" | "actor">>, error?: unknown) {
    const [code, message] = messages[cause] ?? invalidIdToken;
    super(code, message, {}, error);
    this.report = { actor: { type: "user" }, ...owner, cause };
  }
}

const noAccess = [
  "forbidden",
  "Your account has no access to this console. An administrator finds the reason in the audit log.",
] as const;
const invalidIdToken = ["invalid-token", "The ID token of the identity provider is not valid. Sign in again."] as const;

const messages: Readonly<Partial<Record<SignInRejectionCause, readonly [code: ErrorCode, message: string]>>> = {
  "sign-in-state": [
    "invalid-request",
    "The sign-in was not begun in this browser, was completed already, or took more than ten minutes. Sign in again.",
  ],
  "sign-in-issuer": [
    "forbidden",
    "The response comes from another identity provider than the one that was requested. Sign in again.",
  ],
  "sign-in-denied": ["forbidden", "The identity provider did not sign you in. Sign in again."],
  "sign-in-code": ["upstream-failed", "The identity provider did not complete the sign-in. Sign in again."],
  "sign-in-client": [
    "upstream-failed",
    "The identity provider rejected this service. An administrator must check the client id and the client secret.",
  ],
  "sign-in-user": noAccess,
  "sign-in-role": noAccess,
};
