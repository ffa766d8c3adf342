import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, SignJWT } from "jose";
import type { AuthExchangeSettings } from "../../schemas/organization.ts";

/** An identity provider with real keys, which publishes them over HTTP on this machine. */
export interface IdentityProvider {
  /** What an organisation sets to believe it. */
  readonly settings: AuthExchangeSettings;
  /** A JWT that is right in every way but for what is said otherwise; undefined leaves a claim out. */
  sign(claims?: Readonly<Record<string, unknown>>, header?: Readonly<Record<string, unknown>>): Promise<string>;
  /** Signs with a new key from now on, and publishes that one. */
  rotate(): Promise<void>;
  /** What is published of the key that signs. */
  publicKey(): JWK & { readonly kid: string };
  /** Answers otherwise than with the keys, until it is called again. */
  answer(listener?: RequestListener): void;
  /** How often it was asked. */
  requests(): number;
  close(): Promise<void>;
}

export async function startIdentityProvider(alg: "RS256" | "ES256" | "EdDSA" = "RS256"): Promise<IdentityProvider> {
  let number = 0;
  const make = async (): Promise<{ readonly privateKey: CryptoKey; readonly jwk: JWK & { kid: string } }> => {
    const { privateKey, publicKey } = await generateKeyPair(alg);
    return { privateKey, jwk: { ...(await exportJWK(publicKey)), kid: `key-${++number}`, use: "sig", alg } };
  };
  let key = await make();
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
      key = await make();
    },
    publicKey: () => key.jwk,
    answer: (other = keys) => {
      listener = other;
    },
    requests: () => requests,
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}
