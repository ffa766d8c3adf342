import { z } from "zod";
import type { CredentialCipher, EncryptedCredential } from "../credentials/credential-cipher.ts";

/** A visible ASCII string that fits into a header. */
const token = z.string().regex(/^[\x21-\x7e]{1,8192}$/);
const lifetimeSecondsMax = 10 * 365 * 86_400;

/** A successful token response (RFC 6749 section 5.1). Some servers send the lifetime as a string, or null. */
const tokenResponse = z.object({
  access_token: token,
  token_type: z.string().regex(/^bearer$/i),
  expires_in: z
    .union([
      z.number(),
      z
        .string()
        .regex(/^\d{1,10}$/)
        .transform(Number),
    ])
    .pipe(z.number().min(1).max(lifetimeSecondsMax))
    .nullish(),
  refresh_token: token.nullish(),
});

const tokenSet = z.object({
  accessToken: token,
  refreshToken: token.optional(),
  /** In milliseconds since 1970, as `expiresAt`. */
  issuedAt: z.number(),
  expiresAt: z.number().optional(),
  /** The token endpoint that issued the tokens. They are sent to no other one. */
  tokenUrl: z.string(),
  clientId: z.string(),
});

/** The tokens of one connection. They are stored encrypted, as JSON. */
export type TokenSet = Readonly<z.output<typeof tokenSet>>;

/**
 * Reads a token response.
 * @param now the time of the request, in milliseconds since 1970
 * @param previous the tokens that were refreshed; a response without a refresh token keeps theirs (RFC 6749 section 6)
 * @returns undefined, or the names of the fields that are missing or not valid
 */
export function readTokenResponse(
  body: unknown,
  { tokenUrl, clientId }: Pick<TokenSet, "tokenUrl" | "clientId">,
  now: number,
  previous?: TokenSet,
): TokenSet | readonly string[] {
  const { success, data, error } = tokenResponse.safeParse(body);
  if (!success) return [...new Set(error.issues.map(({ path }) => path.join(".") || "the body"))];
  const refreshToken = data.refresh_token ?? previous?.refreshToken;
  return {
    ...{ accessToken: data.access_token, issuedAt: now, tokenUrl, clientId },
    ...(refreshToken !== undefined && { refreshToken }),
    ...(data.expires_in != null && { expiresAt: now + data.expires_in * 1000 }),
  };
}

/** Whose tokens they are, and the origin of the MCP server that they are sent to. */
interface TokenHolder {
  readonly organizationId: string;
  readonly holderId: string;
  readonly origin: string;
}

/** Encrypts tokens for their record. @throws Error if there is no key */
export const encryptTokens = (cipher: CredentialCipher, holder: TokenHolder, tokens: TokenSet): EncryptedCredential =>
  cipher.encrypt(JSON.stringify(tokens), toBinding(holder));

/** @returns undefined if the key is missing, or for what `encryptTokens` did not return for this holder */
export function decryptTokens(
  cipher: CredentialCipher,
  stored: TokenHolder & EncryptedCredential,
): TokenSet | undefined {
  const json = cipher.decrypt(stored, toBinding(stored));
  try {
    return json === undefined ? undefined : tokenSet.parse(JSON.parse(json));
  } catch {
    return undefined;
  }
}

const toBinding = ({ organizationId, holderId, origin }: TokenHolder) =>
  ({ organizationId, holderId, origin, purpose: "oauth-tokens" }) as const;

/** Returns the value of the Authorization header (RFC 6750 section 2.1). */
export const toBearer = ({ accessToken }: TokenSet): string => `Bearer ${accessToken}`;

const skewMsMax = 60_000;

/**
 * Whether an access token has expired, or will before a call ends: a minute before its expiry, or in the last fifth of a
 * short lifetime.
 */
export function isExpiring({ issuedAt, expiresAt }: TokenSet, now: number): boolean {
  if (expiresAt === undefined) return false;
  return now >= expiresAt - Math.min(skewMsMax, (expiresAt - issuedAt) / 5);
}
