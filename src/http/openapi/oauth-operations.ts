import { accessToken, accessTokenRequest } from "../../../schemas/oauth.ts";
import type { Described } from "./described.ts";

/** What `/oauth` offers, for the document. */
export const oauthOperations: readonly Described[] = [
  {
    operationId: "issueAccessToken",
    method: "post",
    path: "/token",
    tag: "OAuth",
    summary: "An access token of some hours, for a token (RFC 6749 section 4.4)",
    description: `The client's id is the id of a token, its secret the token itself; they are sent as \`Authorization: Basic\` or in the
body. The access token does what the token does or less, as the same user and on the same servers, and ends with it at
once. A token that was got for another one is no client.`,
    body: accessTokenRequest,
    security: [{ clientSecret: [] }, {}],
    refuses: ["invalid-request", "invalid-token", "method-not-allowed", "too-large", "rate-limited", "unavailable"],
    organization: { scopes: [], answers: { 200: accessToken } },
  },
];
