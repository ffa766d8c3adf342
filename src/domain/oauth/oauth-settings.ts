import { hash } from "node:crypto";
import type { McpServer } from "../../../schemas/mcp-server.ts";
import { AppError } from "../../errors.ts";
import type { RevocationClient, UpstreamCredential } from "../../store/collections.ts";
import type { Tenant } from "../../store/store.ts";
import type { CredentialCipher } from "../credentials/credential-cipher.ts";
import { findCredential } from "../credentials/stored-credential.ts";
import type { OAuthClient } from "./token-endpoint.ts";

/** The OAuth 2.0 settings of an MCP server. */
export type OAuth2Auth = Extract<McpServer["auth"], { readonly type: "oauth2" }>;

/** The path below the public URL at which this service receives authorization responses. */
export const callbackPath = "/oauth/callback";

/** Returns the redirect URI of a server's authorization requests. @param publicUrl the URL of this service */
export const toRedirectUri = ({ redirectUri }: OAuth2Auth, publicUrl: string): string =>
  redirectUri ?? `${publicUrl}${callbackPath}`;

/** Returns the origin of a URL; an empty string if it is none. */
export const originOf = (url = ""): string => (URL.canParse(url) ? new URL(url).origin : "");

/** Returns a hash of the settings that an authorization depends on. A code that was requested with others is not used. */
export function hashSettings({ authorizationUrl, tokenUrl, clientId, issuer, redirectUri }: OAuth2Auth): string {
  return hash("sha256", JSON.stringify([authorizationUrl, tokenUrl, clientId, issuer, redirectUri]), "base64url");
}

/** Returns what to do to connect to a server. */
export const connectText = (publicUrl: string, slug: string): string =>
  `Connect with POST ${publicUrl}/api/connections/${slug}/auth-url, and open the URL that it returns.`;

/**
 * Reads the client of a server, with its secret.
 * @throws AppError conflict if the secret cannot be used
 */
export async function readClient(
  tenant: Pick<Tenant<"read">, "open">,
  cipher: CredentialCipher,
  { id, slug }: McpServer,
  { tokenUrl, clientId, clientAuthentication = "basic", resource }: OAuth2Auth,
): Promise<OAuthClient> {
  const client = { slug, tokenUrl, clientId, authentication: clientAuthentication, ...(resource && { resource }) };
  const stored = await findCredential(tenant, id, "client-secret");
  if (!stored) return client;
  const storeAgain = `An admin must store it again with PUT /api/mcp-servers/${slug}/client-secret.`;
  if (stored.origin !== originOf(tokenUrl)) {
    const message = `The origin of auth.tokenUrl of the MCP server ${slug} has changed since its client secret was stored.`;
    throw new AppError("conflict", `${message} ${storeAgain}`);
  }
  const secret = decryptClientSecret(cipher, stored);
  if (secret !== undefined) return { ...client, secret };
  throw new AppError(
    "conflict",
    `The client secret of the MCP server ${slug} cannot be decrypted: its key ${stored.keyId} is neither CREDENTIAL_KEY nor in CREDENTIAL_KEYS_PREVIOUS. ${storeAgain}`,
  );
}

/** @returns undefined if the key is missing, or if the secret or its binding was changed */
export const decryptClientSecret = (
  cipher: CredentialCipher,
  stored: Pick<UpstreamCredential, "organizationId" | "holderId" | "origin" | "keyId" | "ciphertext">,
): string | undefined => {
  const { organizationId, holderId, origin } = stored;
  return cipher.decrypt(stored, { organizationId, holderId, origin, purpose: "client-secret" });
};

/** @returns how the tokens of a server are revoked; undefined if its settings have no revocation endpoint */
export async function readRevocationClient(
  tenant: Pick<Tenant<"read">, "open">,
  { id, auth }: McpServer,
): Promise<RevocationClient | undefined> {
  if (auth.type !== "oauth2" || auth.revocationUrl === undefined) return undefined;
  const stored = await findCredential(tenant, id, "client-secret");
  const { revocationUrl, clientId, clientAuthentication: authentication = "basic" } = auth;
  if (!stored || stored.origin !== originOf(revocationUrl)) return { revocationUrl, clientId, authentication };
  const { holderId, origin, keyId, ciphertext } = stored;
  return { revocationUrl, clientId, authentication, secret: { holderId, origin, keyId, ciphertext } };
}
