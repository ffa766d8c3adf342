import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, SignJWT } from "jose";
import { trackSecret } from "./secrets.ts";

type Claims = Readonly<Record<string, unknown>>;

/** An OpenID Provider with real keys, whose every response a test can change, as an attacker would. */
export interface OpenIdProvider {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** The forms that the token endpoint received. */
  readonly tokenRequests: readonly Readonly<Record<string, string>>[];
  /**
   * Signs a user in who is sent here with an authorization request.
   * @param claims of the ID token beside those that it must have; undefined omits a claim
   * @returns the address that the browser is sent to, with the response
   */
  approve(authorizationUrl: string, claims?: Claims): URL;
  /** Replaces the configuration document; undefined restores it. */
  setDocument(document: Claims | undefined): void;
  /** Replaces the response of the token endpoint; undefined restores it. */
  setTokenResponse(respond: ((idToken: string) => Promise<Claims> | Claims) | undefined): void;
  /** Replaces the response of the UserInfo endpoint, which exists from then on. */
  setUserInfo(claims: Claims | undefined): void;
  /** Signs an ID token that is valid except for these claims, headers and key. */
  sign(claims: Claims, header?: Claims, key?: CryptoKey): Promise<string>;
  document(): Claims;
  close(): Promise<void>;
}

/** Starts the provider on a free port. */
export async function startOpenIdProvider(): Promise<OpenIdProvider> {
  const { privateKey, publicKey } = await generateKeyPair("RS256");
  const jwk: JWK = { ...(await exportJWK(publicKey)), kid: "key-1", use: "sig", alg: "RS256" };
  const codes = new Map<string, { readonly request: URLSearchParams; readonly claims: Claims }>();
  const tokenRequests: Readonly<Record<string, string>>[] = [];
  const [clientId, clientSecret] = ["gatehouse-console", trackSecret(`secret:${randomBytes(16).toString("hex")}`)];
  let replaced: Claims | undefined;
  let userInfo: Claims | undefined;
  let respond: ((idToken: string) => Promise<Claims> | Claims) | undefined;
  let issuer = "";

  const document = (): Claims => ({
    ...{ issuer, authorization_endpoint: `${issuer}/authorize?tenant=1`, token_endpoint: `${issuer}/token` },
    ...{ jwks_uri: `${issuer}/keys`, response_types_supported: ["code"] },
    ...{ token_endpoint_auth_methods_supported: ["client_secret_post", "client_secret_basic"] },
    ...{ authorization_response_iss_parameter_supported: true, userinfo_endpoint: `${issuer}/userinfo` },
  });
  const sign: OpenIdProvider["sign"] = (claims, header = {}, key = privateKey) => {
    const now = Math.floor(Date.now() / 1000);
    const all = { iss: issuer, aud: clientId, sub: "sub-1", iat: now, exp: now + 300, ...claims };
    return new SignJWT(all).setProtectedHeader({ alg: "RS256", kid: "key-1", ...header }).sign(key);
  };
  const exchange = async (req: IncomingMessage): Promise<readonly [status: number, body: Claims]> => {
    const form = Object.fromEntries(new URLSearchParams(await readText(req)));
    tokenRequests.push(form);
    const grant = codes.get(form["code"] ?? "");
    codes.delete(form["code"] ?? "");
    const expected = `Basic ${btoa(`${clientId}:${encodeURIComponent(clientSecret)}`)}`;
    if (req.headers.authorization !== expected) return [401, { error: "invalid_client" }];
    const challenge = createHash("sha256")
      .update(form["code_verifier"] ?? "")
      .digest("base64url");
    const isValid =
      grant?.request.get("code_challenge") === challenge && grant.request.get("redirect_uri") === form["redirect_uri"];
    if (!isValid || !grant) return [400, { error: "invalid_grant" }];
    const idToken = await sign({ nonce: grant.request.get("nonce"), ...grant.claims });
    if (respond) return [200, await respond(idToken)];
    return [200, { token_type: "Bearer", access_token: "unused", id_token: idToken }];
  };
  const serve = async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    const send = (status: number, body: object): void =>
      void res.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    if (req.url === "/.well-known/openid-configuration") return send(200, replaced ?? document());
    if (req.url === "/keys") return send(200, { keys: [jwk] });
    if (req.url === "/userinfo" && userInfo && req.headers.authorization === "Bearer unused")
      return send(200, userInfo);
    if (req.url === "/token") return send(...(await exchange(req)));
    send(404, {});
  };

  const server = createServer((req, res) => void serve(req, res)).listen(0, "127.0.0.1");
  await once(server, "listening");
  issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    ...{ issuer, clientId, clientSecret, tokenRequests, document, sign },
    approve: (authorizationUrl, claims = {}) => {
      const { searchParams } = new URL(authorizationUrl);
      const code = randomBytes(16).toString("hex");
      codes.set(code, { request: searchParams, claims });
      const target = new URL(searchParams.get("redirect_uri") ?? "");
      target.search = new URLSearchParams({ code, state: searchParams.get("state") ?? "", iss: issuer }).toString();
      return target;
    },
    setDocument: (next) => {
      replaced = next;
    },
    setUserInfo: (next) => {
      userInfo = next;
    },
    setTokenResponse: (next) => {
      respond = next;
    },
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

async function readText(req: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of req) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
