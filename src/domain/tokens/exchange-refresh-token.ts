import { hashSecret, isWellFormed, mintSecret, possibleHashes, type SecretSettings } from "./format.ts";

/**
 * Refresh tokens have the form of tokens under a prefix of their own, so that neither is ever taken for the other. All
 * of one family begin alike: a spent one is known as the family's however many came after it, and nothing is kept of it.
 */
const familyLength = 13; // 77 bits; 119 more are each token's own

const prefixOf = ({ prefix }: SecretSettings): string => `${prefix}r`;

/** What is kept of a refresh token. */
export interface RefreshHashes {
  readonly familyHash: string;
  readonly refreshHash: string;
}

/** @param after the token that it replaces; none: the first of a new family */
export function mintRefreshToken(settings: SecretSettings, after?: string): { secret: string } & RefreshHashes {
  const secret = mintSecret(prefixOf(settings), after === undefined ? "" : familyPart(after, settings));
  return {
    secret,
    familyHash: hashSecret(familyPart(secret, settings), settings.pepper),
    refreshHash: hashSecret(secret, settings.pepper),
  };
}

/**
 * Every hash under which a family, and its good token, may have been kept.
 * @returns undefined for what is no refresh token of this installation
 */
export function hashesOfRefreshToken(
  text: string,
  settings: SecretSettings,
): { readonly family: readonly string[]; readonly refresh: readonly string[] } | undefined {
  if (!isWellFormed(text, prefixOf(settings))) return undefined;
  return {
    family: possibleHashes(familyPart(text, settings), settings.pepper),
    refresh: possibleHashes(text, settings.pepper),
  };
}

function familyPart(secret: string, settings: SecretSettings): string {
  const start = prefixOf(settings).length + 1;
  return secret.slice(start, start + familyLength);
}
