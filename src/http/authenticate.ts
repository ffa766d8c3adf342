import express, { type Request, type RequestHandler, type Response } from "express";
import passport from "passport";
import { Strategy as BearerStrategy } from "passport-http-bearer";
import type { Scope } from "../../schemas/token.ts";
import type { Caller } from "../domain/caller.ts";
import { canHave } from "../domain/tokens/scopes.ts";
import type { TokenVerifier } from "../domain/tokens/verify.ts";
import { AppError, isFault } from "../errors.ts";
import { credentialOf, refuseTokenInBody } from "./credentials.ts";
import type { FailureLimit } from "./failure-limit.ts";
import { callerOf } from "./request.ts";

/**
 * Credential -> caller, on every request anew. The strategy is shown the credential and nothing else of the request, so
 * that it finds none in a query or a body.
 */
export function authenticate(verifier: TokenVerifier, failures: FailureLimit): RequestHandler {
  const guard = new passport.Passport();
  guard.use(
    new BearerStrategy<BearerStrategyVerify>({ passReqToCallback: true }, (req, secret, done) => {
      verifier.verify(secret, { ip: req.address, requestId: req.requestId }).then(
        (caller) => done(null, caller),
        (error: unknown) => done(error),
      );
    }),
  );
  return (req, res, next) => {
    const settled = (error: unknown, caller: Caller | false | undefined): void => {
      if (caller) {
        req.user = caller;
        announceEnd(res, caller);
        next();
      } else {
        const why = error ?? new AppError("unauthenticated", "A credential is needed.");
        refuse(req, res, failures, why).then(next, next);
      }
    };
    let headers: { authorization?: string };
    try {
      const secret = credentialOf(req);
      headers = secret === undefined ? {} : { authorization: `Bearer ${secret}` };
    } catch (error) {
      settled(error, undefined);
      return;
    }
    const { address, requestId } = req;
    guard.authenticate("bearer", { session: false }, settled)({ headers, address, requestId }, res, next);
  };
}

/** A token that ends soon says so in every answer, to whoever reads the logs of its client. */
function announceEnd(res: Response, { token }: Caller): void {
  if (token?.expiresAt === undefined || Date.parse(token.expiresAt) - Date.now() > announcedMs) return;
  res.setHeader("X-Token-Expires-At", token.expiresAt);
}

const announcedMs = 7 * 86_400_000;

type BearerStrategyVerify = (
  req: Pick<Request, "address" | "requestId">,
  secret: string,
  done: (error: unknown, caller?: Caller | false) => void,
) => void;

/** @throws AppError rate-limited for an address that keeps failing, else what was refused */
async function refuse(req: Request, res: Response, failures: FailureLimit, error: unknown): Promise<never> {
  if (isFault(error, "unauthenticated")) await refuseTokenInSmallBody(req, res);
  if (failed.some((fault) => isFault(error, fault))) failures.count(req.address);
  throw error;
}

const failed = ["unauthenticated", "invalid-token", "ip-not-allowed", "ambiguous-credentials", "token-in-url"] as const;

/** Who sends a token in the body only is told so, instead of that there is none. Large bodies are not worth it. */
async function refuseTokenInSmallBody(req: Request, res: Response): Promise<void> {
  for (const parse of smallBodyParsers) {
    await new Promise<void>((resolve) => parse(req, res, () => resolve()));
  }
  refuseTokenInBody(req.body);
}

const smallBodyParsers = [
  express.json({ limit: "16kb", type: ["application/json", "application/*+json"] }),
  express.urlencoded({ limit: "16kb", extended: false }),
];

/**
 * Lets pass who holds one of these scopes.
 * @throws AppError insufficient-scope naming them
 */
export function requireScope(...scopes: readonly Scope[]): RequestHandler {
  return (req, _res, next) => {
    assertScope(callerOf(req), scopes);
    next();
  };
}

/** @throws AppError insufficient-scope when the caller holds none of these, naming them */
export function assertScope(caller: Caller, scopes: readonly Scope[]): void {
  if (!scopes.some((scope) => caller.scopes.has(scope))) throw insufficientScope(caller, scopes);
}

/** Says so when no token of the caller's type can have what is needed: then another is needed, and not more scopes. */
export function insufficientScope({ token }: Caller, scopes: readonly Scope[]): AppError {
  const needed = `This needs the scope ${scopes.join(" or ")}`;
  const isOfType = !token || scopes.some((scope) => canHave(token.type, scope));
  const detail = isOfType ? `${needed}.` : `${needed}, which a token of type ${token.type} cannot have.`;
  return new AppError("insufficient-scope", detail, { scopes });
}
