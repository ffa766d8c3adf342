import { z } from "zod";
import { labelFilter } from "../../../../schemas/labels.ts";
import {
  issuedTokenResponse,
  token,
  tokenInput,
  tokenLookup,
  tokenPatch,
  tokenResponse,
  tokenRotation,
  tokenType,
} from "../../../../schemas/token.ts";
import type { User } from "../../../../schemas/user.ts";
import type { Caller } from "../../../domain/caller.ts";
import type { IdempotentRequest } from "../../../domain/tokens/idempotency/idempotent-requests.ts";
import type { TokenFilter } from "../../../domain/tokens/token-filter.ts";
import { AppError } from "../../../errors.ts";
import { assertScope } from "../../auth/authenticate.ts";
import { withDryRun } from "../kernel/dry-run.ts";
import { buildPageResponse, pageParameters, timestampParameter, toDate, toPageSchema } from "../kernel/lists.ts";
import { defineOperation, type Operation, type RequestContext } from "../kernel/operation.ts";
import { creationOrderText } from "../kernel/operation-texts.ts";
import type { Services } from "../kernel/services.ts";
import { toNewToken, toTokenUpdate } from "./token-input.ts";
import { tokensPath as path, renderToken, toIssuedTokenResponse, toTokenResponse } from "./token-response.ts";

const tag = "Tokens";
const itemRoute = { path: `${path}/{id}`, tag, parameters: { id: "The id of the token." } } as const;
const forceParameter = {
  force: z
    .boolean()
    .default(false)
    .describe("Allows the request even for the organization's last active token with the scope `all`."),
};

const idempotencyText = `With \`Idempotency-Key\`, a client that lost the response can send the request again for 24 hours: a
request with the same key, credential and body returns the same token and secret.`;

const tokenListQuery = z.object({
  ...pageParameters,
  status: tokenResponse.shape.status.optional().describe("The status of the tokens."),
  type: tokenType.optional().describe("The type of the tokens."),
  label: labelFilter,
  userId: z.string().max(100).optional().describe("The id of the user whom the tokens act as."),
  origin: token.shape.origin
    .default("issued")
    .describe(
      "How the tokens were issued: created by an administrator or user, or issued by an exchange or by OAuth client credentials.",
    ),
  expiresBefore: timestampParameter("Only tokens that expire before this time and have not expired yet."),
  unusedSince: timestampParameter("Only tokens that have not been used since this time."),
});

const list = defineOperation({
  operationId: "listTokens",
  method: "get",
  path,
  tag,
  query: tokenListQuery,
  summary: "List tokens",
  description: `${creationOrderText} Only tokens with the \`origin\` \`issued\` are listed by default. The user's view lists the user's own personal tokens.`,
  errorCodes: ["query-too-expensive"],
  organization: {
    scopes: ["admin:tokens"],
    responses: { 200: toPageSchema(tokenResponse, "TokenList") },
    handle: ({ caller, query }, services) => buildTokenPage(caller, query, services),
  },
  user: {
    scopes: ["connect:read"],
    responses: { 200: toPageSchema(tokenResponse, "TokenList") },
    handle: ({ caller, query, user }, services) => {
      assertOwnUserId(query.userId, user);
      return buildTokenPage(caller, { ...query, userId: user.id }, services);
    },
  },
});

