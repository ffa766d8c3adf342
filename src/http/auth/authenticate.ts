import express, { type Request, type RequestHandler, type Response } from "express";
import passport from "passport";
import { Strategy as BearerStrategy } from "passport-http-bearer";
import type { Scope } from "../../../schemas/token.ts";
import type { Caller, RequestSource } from "../../domain/caller.ts";
import { canHaveScope } from "../../domain/tokens/scopes.ts";
import { RejectedCredentialError } from "../../domain/tokens/verify/rejected-credential.ts";
import type { TokenVerifier } from "../../domain/tokens/verify/token-verifier.ts";
import { AppError, hasErrorCode } from "../../errors.ts";
import { credentialRequired, requireCaller } from "../server/request.ts";
import { readCredential, rejectTokenInBody, UnusableCredentialError } from "./credentials.ts";
import type { FailureLimit } from "./failure-limit.ts";

/**
 * Authenticates every request: sets `req.user` to the caller that the credential identifies. Passport's bearer strategy
 * receives only the credential and not the request, so that it cannot read a token from the query or the body.
 * @throws AppError unauthenticated, invalid-token, ip-not-allowed, ambiguous-credentials, token-in-url; rate-limited for
 *   an address with too many failures
 */
export function authenticate(
  verifier: Pick<TokenVerifier, "verify" | "reject">,
  failureLimit: FailureLimit,
): RequestHandler {
  const authenticator = new passport.Passport();
  authenticator.use(
    new BearerStrategy<BearerStrategyVerify>({ passReqToCallback: true }, (req, secret, done) => {
      verifier.verify(secret, { ip: req.address, requestId: req.requestId }).then(
        (caller) => done(null, caller),
        (error: unknown) => done(error),
      );
    }),
  );
  return (req, res, next) => {
    const finish = (error: unknown, caller: Caller | false | undefined): void => {
      if (caller) {
        req.user = caller;
        setExpiryHeader(res, caller);
        next();
      } else {
        const rejection =
          error ?? new UnusableCredentialError("unauthenticated", "missing", credentialRequired().message);
        rejectCredential(req, res, verifier, failureLimit, rejection).then(next, next);
      }
    };
    let headers: { authorization?: string };
    try {
      const secret = readCredential(req);
      headers = secret === undefined ? {} : { authorization: `Bearer ${secret}` };
    } catch (error) {
      finish(error, undefined);
      return;
    }
    const { address, requestId } = req;
    authenticator.authenticate("bearer", { session: false }, finish)({ headers, address, requestId }, res, next);
  };
}

/** Announces the expiry of a token in every response from 7 days before, for the logs of its client. */
function setExpiryHeader(res: Response, { token }: Caller): void {
  if (token?.expiresAt === undefined || Date.parse(token.expiresAt) - Date.now() > expiryNoticeMs) return;
  res.setHeader("X-Token-Expires-At", token.expiresAt);
}

const expiryNoticeMs = 7 * 86_400_000;

type BearerStrategyVerify = (
  req: Pick<Request, "address" | "requestId">,
  secret: string,
  done: (error: unknown, caller?: Caller | false) => void,
) => void;

/**
 * Records the rejection for the request log.
 * @throws AppError rate-limited for an address with too many failures, else `error`
 */
async function rejectCredential(
  req: Request,
  res: Response,
  verifier: Pick<TokenVerifier, "verify" | "reject">,
  failureLimit: FailureLimit,
  error: unknown,
): Promise<never> {
  const rejection = hasErrorCode(error, "unauthenticated")
    ? await rejectTokenInSmallBody(req, res).then(
        () => error,
        (tokenInBody: unknown) => tokenInBody,
      )
    : error;
  if (rejection instanceof RejectedCredentialError) req.credentialRejection = rejection.report;
  else if (rejection instanceof UnusableCredentialError) {
    const source: RequestSource = { ip: req.address, requestId: req.requestId };
    req.credentialRejection = await verifier.reject(rejection.reason, source, rejection.candidate);
  }
  if (failureCodes.some((code) => hasErrorCode(rejection, code))) failureLimit.count(req.address);
  throw rejection;
}

const failureCodes = [
  "unauthenticated",
  "invalid-token",
  "ip-not-allowed",
  "ambiguous-credentials",
  "token-in-url",
] as const;

/** A token in the body gets an error of its own instead of "credential required". Bodies over 16 kB are not parsed. */
async function rejectTokenInSmallBody(req: Request, res: Response): Promise<void> {
  for (const parse of smallBodyParsers) {
    await new Promise<void>((resolve) => parse(req, res, () => resolve()));
  }
  rejectTokenInBody(req.body);
}

const smallBodyParsers = [
  express.json({ limit: "16kb", type: ["application/json", "application/*+json"] }),
  express.urlencoded({ limit: "16kb", extended: false }),
];

/**
 * Creates a step that passes callers on that have at least one of these scopes.
 * @throws AppError insufficient-scope with these scopes
 */
export function requireScope(...scopes: readonly Scope[]): RequestHandler {
  return (req, _res, next) => {
    assertScope(requireCaller(req), scopes);
    next();
  };
}

/** @throws AppError insufficient-scope with these scopes, if the caller has none of them */
export function assertScope(caller: Caller, scopes: readonly Scope[]): void {
  if (!scopes.some((scope) => caller.scopes.has(scope))) throw insufficientScope(caller, scopes);
}

/** The error for a caller with none of these scopes. Its message says if a token of another type is required. */
export function insufficientScope({ token }: Caller, scopes: readonly Scope[]): AppError {
  const requirement = `This operation requires the scope ${scopes.join(" or ")}`;
  const isPossible = !token || scopes.some((scope) => canHaveScope(token.type, scope));
  const detail = isPossible ? `${requirement}.` : `${requirement}, which a token of type ${token.type} cannot have.`;
  return new AppError("insufficient-scope", detail, { scopes });
}
