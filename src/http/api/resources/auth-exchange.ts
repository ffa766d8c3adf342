import { exchangedTokens, refreshInput, renewedTokens } from "../../../../schemas/auth-exchange.ts";
import { AppError } from "../../../errors.ts";
import { defineOperation, type Operation } from "../kernel/operation.ts";

const scopes = ["connect:exchange-auth"] as const;

const exchange = defineOperation({
  operationId: "exchangeAuth",
  method: "post",
  path: "/auth-exchange",
  tag: "Auth exchange",
  summary: "Exchange a JWT for a personal access token",
  description: `Exchanges the JWT of an external identity provider for a personal access token and a refresh token of the user whom
the JWT identifies. Send the JWT as \`Authorization: Bearer\` and the credential as \`X-API-Key\`.

The JWT is verified against the organization's \`authExchange\` settings: its signature by a key of the JWKS (selected by
\`kid\` if several match), \`iss\`, \`aud\`, \`exp\` and \`nbf\`. It identifies the user by \`email\`, in the same way as
\`x-user-email\`; a JWT with \`email_verified: false\` is rejected. Without \`email\`, \`sub\` must equal the user's
\`externalId\`.

The access token is valid for one hour. It has \`connect:read\`, and \`connect:write\` if the credential has it. It stops
working as soon as the user is deactivated or the credential stops working. A user can have at most 20 exchanged tokens;
the next exchange revokes the oldest.`,
  takesSubjectToken: true,
  errorCodes: ["invalid-request"],
  organization: {
    scopes,
    responses: { 200: exchangedTokens },
    handle: async ({ caller, subjectToken }, { exchanges }) => {
      if (subjectToken === undefined) {
        throw new AppError(
          "invalid-request",
          "A JWT is required. Send it as Authorization: Bearer, and the credential as X-API-Key.",
        );
      }
      return { status: 200, body: await exchanges.exchange(caller, subjectToken) };
    },
  },
});

const refresh = defineOperation({
  operationId: "refreshExchangedAuth",
  method: "post",
  path: "/auth-exchange/refresh",
  tag: "Auth exchange",
  summary: "Refresh an exchanged access token",
  description: `Returns a new access token and the next refresh token, and revokes the previous access token. Use the same credential
as for the exchange. A refresh token is single-use and valid for 24 hours. All tokens of an exchange expire 30 days
after it, however often they are refreshed.

A refresh token that is used a second time revokes all tokens of its exchange, the newest included, because another
party may have it (RFC 9700 section 4.14.2). This also applies to concurrent requests, so do not refresh in parallel.`,
  body: refreshInput,
  organization: {
    scopes,
    responses: { 200: renewedTokens },
    handle: async ({ caller, body }, { exchanges }) => ({
      status: 200,
      body: await exchanges.refresh(caller, body.refresh_token),
    }),
  },
});

/** The operations that exchange an external identity provider's JWT (RFC 8693) and refresh the issued tokens. */
export const authExchangeOperations: readonly Operation[] = [exchange, refresh];
