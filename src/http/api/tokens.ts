import { z } from "zod";
import {
  token,
  tokenInput,
  tokenIssued,
  tokenPatch,
  tokenReport,
  tokenRotation,
  tokenShown,
  tokenType,
} from "../../../schemas/token.ts";
import type { User } from "../../../schemas/user.ts";
import type { Caller } from "../../domain/caller.ts";
import type { TokenFilter } from "../../domain/tokens/token-filter.ts";
import { AppError } from "../../errors.ts";
import { assertScope } from "../authenticate.ts";
import { type Asked, type Operation, operation } from "../operation.ts";
import { dateOf, listQuery, pageAnswer, pageOf, timeParameter } from "./lists.ts";
import type { Rooms } from "./rooms.ts";
import { answerOf, issued, tokensPath as path, shown } from "./token-answer.ts";
import { revisionFrom, wantedFrom } from "./token-terms.ts";

const tag = "Tokens";
const one = { path: `${path}/{id}`, tag, parameters: { id: "id of the token" } } as const;
const force = {
  force: z.boolean().default(false).describe("even the organization's last token that may do everything"),
};

const filters = z.object({
  ...listQuery,
  status: tokenShown.shape.status.optional(),
  type: tokenType.optional(),
  userId: z.string().max(100).optional().describe("id of the user as whom they act"),
  origin: token.shape.origin
    .default("issued")
    .describe("those that were asked for, or got by an exchange or by OAuth client credentials"),
  expiresBefore: timeParameter("that end before this time and have not ended"),
  unusedSince: timeParameter("that nobody has used since this time"),
});

const list = operation({
  operationId: "listTokens",
  method: "get",
  path,
  tag,
  query: filters,
  summary: "Lists tokens in the order in which they were made",
  description: "Those that were asked for, unless `origin` says otherwise. A user is shown the own personal tokens.",
  faults: ["query-too-expensive"],
  organization: {
    scopes: ["admin:tokens"],
    answers: { 200: pageOf(tokenShown, "TokenList") },
    handle: ({ caller, query }, rooms) => listed(caller, query, rooms),
  },
  user: {
    scopes: ["connect:read"],
    answers: { 200: pageOf(tokenShown, "TokenList") },
    handle: ({ caller, query, user }, rooms) => {
      assertOwn(query.userId, user);
      return listed(caller, { ...query, userId: user.id }, rooms);
    },
  },
});

const create = operation({
  operationId: "createToken",
  method: "post",
  path,
  tag,
  body: tokenInput,
  isVersioned: true,
  summary: "Makes a token, and shows its secret this once",
  description: `Nothing that is made can do more, reach further or live longer than the credential that makes it: that
is 403 with the field. Where nothing is said of its end, it is the organization's default, else the latest that is
allowed. Users make personal tokens, which act as them alone and end with them.`,
  organization: {
    scopes: ["admin:tokens"],
    answers: { 201: tokenIssued },
    handle: async ({ caller, body }, { tokens }) => issued(await tokens.issue(caller, wantedFrom(body, "admin")), 201),
  },
  user: {
    scopes: ["connect:write"],
    answers: { 201: tokenIssued },
    handle: async ({ caller, body, user }, { tokens }) => {
      assertOwn(body.userId, user);
      return issued(await tokens.issue(caller, { ...wantedFrom(body, "mcp"), userId: user.id }), 201);
    },
  },
});

const get = operation({
  operationId: "getToken",
  method: "get",
  ...one,
  isVersioned: true,
  summary: "One token, without its secret",
  organization: {
    scopes: ["admin:tokens"],
    answers: { 200: tokenShown },
    handle: async ({ caller, parameter }, { tokens }) =>
      answerOf(await tokens.get(caller.organizationId, parameter("id"))),
  },
  user: {
    scopes: ["connect:read"],
    answers: { 200: tokenShown },
    handle: async ({ caller, parameter, user }, { tokens }) =>
      answerOf(await tokens.get(caller.organizationId, parameter("id"), { userId: user.id })),
  },
});

