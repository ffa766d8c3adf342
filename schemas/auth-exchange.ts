import { z } from "zod";
import { entity } from "./entity.ts";

const instant = z.iso.datetime({ precision: 3 });

const renewed = z.object({
  access_token: z.string().describe("a personal token of the user; shown this once"),
  token_type: z.literal("Bearer"),
  expires_in: z.int().describe("seconds for which the access token is good"),
  expires_at: instant,
  refresh_token: z.string().describe("good for one refresh; shown this once"),
  refresh_expires_at: instant,
  user: z.object({ id: z.string(), userName: z.string() }).describe("as whom the access token acts"),
});

/** What an outside JWT is exchanged for (the fields of RFC 6749 section 5.1 under their names there). */
export const exchangedTokens = renewed
  .extend({ id_token: z.string().describe("the outside JWT, as it was sent") })
  .meta({ id: "ExchangedTokens" });
export type ExchangedTokens = Readonly<z.infer<typeof exchangedTokens>>;

/** What a refresh token is exchanged for. */
export const renewedTokens = renewed.meta({ id: "RenewedTokens" });
export type RenewedTokens = Readonly<z.infer<typeof renewedTokens>>;

export const refreshInput = z
  .strictObject({ refresh_token: z.string().min(1).max(200).describe("of the answer before") })
  .meta({ id: "RefreshInput" });

/**
 * One exchange and all refreshes after it: a family of refresh tokens, of which the newest alone is good, and the one
 * access token whose secret each refresh replaces.
 */
export const exchange = z.object({
  ...entity,
  userId: z.string(),
  /** The access token's record. */
  tokenId: z.string(),
  /** Who made it, and who alone may refresh it: the id of the exchanging token, or what stands for one that has none. */
  exchangedBy: z.string(),
  /** Hash of the part that all refresh tokens of the family have in common. */
  familyHash: z.string(),
  /** Hash of the refresh token that is good now. */
  refreshHash: z.string(),
  refreshExpiresAt: instant,
  /** The end of the family, however often it is refreshed. */
  expiresAt: instant,
  /** Ended before its time: nothing opens it again. */
  closedAt: instant.optional(),
});
export type Exchange = Readonly<z.infer<typeof exchange>>;
