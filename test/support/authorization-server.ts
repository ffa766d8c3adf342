import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { CertificateFiles } from "./certificate.ts";

/** A request to the token or revocation endpoint. */
export interface ReceivedForm {
  readonly path: string;
  readonly form: Readonly<Record<string, string>>;
  readonly authorization: string | undefined;
}

/**
 * An OAuth 2.0 authorization server that checks what RFC 6749, 7636 and 9700 require: the client, the redirect URI, the
 * code verifier, that a code is used once. It rotates refresh tokens, and ends a grant when one is used twice.
 */
export interface AuthorizationServer {
  readonly origin: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** The received requests in order. */
  readonly received: ReceivedForm[];
  /** The settings of an MCP server that uses this authorization server. */
  auth(more?: object): object;
  /** Approves an authorization request. @returns the URL to which the browser is sent */
  approve(url: string): URL;
  /** Whether an Authorization header has an access token that is valid now. */
  accepts(authorization: string | undefined): boolean;
  /** The number of refreshes that were requested. */
  refreshes(): number;
  /** Ends all grants. */
  endGrants(): void;
  /** Ends the access tokens, and keeps the refresh tokens. */
  endAccessTokens(): void;
  /** Replaces the responses of the token endpoint; undefined restores them. */
  respond(handler: ((res: ServerResponse, request: ReceivedForm) => void) | undefined): void;
  /** All secrets that it has issued: codes and tokens. */
  secrets(): readonly string[];
  close(): Promise<void>;
}

interface Grant {
  accessToken: string;
  accessExpiresAt: number;
  refreshToken: string;
  isActive: boolean;
  readonly usedRefreshTokens: Set<string>;
}

/**
 * @param options.now the clock in milliseconds
 * @param options.certificate serves HTTPS on `localhost` with it; absent: HTTP
 */
export async function startAuthorizationServer({
  lifetimeSeconds = 3600,
  now = Date.now,
  certificate,
}: {
  readonly lifetimeSeconds?: number;
  readonly now?: () => number;
  readonly certificate?: CertificateFiles | undefined;
} = {}): Promise<AuthorizationServer> {
  const clientId = "gatehouse client";
  const clientSecret = "secret-of-the-client:0123456789";
  const codes = new Map<string, URLSearchParams>();
  const grants: Grant[] = [];
  const received: ReceivedForm[] = [];
  const secrets: string[] = [];
  let override: ((res: ServerResponse, request: ReceivedForm) => void) | undefined;

  const mint = (kind: string): string => {
    const secret = `${kind}-${randomBytes(16).toString("hex")}`;
    secrets.push(secret);
    return secret;
  };
  const renew = (grant: Grant): object => {
    if (grant.refreshToken !== "") grant.usedRefreshTokens.add(grant.refreshToken);
    grant.accessToken = mint("access");
    grant.refreshToken = mint("refresh");
    grant.accessExpiresAt = now() + lifetimeSeconds * 1000;
    const { accessToken: access_token, refreshToken: refresh_token } = grant;
    return { access_token, token_type: "Bearer", expires_in: lifetimeSeconds, refresh_token };
  };
  const exchange = ({ code = "", code_verifier = "", redirect_uri }: ReceivedForm["form"]): object | undefined => {
    const request = codes.get(code);
    codes.delete(code);
    const challenge = createHash("sha256").update(code_verifier).digest("base64url");
    if (!request || request.get("code_challenge") !== challenge) return undefined;
    if (request.get("redirect_uri") !== redirect_uri) return undefined;
    const grant: Grant = {
      ...{ accessToken: "", accessExpiresAt: 0, refreshToken: "", isActive: true, usedRefreshTokens: new Set() },
    };
    grants.push(grant);
    return renew(grant);
  };
  const refresh = ({ refresh_token = "" }: ReceivedForm["form"]): object | undefined => {
    const reused = grants.find(({ usedRefreshTokens }) => usedRefreshTokens.has(refresh_token));
    if (reused) reused.isActive = false;
    const grant = grants.find((each) => each.isActive && each.refreshToken === refresh_token);
    return grant && renew(grant);
  };
  const isClient = ({ authorization, form }: ReceivedForm): boolean => {
    const encode = (value: string): string => new URLSearchParams({ v: value }).toString().slice(2);
    const basic = `Basic ${btoa(`${encode(clientId)}:${encode(clientSecret)}`)}`;
    return authorization === basic || (form["client_id"] === clientId && form["client_secret"] === clientSecret);
  };
  const serve = async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = [];
    for await (const chunk of req) chunks.push(chunk as Buffer);
    const form = Object.fromEntries(new URLSearchParams(Buffer.concat(chunks).toString()));
    const request = { path: req.url ?? "", form, authorization: req.headers.authorization };
    received.push(request);
    const send = (status: number, body: object): void =>
      void res.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    if (override) return override(res, request);
    if (!isClient(request)) return send(401, { error: "invalid_client" });
    if (req.url === "/revoke") {
      for (const grant of grants) {
        if ([grant.refreshToken, grant.accessToken].includes(form["token"] ?? "")) grant.isActive = false;
      }
      return send(200, {});
    }
    const response = form["grant_type"] === "refresh_token" ? refresh(form) : exchange(form);
    if (response) send(200, response);
    else send(400, { error: "invalid_grant", error_description: "secret-description" });
  };

  const listener = (req: IncomingMessage, res: ServerResponse): void => void serve(req, res);
  const server = certificate
    ? createTlsServer({ cert: await readFile(certificate.cert), key: await readFile(certificate.key) }, listener)
    : createServer(listener);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const origin = certificate ? `https://localhost:${port}` : `http://127.0.0.1:${port}`;
  return {
    ...{ origin, clientId, clientSecret, received },
    auth: (more = {}) => ({
      ...{ type: "oauth2", clientId, scopes: ["tools"] },
      ...{ authorizationUrl: `${origin}/authorize`, tokenUrl: `${origin}/token`, revocationUrl: `${origin}/revoke` },
      ...more,
    }),
    approve: (url) => {
      const { searchParams } = new URL(url);
      const code = mint("code");
      codes.set(code, searchParams);
      const target = new URL(searchParams.get("redirect_uri") ?? "");
      target.searchParams.set("code", code);
      target.searchParams.set("state", searchParams.get("state") ?? "");
      target.searchParams.set("iss", origin);
      return target;
    },
    accepts: (authorization) =>
      grants.some(
        ({ accessToken, accessExpiresAt, isActive }) =>
          isActive && accessExpiresAt > now() && authorization === `Bearer ${accessToken}`,
      ),
    refreshes: () => received.filter(({ form }) => form["grant_type"] === "refresh_token").length,
    endGrants: () => {
      for (const grant of grants) grant.isActive = false;
    },
    endAccessTokens: () => {
      for (const grant of grants) grant.accessExpiresAt = 0;
    },
    respond: (handler) => {
      override = handler;
    },
    secrets: () => [...secrets, clientSecret],
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
