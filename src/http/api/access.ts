import { z } from "zod";
import { access, accessUser } from "../../../schemas/access.ts";
import { namedBy } from "../../domain/people/named.ts";
import { AppError } from "../../errors.ts";
import { type Operation, operation } from "../operation.ts";
import { listQuery, pageAnswer, pageOf } from "./lists.ts";

const kinds = { "mcp-servers": "mcp-server", toolkits: "toolkit", skills: "skill", commands: "command" } as const;

const query = z.object({
  kind: z.enum(["mcp-servers", "toolkits", "skills", "commands"]).describe("of what"),
  ...listQuery,
});

/** Why users can or cannot use things. */
export const accessOperations: readonly Operation[] = [
  operation<typeof query>({
    operationId: "listUserAccess",
    method: "get",
    path: "/users/{id}/access",
    tag: "Users",
    parameters: { id: "id or userName of the user" },
    query,
    summary: "Explains what a user can use, and why",
    description:
      "Lists what is given or denied to the user, and the user's own: with the assignments, groups and policies that decide. What is neither given nor denied is left out. Restrictions of tokens are not considered.",
    faults: ["query-too-expensive"],
    organization: {
      scopes: ["admin:read"],
      answers: { 200: pageOf(access, "AccessList", { user: accessUser }) },
      handle: async ({ caller: { organizationId }, parameter, query }, rooms) => {
        const user = await rooms.users.get(organizationId, namedBy(parameter("id"), "usr"));
        if (!user) throw new AppError("not-found", "There is no such user.");
        const { id, userName, active } = user;
        const { status, body } = await pageAnswer(
          query,
          [organizationId, id, "access", query.kind],
          (page) => rooms.access.explain(organizationId, id, kinds[query.kind], page),
          (explained) => explained,
        );
        return { status, body: { user: { id, userName, active }, ...body } };
      },
    },
  }),
];
