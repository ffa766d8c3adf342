import { accessToken, accessTokenRequest } from "../../../schemas/oauth.ts";
import type { DocumentedOperation } from "./documented-operation.ts";

/** The operations of `/oauth` for the document. */
export const oauthOperations: readonly DocumentedOperation[] = [
  {
    operationId: "issueAccessToken",
    method: "post",
    path: "/token",
    tag: "OAuth",
    summary: "Issue an access token",
    description: `Issues a short-lived access token by the client credentials grant (RFC 6749 section 4.4). The client id is the id of a
token, and the client secret is the token itself. Send them as \`Authorization: Basic\` or in the body.

The access token has the scopes, user and MCP servers of that token, or fewer. It stops working as soon as that token
is disabled or revoked, or expires. A token that was itself issued here or by an exchange cannot be a client.`,
    body: accessTokenRequest,
    security: [{ clientSecret: [] }, {}],
    exactErrorCodes: [
      "invalid-request",
      "invalid-token",
      "method-not-allowed",
      "too-large",
      "rate-limited",
      "unavailable",
    ],
    organization: { scopes: [], responses: { 200: accessToken } },
  },
];
