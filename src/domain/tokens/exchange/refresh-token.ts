import { candidateHashes, hashSecret, hasTokenFormat, mintSecret, type SecretSettings } from "../issue/format.ts";

/**
 * Refresh tokens have the format of tokens with a different prefix, so that neither is accepted as the other. All refresh
 * tokens of a family share their first random characters. A used one is recognized by them, however many followed, and
 * without a stored record of each.
 */
const familyLength = 13; // 77 bits of the family; 119 more bits are unique to each token

const toRefreshPrefix = ({ prefix }: SecretSettings): string => `${prefix}r`;

/** The stored hashes of a refresh token. */
export interface RefreshTokenHashes {
  readonly familyHash: string;
  readonly refreshHash: string;
}

/**
 * Creates a refresh token.
 * @param previous the refresh token that it replaces; absent: the first one of a new family
 */
export function mintRefreshToken(settings: SecretSettings, previous?: string): { secret: string } & RefreshTokenHashes {
  const secret = mintSecret(toRefreshPrefix(settings), previous === undefined ? "" : toFamilyPart(previous, settings));
  return {
    secret,
    familyHash: hashSecret(toFamilyPart(secret, settings), settings.pepper),
    refreshHash: hashSecret(secret, settings.pepper),
  };
}

/**
 * Returns every hash under which the family and the refresh token may be stored.
 * @returns undefined if the string does not have the format of this installation's refresh tokens
 */
export function hashRefreshToken(
  refreshToken: string,
  settings: SecretSettings,
): { readonly family: readonly string[]; readonly refresh: readonly string[] } | undefined {
  if (!hasTokenFormat(refreshToken, toRefreshPrefix(settings))) return undefined;
  return {
    family: candidateHashes(toFamilyPart(refreshToken, settings), settings.pepper),
    refresh: candidateHashes(refreshToken, settings.pepper),
  };
}

function toFamilyPart(secret: string, settings: SecretSettings): string {
  const start = toRefreshPrefix(settings).length + 1;
  return secret.slice(start, start + familyLength);
}
