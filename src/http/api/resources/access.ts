import { z } from "zod";
import { access, accessDecision, accessUser } from "../../../../schemas/access.ts";
import type { User } from "../../../../schemas/user.ts";
import type { AccessDecision } from "../../../domain/access/access-resolver.ts";
import type { Caller } from "../../../domain/caller.ts";
import { parseIdOrName } from "../../../domain/directory/id-or-name.ts";
import { AppError } from "../../../errors.ts";
import { assertScope } from "../../auth/authenticate.ts";
import { buildPageResponse, pageParameters, toPageSchema } from "../kernel/lists.ts";
import { defineOperation, type Operation } from "../kernel/operation.ts";
import type { Services } from "../kernel/services.ts";
import { hypothesisParameters, readHypothesis } from "./access-hypothesis.ts";

/** The kinds of resources whose access is explained, as paths of the API name them. */
export const accessKinds = {
  "mcp-servers": "mcp-server",
  toolkits: "toolkit",
  skills: "skill",
  commands: "command",
} as const;
export const accessKind = z.enum(["mcp-servers", "toolkits", "skills", "commands"]);

const userRoute = { tag: "Users", parameters: { id: "The id or userName of the user." } };
const kind = accessKind.describe("The type of resource.");

const accessQuery = z.object({
  kind,
  name: z
    .string()
    .max(200)
    .optional()
    .describe("Only resources whose name contains this, or whose slug contains it in lower case."),
  ...hypothesisParameters,
  ...pageParameters,
});

/** What a decision is requested for. */
export const decisionParameters = {
  kind,
  resource: z.string().min(1).max(200).describe("The slug, id or exact name of the resource."),
  tool: z.string().min(1).max(200).optional().describe("The name of a tool of the MCP server."),
  tokenId: z
    .string()
    .max(100)
    .optional()
    .describe("The id of a token that would be used. Requires the scope `admin:tokens` too."),
  ...hypothesisParameters,
  assigned: z
    .boolean()
    .default(false)
    .describe("The result is what it would be if the resource was assigned to the user."),
};
const decisionQuery = z.object(decisionParameters);
export type DecisionQuery = z.output<typeof decisionQuery>;

/**
 * Decides about one resource for a user.
 * @throws AppError invalid-value naming the parameter of what does not exist; insufficient-scope; query-too-expensive
 */
export async function decideForQuery(
  services: Services,
  caller: Caller,
  user: User,
  { tokenId, memberOf, withoutPolicy, ...query }: DecisionQuery,
): Promise<AccessDecision> {
  const { organizationId } = caller;
  if (tokenId !== undefined) assertScope(caller, ["admin:tokens"]);
  const token = tokenId === undefined ? undefined : await findToken(services, organizationId, tokenId);
  const hypothesis = await readHypothesis(services, organizationId, { memberOf, withoutPolicy });
  return services.access.decide(organizationId, user, {
    ...{ kind: accessKinds[query.kind], resource: query.resource, tool: query.tool },
    ...{ token, hypothesis, isAssumedAssigned: query.assigned },
  });
}

/** Explains why a user can or cannot use catalog resources. */
export const accessOperations: readonly Operation[] = [
  defineOperation<typeof accessQuery>({
    ...userRoute,
    operationId: "listUserAccess",
    method: "get",
    path: "/users/{id}/access",
    query: accessQuery,
    summary: "List a user's access",
    description:
      "Lists the resources that are assigned or denied to the user, and the user's own, each with the assignments, groups and policies that determine the result. Resources that are neither assigned nor denied are omitted. The restrictions of tokens are not considered. Nothing is written: `memberOf` and `withoutPolicy` only show what a change would cause.",
    errorCodes: ["query-too-expensive"],
    organization: {
      scopes: ["admin:read"],
      responses: { 200: toPageSchema(access, "AccessList", { user: accessUser }) },
      handle: async ({ caller: { organizationId }, parameter, query }, services) => {
        const { id, userName, active } = await requireUserByPath(services, organizationId, parameter("id"));
        const { name, memberOf, withoutPolicy } = query;
        const hypothesis = await readHypothesis(services, organizationId, query);
        const { status, body } = await buildPageResponse(
          query,
          [organizationId, id, "access", query.kind, name, memberOf, withoutPolicy],
          (page) => services.access.explain(organizationId, id, accessKinds[query.kind], page, { name, hypothesis }),
          (explanations) => explanations,
        );
        return { status, body: { user: { id, userName, active }, ...body } };
      },
    },
  }),
  defineOperation<typeof decisionQuery>({
    ...userRoute,
    operationId: "decideUserAccess",
    method: "get",
    path: "/users/{id}/access/decision",
    query: decisionQuery,
    summary: "Explain a user's access to one resource",
    description:
      "Returns whether the user can use a resource, or a tool of an MCP server, with each check: the user, the resource, what grants it, what denies it, the tool, and the token that would be used. Nothing is written: `memberOf`, `withoutPolicy` and `assigned` only show what a change would cause.",
    errorCodes: ["query-too-expensive"],
    organization: {
      scopes: ["admin:read"],
      responses: { 200: accessDecision },
      handle: async ({ caller, parameter, query }, services) => {
        const user = await requireUserByPath(services, caller.organizationId, parameter("id"));
        const { id, userName, active } = user;
        const { resource, tool, isAllowed, steps } = await decideForQuery(services, caller, user, query);
        const body = {
          user: { id, userName, active },
          resource: { kind: query.kind, id: resource.id, slug: resource.slug, name: resource.name },
          ...(tool && { tool: { name: tool.name, risk: tool.risk } }),
          verdict: isAllowed ? "allowed" : "not-allowed",
          steps,
        };
        return { status: 200, body };
      },
    },
  }),
];

/** @throws AppError not-found */
async function requireUserByPath({ users }: Services, organizationId: string, idOrName: string): Promise<User> {
  const user = await users.get(organizationId, parseIdOrName(idOrName, "usr"));
  if (user) return user;
  throw new AppError("not-found", "The user was not found.");
}

/** @throws AppError invalid-value */
async function findToken({ tokens }: Services, organizationId: string, id: string) {
  try {
    return await tokens.get(organizationId, id);
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== "not-found") throw error;
    throw new AppError("invalid-value", "tokenId: no token has this id.", { field: "tokenId" });
  }
}
