import { exchangedTokens, refreshInput, renewedTokens } from "../../../schemas/auth-exchange.ts";
import { AppError } from "../../errors.ts";
import { type Operation, operation } from "../operation.ts";

const scopes = ["connect:exchange-auth"] as const;

const exchange = operation({
  operationId: "exchangeAuth",
  method: "post",
  path: "/auth-exchange",
  tag: "Auth exchange",
  summary: "Exchange an outside identity provider's JWT for a personal token of the user whom it names",
  description: `\`Authorization: Bearer\` is the JWT, \`X-API-Key\` the credential. The JWT is verified against the
organization's \`authExchange\` settings: a signature by a key of its JWKS (named by \`kid\` where several fit), \`iss\`,
\`aud\`, \`exp\`, \`nbf\`. It names a user by \`email\` (as \`x-user-email\` does; \`email_verified: false\` is refused), or
where it has none, by \`sub\` = \`externalId\`.

The access token is good for an hour, reads what the user may use, and writes too if the credential has \`connect:write\`.
It ends at once with the user or the credential. A user has at most 20 such tokens; one more ends the oldest.`,
  takesOutsideToken: true,
  faults: ["invalid-request"],
  organization: {
    scopes,
    answers: { 200: exchangedTokens },
    handle: async ({ caller, outsideToken }, { exchanges }) => {
      if (outsideToken === undefined) {
        throw new AppError(
          "invalid-request",
          "Send the identity provider's JWT as Authorization: Bearer, and the credential as X-API-Key.",
        );
      }
      return { status: 200, body: await exchanges.exchange(caller, outsideToken) };
    },
  },
});

const refresh = operation({
  operationId: "refreshExchangedAuth",
  method: "post",
  path: "/auth-exchange/refresh",
  tag: "Auth exchange",
  summary: "A new access token and the next refresh token, for a refresh token",
  description: `By the credential that made the exchange. A refresh token is good once, for 24 hours; what an exchange has
begun lasts 30 days however often it is refreshed. The access token before stops at once.

A refresh token that is sent a second time ends all that its exchange has begun, the newest tokens too: somebody else
may have it. That holds for the same token sent twice at the same time, so a client must not refresh in parallel.`,
  body: refreshInput,
  organization: {
    scopes,
    answers: { 200: renewedTokens },
    handle: async ({ caller, body }, { exchanges }) => ({
      status: 200,
      body: await exchanges.refresh(caller, body.refresh_token),
    }),
  },
});

export const authExchangeOperations: readonly Operation[] = [exchange, refresh];
