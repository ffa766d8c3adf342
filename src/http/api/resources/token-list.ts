import { z } from "zod";
import { labelFilter } from "../../../../schemas/labels.ts";
import { token, tokenResponse, tokenType } from "../../../../schemas/token.ts";
import type { Caller } from "../../../domain/caller.ts";
import type { TokenFilter } from "../../../domain/tokens/token-filter.ts";
import { buildPageResponse, pageParameters, timestampParameter, toDate, toPageSchema } from "../kernel/lists.ts";
import { defineOperation } from "../kernel/operation.ts";
import { creationOrderText } from "../kernel/operation-texts.ts";
import type { Services } from "../kernel/services.ts";
import { assertOwnUserId } from "./token-input.ts";
import { renderToken, tokensPath } from "./token-response.ts";
import { tokenSearchParameters } from "./token-search.ts";

const tokenListQuery = z.object({
  ...pageParameters,
  status: tokenResponse.shape.status.optional().describe("The status of the tokens."),
  type: tokenType.optional().describe("The type of the tokens."),
  label: labelFilter,
  userId: z.string().max(100).optional().describe("The id of the user whom the tokens act as."),
  ...tokenSearchParameters,
  origin: token.shape.origin
    .default("issued")
    .describe(
      "How the tokens were issued: created by an administrator or user, or issued by an exchange or by OAuth client credentials.",
    ),
  expiresBefore: timestampParameter("Only tokens that expire before this time and have not expired yet."),
  unusedSince: timestampParameter("Only tokens that have not been used since this time."),
});

export const listTokensOperation = defineOperation({
  operationId: "listTokens",
  method: "get",
  path: tokensPath,
  tag: "Tokens",
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
    [organizationId, tokensPath, filter],
    (page) => tokens.list(organizationId, page, filter),
    (items) => items.map(renderToken),
  );
}
