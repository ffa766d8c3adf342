import { z } from "zod";
import { access, accessUser } from "../../../../schemas/access.ts";
import { parseIdOrName } from "../../../domain/directory/id-or-name.ts";
import { AppError } from "../../../errors.ts";
import { buildPageResponse, pageParameters, toPageSchema } from "../kernel/lists.ts";
import { defineOperation, type Operation } from "../kernel/operation.ts";

const kindByPath = { "mcp-servers": "mcp-server", toolkits: "toolkit", skills: "skill", commands: "command" } as const;

const accessQuery = z.object({
  kind: z.enum(["mcp-servers", "toolkits", "skills", "commands"]).describe("The type of resource."),
  ...pageParameters,
});

/** Explains why a user can or cannot use catalog resources. */
export const accessOperations: readonly Operation[] = [
  defineOperation<typeof accessQuery>({
    operationId: "listUserAccess",
    method: "get",
    path: "/users/{id}/access",
    tag: "Users",
    parameters: { id: "The id or userName of the user." },
    query: accessQuery,
    summary: "List a user's access",
    description:
      "Lists the resources that are assigned or denied to the user, and the user's own, each with the assignments, groups and policies that determine the result. Resources that are neither assigned nor denied are omitted. The restrictions of tokens are not considered.",
    errorCodes: ["query-too-expensive"],
    organization: {
      scopes: ["admin:read"],
      responses: { 200: toPageSchema(access, "AccessList", { user: accessUser }) },
      handle: async ({ caller: { organizationId }, parameter, query }, services) => {
        const user = await services.users.get(organizationId, parseIdOrName(parameter("id"), "usr"));
        if (!user) throw new AppError("not-found", "The user was not found.");
        const { id, userName, active } = user;
        const { status, body } = await buildPageResponse(
          query,
          [organizationId, id, "access", query.kind],
          (page) => services.access.explain(organizationId, id, kindByPath[query.kind], page),
          (explanations) => explanations,
        );
        return { status, body: { user: { id, userName, active }, ...body } };
      },
    },
  }),
];