const patch = operation({
  operationId: "patchToken",
  method: "patch",
  ...one,
  isVersioned: true,
  query: z.object(force),
  body: tokenPatch,
  summary: "Changes what may change of a token: name, description, end, addresses, and whether it is enabled",
  description: "Its scopes can become fewer and never more. Null takes a field away.",
  faults: ["conflict", "last-all-token"],
  organization: {
    scopes: ["admin:tokens"],
    answers: { 200: tokenShown },
    handle: async ({ caller, parameter, expected, body, query }, { tokens }) =>
      answerOf(await tokens.update(caller, parameter("id"), expected, revisionFrom(body), query)),
  },
  user: {
    scopes: ["connect:write"],
    answers: { 200: tokenShown },
    handle: async ({ caller, parameter, expected, body, user }, { tokens }) =>
      answerOf(await tokens.update(caller, parameter("id"), expected, revisionFrom(body), { userId: user.id })),
  },
});

const revoke = operation({
  operationId: "revokeToken",
  method: "delete",
  ...one,
  isVersioned: true,
  query: z.object(force),
  summary: "Revokes a token: at once, and for good",
  description: "It stays listed, as revoked. Revoking it again changes nothing.",
  faults: ["last-all-token"],
  organization: {
    scopes: ["admin:tokens"],
    answers: { 204: null },
    handle: async ({ caller, parameter, expected, query }, { tokens }) => {
      const keepLastAll = !query.force;
      await tokens.revoke(caller.organizationId, caller, parameter("id"), { expected, keepLastAll });
      return { status: 204 };
    },
  },
  user: {
    scopes: ["connect:write"],
    answers: { 204: null },
    handle: async ({ caller, parameter, expected, user }, { tokens }) => {
      await tokens.revoke(caller.organizationId, caller, parameter("id"), { expected, userId: user.id });
      return { status: 204 };
    },
  },
});

const rotate = operation({
  operationId: "rotateToken",
  method: "post",
  path: `${one.path}/rotate`,
  tag,
  parameters: one.parameters,
  body: tokenRotation,
  isBodyOptional: true,
  summary: "Gives a token another secret, and shows it this once",
  description: `Every token can rotate itself, whatever its scopes (\`whoami\` tells its id); others need \`admin:tokens\`, or
are a user's own. Id, name, scopes, end and addresses stay. The secret before stops at once or after the grace period;
only the newest one rotates. Of two rotations at the same time one wins, and the other is 409.`,
  faults: ["conflict"],
  organization: {
    scopes: [],
    answers: { 200: tokenIssued },
    handle: async (asked, { tokens }) => {
      const { caller, parameter, body } = asked;
      if (!isItself(asked)) assertScope(caller, ["admin:tokens"]);
      return issued(await tokens.rotate(caller, parameter("id"), body.gracePeriodSeconds), 200);
    },
  },
  user: {
    scopes: [],
    answers: { 200: tokenIssued },
    handle: async (asked, { tokens }) => {
      const { caller, parameter, body, user } = asked;
      if (!isItself(asked)) assertScope(caller, ["connect:write"]);
      return issued(await tokens.rotate(caller, parameter("id"), body.gracePeriodSeconds, { userId: user.id }), 200);
    },
  },
});

const report = operation({
  operationId: "reportToken",
  method: "post",
  path: `${path}/report`,
  tag,
  body: tokenReport,
  summary: "Tells of a token that lies open somewhere: it is revoked at once",
  description: `For secret scanners and finders; no credential is needed. The answer is always the same, whatever was
found. If it opens something, that ends at once, and the organization's audit log says so (\`token.report\`).`,
  anyone: {
    answers: { 204: null },
    handle: async ({ body, ...presentation }, { tokenReports }) => {
      await tokenReports.report(body.token, body.url, presentation);
      return { status: 204 };
    },
  },
});

/** Tokens: an organisation's, and the personal ones of each user. */
export const tokenOperations: readonly Operation[] = [list, create, get, patch, revoke, rotate, report];

const isItself = ({ caller: { actor }, parameter }: Asked<unknown>): boolean =>
  actor.type === "token" && actor.id === parameter("id");

function listed(
  { organizationId }: Caller,
  query: z.output<typeof filters>,
  { tokens }: Rooms,
): ReturnType<typeof pageAnswer> {
  const { limit: _, cursor: _c, expiresBefore, unusedSince, ...exact } = query;
  const filter: TokenFilter = { ...exact, expiresBefore: dateOf(expiresBefore), unusedSince: dateOf(unusedSince) };
  return pageAnswer(
    query,
    [organizationId, path, filter],
    (page) => tokens.list(organizationId, page, filter),
    (found) => found.map(shown),
  );
}

/** @throws AppError invalid-value */
function assertOwn(userId: string | undefined, { id }: User): void {
  if (userId === undefined || userId === id) return;
  throw new AppError("invalid-value", "userId is the user whose view this is; leave it out.", { field: "userId" });
}
