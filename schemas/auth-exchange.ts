import { z } from "zod";
import { entityFields } from "./entity.ts";

const instant = z.iso.datetime({ precision: 3 });

const renewedFields = z.object({
  access_token: z.string().describe("A personal token of the user. It cannot be read again."),
  token_type: z.literal("Bearer"),
  expires_in: z.int().describe("Lifetime of the access token in seconds."),
  expires_at: instant,
  refresh_token: z.string().describe("Valid for a single refresh. It cannot be read again."),
  refresh_expires_at: instant,
  user: z.object({ id: z.string(), userName: z.string() }).describe("The user as whom the access token acts."),
});

/** The response to the exchange of an external JWT, with the field names of RFC 6749 section 5.1. */
export const exchangedTokens = renewedFields
  .extend({ id_token: z.string().describe("The external JWT of the request, unchanged.") })
  .meta({ id: "ExchangedTokens" });
export type ExchangedTokens = Readonly<z.infer<typeof exchangedTokens>>;

/** The response to a refresh. */
export const renewedTokens = renewedFields.meta({ id: "RenewedTokens" });
export type RenewedTokens = Readonly<z.infer<typeof renewedTokens>>;

export const refreshInput = z
  .strictObject({ refresh_token: z.string().min(1).max(200).describe("The `refresh_token` of the previous response.") })
  .meta({ id: "RefreshInput" });

/**
 * One exchange and all refreshes after it: a family of refresh tokens, of which only the newest is valid, and one access
 * token, whose secret each refresh replaces.
 */
export const refreshTokenFamily = z.object({
  ...entityFields,
  userId: z.string(),
  /** Id of the access token. */
  tokenId: z.string(),
  /** The only credential that can refresh the family: the id of the exchanging token, or the actor type without an id. */
  exchangedBy: z.string(),
  /** Hash of the part that all refresh tokens of the family share. */
  familyHash: z.string(),
  /** Hash of the refresh token that is currently valid. */
  refreshHash: z.string(),
  refreshExpiresAt: instant,
  /** Expiry of the family, however often it is refreshed. */
  expiresAt: instant,
  /** Time at which the family was closed permanently, before its expiry. */
  closedAt: instant.optional(),
});
export type RefreshTokenFamily = Readonly<z.infer<typeof refreshTokenFamily>>;
