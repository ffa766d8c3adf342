import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, SignJWT } from "jose";
import type { AuthExchangeSettings } from "../../schemas/organization.ts";

/** An identity provider with real keys, which serves its JWKS over HTTP on this machine. */
export interface IdentityProvider {
  /** The settings of an organization that trusts it. */
  readonly settings: AuthExchangeSettings;
  /** Signs a JWT that is valid except for these claims and headers; undefined omits a claim. */
  sign(claims?: Readonly<Record<string, unknown>>, header?: Readonly<Record<string, unknown>>): Promise<string>;
  /** Replaces the key that signs and that the JWKS contains. */
  rotate(): Promise<void>;
  /** The public part of the key that signs. */
  publicKey(): JWK & { readonly kid: string };
  /** Replaces the response with the JWKS; without an argument, restores it. */
  respondWith(listener?: RequestListener): void;
  /** The number of requests that it received. */
  requests(): number;
  close(): Promise<void>;
}

/** Starts an identity provider on a free port. */
export async function startIdentityProvider(alg: "RS256" | "ES256" | "EdDSA" = "RS256"): Promise<IdentityProvider> {
  let number = 0;
  const generateKey = async (): Promise<{ readonly privateKey: CryptoKey; readonly jwk: JWK & { kid: string } }> => {
    const { privateKey, publicKey } = await generateKeyPair(alg);
    return { privateKey, jwk: { ...(await exportJWK(publicKey)), kid: `key-${++number}`, use: "sig", alg } };
  };
  let key = await generateKey();
  let requests = 0;
  const keys: RequestListener = (_req, res) => void res.end(JSON.stringify({ keys: [key.jwk] }));
  let listener = keys;
  const server = createServer((req, res) => {
    requests++;
    listener(req, res);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const settings: AuthExchangeSettings = {
    jwksUri: `${origin}/keys`,
    issuer: origin,
    audience: "gatehouse",
    algorithms: [alg],
  };
  return {
    settings,
    sign: (claims = {}, header = {}) => {
      const now = Math.floor(Date.now() / 1000);
      const payload = { iss: origin, aud: "gatehouse", iat: now, exp: now + 300, email: "ada@example.com", ...claims };
      return new SignJWT(payload).setProtectedHeader({ alg, kid: key.jwk.kid, ...header }).sign(key.privateKey);
    },
    rotate: async () => {
      key = await generateKey();
    },
    publicKey: () => key.jwk,
    respondWith: (replacement = keys) => {
      listener = replacement;
    },
    requests: () => requests,
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}
