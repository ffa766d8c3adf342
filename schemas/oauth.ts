import { z } from "zod";

/** RFC 6749 sections 4.4.2 and 2.3.1. */
export const accessTokenRequest = z
  .object({
    grant_type: z.literal("client_credentials"),
    scope: z.string().optional().describe("fewer scopes than the client has, with spaces between; absent: all of them"),
    client_id: z.string().optional().describe("id of the token, where Authorization does not name it"),
    client_secret: z.string().optional().describe("the token itself, where it is not in Authorization"),
  })
  .meta({ id: "AccessTokenRequest" });

/** RFC 6749 section 5.1. */
export const accessToken = z
  .object({
    access_token: z.string().describe("a token of this service; shown this once"),
    token_type: z.literal("Bearer"),
    expires_in: z.int().describe("seconds for which it is good"),
    scope: z.string(),
  })
  .meta({ id: "AccessToken" });

/** RFC 6749 section 5.2; for trouble of the service, the codes of section 4.1.2.1. */
export const oauthError = z
  .object({
    error: z.enum([
      ...["invalid_request", "invalid_client", "unauthorized_client", "unsupported_grant_type", "invalid_scope"],
      ...["server_error", "temporarily_unavailable"],
    ] as const),
    error_description: z.string(),
  })
  .meta({ id: "OAuthError" });
export type OAuthCode = z.output<typeof oauthError>["error"];
