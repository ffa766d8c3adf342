import express, { type RequestHandler, Router } from "express";
import { type Scope, scope as scopeSchema } from "../../../schemas/token.ts";
import type { ClientCredentials } from "../../domain/tokens/verify/client-credentials.ts";
import { RejectedCredentialError } from "../../domain/tokens/verify/rejected-credential.ts";
import type { TokenVerifier } from "../../domain/tokens/verify/token-verifier.ts";
import type { Log } from "../../log.ts";
import type { FailureLimit } from "../auth/failure-limit.ts";
import { allowMethod } from "../server/methods.ts";
import { requireCaller } from "../server/request.ts";
import { logRequests, type RequestRecorder } from "../server/request-log.ts";
import { sendJson } from "../server/send.ts";
import { type OAuthFormParameters, parseFormParameters, readClientAuthentication } from "./client.ts";
import { OAuthError, oauthErrorHandler } from "./errors.ts";

export interface OAuthRouterOptions {
  readonly clientCredentials: ClientCredentials;
  readonly verifier: Pick<TokenVerifier, "verify" | "reject" | "rejectClientId">;
  readonly failureLimit: FailureLimit;
  /** They record rejected requests. */
  readonly recorders: readonly RequestRecorder[];
  readonly log: Log;
  /** Counts the request against the rate limits of its client. */
  readonly limit: RequestHandler;
}

/**
 * Routes `/oauth/token`, which issues an access token of some hours for a token (RFC 6749 section 4.4). The client id is
 * the id of the token, and the client secret is the token itself. Every request passes these steps in this order. There
 * is no discovery document, because some MCP clients that find one no longer send the credential that they are
 * configured with.
 */
export function oauthRouter({
  clientCredentials,
  verifier,
  failureLimit,
  recorders,
  log,
  limit,
}: OAuthRouterOptions): Router {
  const steps = [
    allowMethod("POST"),
    rejectUrlParameters,
    parseForm,
    parseTokenRequest,
    authenticateClient(verifier, failureLimit),
    limit,
    issueAccessToken(clientCredentials),
  ];

  const router = Router({ strict: true });
  router.use(logRequests(recorders, "rejected"));
  router.all("/token", ...steps);
  router.use(oauthErrorHandler(log));
  return router;
}

/** What `parseTokenRequest` leaves in `req.body` for the steps after it. */
interface TokenRequest {
  readonly form: OAuthFormParameters;
  /** Absent: all scopes of the client. */
  readonly scopes: readonly Scope[] | undefined;
}

const rejectUrlParameters: RequestHandler = (req, _res, next) => {
  req.operationId = "issueAccessToken";
  if (req.originalUrl.includes("?")) {
    throw new OAuthError("invalid_request", "Send the parameters in the body, because URLs end up in logs.");
  }
  next();
};

const parseForm = express.urlencoded({ extended: false, limit: "16kb", parameterLimit: 50 });

/** @throws OAuthError invalid_request; unsupported_grant_type; invalid_scope */
const parseTokenRequest: RequestHandler = (req, _res, next) => {
  const form = parseFormParameters(req.body);
  assertGrantType(form);
  req.body = { form, scopes: parseScopes(form) } satisfies TokenRequest;
  next();
};

function assertGrantType({ grant_type: grantType }: OAuthFormParameters): void {
  if (grantType === "client_credentials") return;
  if (grantType === undefined) throw new OAuthError("invalid_request", "grant_type is required: client_credentials.");
  throw new OAuthError("unsupported_grant_type", "grant_type must be client_credentials.");
}

const scopeListSchema = scopeSchema.array().min(1);

function parseScopes({ scope }: OAuthFormParameters): readonly Scope[] | undefined {
  if (scope === undefined) return undefined;
  const result = scopeListSchema.safeParse([...new Set(scope.split(" "))]);
  if (result.success) return result.data;
  throw new OAuthError(
    "invalid_scope",
    `scope must be a list, separated by spaces, of: ${scopeSchema.options.join(" ")}.`,
  );
}

/**
 * Sets `req.user` to the token that the client secret is, whose id must be the client id. Failures are counted by
 * address, as for every other API.
 */
function authenticateClient(
  verifier: Pick<TokenVerifier, "verify" | "reject" | "rejectClientId">,
  failureLimit: FailureLimit,
): RequestHandler {
  return async (req, _res, next) => {
    const { form }: TokenRequest = req.body;
    const source = { ip: req.address, requestId: req.requestId };
    try {
      const { id, secret } = readClientAuthentication(req, form);
      const client = await verifier.verify(secret, source);
      if (client.actor.id !== id) {
        req.credentialRejection = verifier.rejectClientId(client, source);
        throw new OAuthError("invalid_client", "The client_id is not the id of the token in client_secret.");
      }
      req.user = client;
    } catch (error) {
      const isInvalidClient = error instanceof OAuthError && error.oauthCode === "invalid_client";
      if (error instanceof RejectedCredentialError) req.credentialRejection = error.report;
      else if (isInvalidClient) {
        const cause = req.headers.authorization === undefined ? "missing" : "malformed";
        req.credentialRejection ??= await verifier.reject(cause, source);
      }
      if (isInvalidClient || error instanceof RejectedCredentialError) failureLimit.count(req.address);
      throw error;
    }
    next();
  };
}

function issueAccessToken(clientCredentials: ClientCredentials): RequestHandler {
  return async (req, res) => {
    const { scopes }: TokenRequest = req.body;
    const { token: accessToken, secret } = await clientCredentials.issue(requireCaller(req), scopes);
    res.setHeader("Pragma", "no-cache");
    sendJson(res, 200, "application/json", {
      access_token: secret,
      token_type: "Bearer",
      expires_in: Math.floor((Date.parse(accessToken.expiresAt ?? "") - Date.now()) / 1000),
      scope: accessToken.scopes?.join(" ") ?? "all",
    });
  };
}
