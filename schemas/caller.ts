import { z } from "zod";
import { actor } from "./audit-event.ts";
import { scope, tokenType } from "./token.ts";

/** Who the service takes the caller for. */
export const callerSchema = z
  .object({
    organizationId: z.string(),
    actor,
    scopes: z.array(scope).describe("all scopes that the credential opens, the included ones spelled out"),
    token: z
      .object({
        id: z.string(),
        name: z.string(),
        type: tokenType,
        expiresAt: z.iso.datetime({ precision: 3 }).nullable().describe("null: never"),
        environment: z.string().optional(),
        mcpServers: z.array(z.string()).optional(),
        allowedIps: z.array(z.string()).describe("empty: it can be used from anywhere"),
      })
      .optional()
      .describe("absent for the on-premises secret"),
    userId: z
      .string()
      .optional()
      .describe("the user whose view it is: named by x-user-email, or whose personal token it is"),
  })
  .meta({ id: "Caller" });
