import { issuedTokenResponse, tokenInput, tokenRotation } from "../../../../schemas/token.ts";
import type { User } from "../../../../schemas/user.ts";
import type { IdempotentRequest } from "../../../domain/tokens/idempotency/idempotent-requests.ts";
import { assertScope } from "../../auth/authenticate.ts";
import { defineOperation, type RequestContext } from "../kernel/operation.ts";
import { assertOwnUserId, toNewToken } from "./token-input.ts";
import { toIssuedTokenResponse, tokenRoute, tokensPath } from "./token-response.ts";

const idempotencyText = `With \`Idempotency-Key\`, a client that lost the response can send the request again for 24 hours: a
request with the same key, credential and body returns the same token and secret.`;

export const createTokenOperation = defineOperation({
  operationId: "createToken",
  method: "post",
  path: tokensPath,
  tag: "Tokens",
  body: tokenInput,
  isVersioned: true,
  isIdempotent: true,
  summary: "Create a token",
  description: `Returns the secret of the token. It is not shown again.

A token cannot have more scopes, fewer restrictions or a later expiry than the credential that creates it. Such a
request returns 403 with the field. Without an expiry, the organization's default applies, or else the latest expiry
that is allowed. The user's view creates personal tokens, which act only as that user and stop working when the user is
deactivated.

${idempotencyText}`,
  organization: {
    scopes: ["admin:tokens"],
    responses: { 201: issuedTokenResponse },
    handle: async (context, { tokens }) => {
      const { caller, body } = context;
      return toIssuedTokenResponse(await tokens.issue(caller, toNewToken(body, "admin"), toIdempotent(context)), 201);
    },
  },
  user: {
    scopes: ["connect:write"],
    responses: { 201: issuedTokenResponse },
    handle: async (context, { tokens }) => {
      const { caller, body, user } = context;
      assertOwnUserId(body.userId, user);
      const input = { ...toNewToken(body, "mcp"), userId: user.id };
      return toIssuedTokenResponse(await tokens.issue(caller, input, toIdempotent(context)), 201);
    },
  },
});

export const rotateTokenOperation = defineOperation({
  operationId: "rotateToken",
  method: "post",
  ...tokenRoute,
  path: `${tokenRoute.path}/rotate`,
  body: tokenRotation,
  isBodyOptional: true,
  isIdempotent: true,
  summary: "Rotate a token's secret",
  description: `Returns a new secret for the token. It is not shown again. The id, name, scopes, expiry and allowed IP addresses stay the
same. The previous secret stops working immediately, or after the grace period.

A token can always rotate itself, whatever its scopes; \`whoami\` returns its id. Rotating other tokens requires
\`admin:tokens\`, or \`connect:write\` for the user's own. Only the newest secret can rotate its token. Of two concurrent
rotations, one succeeds and the other returns 409.

${idempotencyText} A token that rotates itself needs a grace period for that, because its previous secret must still be
valid when the request is repeated.`,
  errorCodes: ["conflict"],
  organization: {
    scopes: [],
    responses: { 200: issuedTokenResponse },
    handle: async (context, { tokens }) => {
      const { caller, parameter, body } = context;
      if (!isOwnToken(context)) assertScope(caller, ["admin:tokens"]);
      const idempotent = toIdempotent(context);
      const issued = await tokens.rotate(caller, parameter("id"), body.gracePeriodSeconds, { idempotent });
      return toIssuedTokenResponse(issued, 200);
    },
  },
  user: {
    scopes: [],
    responses: { 200: issuedTokenResponse },
    handle: async (context, { tokens }) => {
      const { caller, parameter, body, user } = context;
      if (!isOwnToken(context)) assertScope(caller, ["connect:write"]);
      return toIssuedTokenResponse(
        await tokens.rotate(caller, parameter("id"), body.gracePeriodSeconds, {
          userId: user.id,
          idempotent: toIdempotent(context),
        }),
        200,
      );
    },
  },
});

function toIdempotent({ idempotency, body, user }: RequestContext<User | undefined>): IdempotentRequest | undefined {
  return idempotency && { ...idempotency, body, userId: user?.id };
}

const isOwnToken = ({ caller: { actor }, parameter }: RequestContext<unknown>): boolean =>
  actor.type === "token" && actor.id === parameter("id");
