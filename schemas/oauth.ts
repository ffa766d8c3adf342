import { z } from "zod";

/** An access token request of the client credentials grant (RFC 6749 sections 4.4.2 and 2.3.1). */
export const accessTokenRequest = z
  .object({
    grant_type: z.literal("client_credentials"),
    scope: z
      .string()
      .optional()
      .describe("A subset of the client's scopes, separated by spaces. Absent: all scopes of the client."),
    client_id: z.string().optional().describe("Id of the token, unless the Authorization header contains it."),
    client_secret: z.string().optional().describe("The token itself, unless the Authorization header contains it."),
  })
  .meta({ id: "AccessTokenRequest" });

/** A successful response (RFC 6749 section 5.1). */
export const accessToken = z
  .object({
    access_token: z.string().describe("A token of this service. It cannot be read again."),
    token_type: z.literal("Bearer"),
    expires_in: z.int().describe("Lifetime of the access token in seconds."),
    scope: z.string(),
  })
  .meta({ id: "AccessToken" });

/** An error response (RFC 6749 section 5.2; for server errors, the codes of section 4.1.2.1). */
export const oauthError = z
  .object({
    error: z.enum([
      ...["invalid_request", "invalid_client", "unauthorized_client", "unsupported_grant_type", "invalid_scope"],
      ...["server_error", "temporarily_unavailable"],
    ] as const),
    error_description: z.string(),
  })
  .meta({ id: "OAuthError" });
export type OAuthErrorCode = z.output<typeof oauthError>["error"];
