import { z } from "zod";
import { tokenLookup, tokenPatch, tokenResponse } from "../../../../schemas/token.ts";
import { withDryRun } from "../kernel/dry-run.ts";
import { defineOperation, type Operation } from "../kernel/operation.ts";
import { toTokenUpdate } from "./token-input.ts";
import { createTokenOperation, rotateTokenOperation } from "./token-issuance.ts";
import { listTokensOperation } from "./token-list.ts";
import { tokenRoute, tokensPath, toTokenResponse } from "./token-response.ts";

const forceParameter = {
  force: z
    .boolean()
    .default(false)
    .describe("Allows the request even for the organization's last active token with the scope `all`."),
};

const get = defineOperation({
  operationId: "getToken",
  method: "get",
  ...tokenRoute,
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
  ...tokenRoute,
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
  ...tokenRoute,
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

const lookUp = defineOperation({
  operationId: "lookUpToken",
  method: "post",
  path: `${tokensPath}/lookup`,
  tag: tokenRoute.tag,
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

/** The operations on the tokens of an organization, and on the personal tokens of a user. */
export const tokenOperations: readonly Operation[] = [
  listTokensOperation,
  withDryRun(createTokenOperation, "token"),
  lookUp,
  get,
  withDryRun(patch),
  withDryRun(revoke),
  withDryRun(rotateTokenOperation, "token"),
];
