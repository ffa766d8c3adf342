import express, { type Request, type RequestHandler, type Response, Router } from "express";
import { type Scope, scope as scopes } from "../../../schemas/token.ts";
import type { RequestLog } from "../../domain/audit/request-log.ts";
import type { Caller } from "../../domain/caller.ts";
import type { ClientCredentials } from "../../domain/tokens/client-credentials.ts";
import type { TokenVerifier } from "../../domain/tokens/verify.ts";
import { isFault } from "../../errors.ts";
import type { Log } from "../../log.ts";
import type { FailureLimit } from "../failure-limit.ts";
import { byMethod } from "../methods.ts";
import { logRequests } from "../request-log.ts";
import { sendJson } from "../send.ts";
import { clientOf, type Form, readForm } from "./client.ts";
import { OAuthRefusal, oauthErrorHandler } from "./refusals.ts";

export interface OAuthDoor {
  readonly clientCredentials: ClientCredentials;
  readonly verifier: TokenVerifier;
  readonly failures: FailureLimit;
  readonly requestLog: RequestLog;
  readonly log: Log;
  readonly limit: RequestHandler;
}

/**
 * `/oauth/token`: access tokens of some hours for a token (RFC 6749 section 4.4). The client's id is the token's id, its
 * secret the token. There is no discovery document: some MCP clients that find one no longer send what they are
 * configured with.
 */
export function oauthRouter(door: OAuthDoor): Router {
  const router = Router({ strict: true });
  router.use(logRequests(door.requestLog, "refused"));
  router.all("/token", byMethod({ POST: (req, res) => token(req, res, door) }));
  router.use(oauthErrorHandler(door.log));
  return router;
}

const parseForm = express.urlencoded({ extended: false, limit: "16kb", parameterLimit: 50 });

async function token(req: Request, res: Response, door: OAuthDoor): Promise<void> {
  if (req.originalUrl.includes("?")) {
    throw new OAuthRefusal("invalid_request", "Parameters belong into the body: a URL ends up in logs.");
  }
  await passed(parseForm, req, res);
  const form = readForm(req.body);
  assertGrant(form);
  const wanted = scopesIn(form);
  req.user = await clientBehind(req, form, door);
  await passed(door.limit, req, res);
  const { token: made, secret } = await door.clientCredentials.issue(req.user, wanted);
  res.setHeader("Pragma", "no-cache");
  sendJson(res, 200, "application/json", {
    access_token: secret,
    token_type: "Bearer",
    expires_in: Math.floor((Date.parse(made.expiresAt ?? "") - Date.now()) / 1000),
    scope: made.scopes?.join(" ") ?? "all",
  });
}

const passed = (handler: RequestHandler, req: Request, res: Response): Promise<void> =>
  new Promise((resolve, reject) => handler(req, res, (error?: unknown) => (error ? reject(error) : resolve())));

function assertGrant({ grant_type: grant }: Form): void {
  if (grant === "client_credentials") return;
  if (grant === undefined) throw new OAuthRefusal("invalid_request", "grant_type is needed: client_credentials.");
  throw new OAuthRefusal("unsupported_grant_type", "grant_type can be client_credentials only.");
}

const someScopes = scopes.array().min(1);

/** @throws OAuthRefusal invalid_scope for one that nobody has */
function scopesIn({ scope }: Form): readonly Scope[] | undefined {
  if (scope === undefined) return undefined;
  const read = someScopes.safeParse([...new Set(scope.split(" "))]);
  if (read.success) return read.data;
  throw new OAuthRefusal("invalid_scope", `scope can name these, with spaces between: ${scopes.options.join(" ")}.`);
}

/** Whose secret it is; the id must be that token's. What fails is counted for its address, as at every door. */
async function clientBehind(req: Request, form: Form, { verifier, failures }: OAuthDoor): Promise<Caller> {
  try {
    const { id, secret } = clientOf(req, form);
    const client = await verifier.verify(secret, { ip: req.address, requestId: req.requestId });
    if (client.actor.id === id) return client;
    throw new OAuthRefusal("invalid_client", "The client's id is another than that of its secret.");
  } catch (error) {
    const isOfClient = error instanceof OAuthRefusal && error.code === "invalid_client";
    if (isOfClient || isFault(error, "invalid-token") || isFault(error, "ip-not-allowed")) failures.count(req.address);
    throw error;
  }
}