const create = defineOperation({
  operationId: "createToken",
  method: "post",
  path,
  tag,
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

const get = defineOperation({
  operationId: "getToken",
  method: "get",
  ...itemRoute,
  isVersioned: true,
  summary: "Get a token",
  description: "The response does not contain the secret.",
  organization: {
    scopes: ["admin:tokens"],
    responses: { 200: tokenResponse },
    handle: async ({ caller, parameter }, { tokens }) =>
      toTokenResponse(await tokens.get(caller.organizationId, parameter("id"))),
  },
  user: {
    scopes: ["connect:read"],
    responses: { 200: tokenResponse },
    handle: async ({ caller, parameter, user }, { tokens }) =>
      toTokenResponse(await tokens.get(caller.organizationId, parameter("id"), { userId: user.id })),
  },
});

const patch = defineOperation({
  operationId: "patchToken",
  method: "patch",
  ...itemRoute,
  isVersioned: true,
  query: z.object(forceParameter),
  body: tokenPatch,
  summary: "Update a token",
  description:
    "Changes the name, description, labels, expiry, allowed IP addresses and scopes of a token, or enables or disables it. Scopes can be removed but not added. A field set to null is removed.",
  errorCodes: ["conflict", "last-all-token"],
  organization: {
    scopes: ["admin:tokens"],
    responses: { 200: tokenResponse },
    handle: async ({ caller, parameter, expected, body, query }, { tokens }) =>
      toTokenResponse(await tokens.update(caller, parameter("id"), expected, toTokenUpdate(body), query)),
  },
  user: {
    scopes: ["connect:write"],
    responses: { 200: tokenResponse },
    handle: async ({ caller, parameter, expected, body, user }, { tokens }) =>
      toTokenResponse(await tokens.update(caller, parameter("id"), expected, toTokenUpdate(body), { userId: user.id })),
  },
});

const revoke = defineOperation({
  operationId: "revokeToken",
  method: "delete",
  ...itemRoute,
  isVersioned: true,
  query: z.object(forceParameter),
  summary: "Revoke a token",
  description:
    "Revokes a token immediately and permanently. It remains listed with the status `revoked`. Revoking it again changes nothing.",
  errorCodes: ["last-all-token"],
  organization: {
    scopes: ["admin:tokens"],
    responses: { 204: null },
    handle: async ({ caller, parameter, expected, query }, { tokens }) => {
      const keepLastFullAccess = !query.force;
      await tokens.revoke(caller.organizationId, caller, parameter("id"), {
        expected,
        keepLastFullAccess,
      });
      return { status: 204 };
    },
  },
  user: {
    scopes: ["connect:write"],
    responses: { 204: null },
    handle: async ({ caller, parameter, expected, user }, { tokens }) => {
      await tokens.revoke(caller.organizationId, caller, parameter("id"), { expected, userId: user.id });
      return { status: 204 };
    },
  },
});

const rotate = defineOperation({
  operationId: "rotateToken",
  method: "post",
  path: `${itemRoute.path}/rotate`,
  tag,
  parameters: itemRoute.parameters,
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

/** The operations on the tokens of an organization, and on the personal tokens of a user. */
const lookUp = defineOperation({
  operationId: "lookUpToken",
  method: "post",
  path: `${path}/lookup`,
  tag,
  body: tokenLookup,
  summary: "Find a token by its secret",
  description: `Returns the token of a secret that was found, for example in a configuration, also if it is expired or revoked, or if
the secret was replaced by a rotation and is still recorded. Returns 404 for an unknown secret and for a token of another
organization. To revoke a leaked token without a credential, use \`reportToken\`.`,
  errorCodes: ["not-found"],
  organization: {
    scopes: ["admin:tokens"],
    responses: { 200: tokenResponse },
    handle: async ({ caller: { organizationId }, body }, { tokens, tokenReports }) =>
      toTokenResponse(await tokens.get(organizationId, await tokenReports.findTokenId(organizationId, body.token))),
  },
});

export const tokenOperations: readonly Operation[] = [
  list,
  withDryRun(create, "token"),
  lookUp,
  get,
  withDryRun(patch),
  withDryRun(revoke),
  withDryRun(rotate, "token"),
];

function toIdempotent({ idempotency, body, user }: RequestContext<User | undefined>): IdempotentRequest | undefined {
  return idempotency && { ...idempotency, body, userId: user?.id };
}

const isOwnToken = ({ caller: { actor }, parameter }: RequestContext<unknown>): boolean =>
  actor.type === "token" && actor.id === parameter("id");

function buildTokenPage(
  { organizationId }: Caller,
  query: z.output<typeof tokenListQuery>,
  { tokens }: Services,
): ReturnType<typeof buildPageResponse> {
  const { limit: _, cursor: _c, expiresBefore, unusedSince, ...exactFilters } = query;
  const filter: TokenFilter = {
    ...exactFilters,
    expiresBefore: toDate(expiresBefore),
    unusedSince: toDate(unusedSince),
  };
  return buildPageResponse(
    query,
    [organizationId, path, filter],
    (page) => tokens.list(organizationId, page, filter),
    (items) => items.map(renderToken),
  );
}

/** @throws AppError invalid-value */
function assertOwnUserId(userId: string | undefined, { id }: User): void {
  if (userId === undefined || userId === id) return;
  throw new AppError("invalid-value", "userId must be the id of the acting user. Omit it.", { field: "userId" });
}
