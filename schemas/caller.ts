import { z } from "zod";
import { actor } from "./audit-event.ts";
import { toolRisk } from "./mcp-server.ts";
import { scope, tokenType } from "./token.ts";

/** The authenticated caller, as the service sees it. */
export const callerSchema = z
  .object({
    organizationId: z.string(),
    actor,
    scopes: z.array(scope).describe("All scopes that the credential grants, including implied ones."),
    token: z
      .object({
        id: z.string(),
        name: z.string(),
        type: tokenType,
        expiresAt: z.iso.datetime({ precision: 3 }).nullable().describe("Null means that the token does not expire."),
        environment: z.string().optional(),
        mcpServers: z.array(z.string()).optional(),
        maxRisk: toolRisk.optional(),
        allowedIps: z
          .array(z.string())
          .describe("Addresses and CIDR ranges from which the token can be used. Empty means any address."),
      })
      .optional()
      .describe("The presented token. Absent for `AUTH_SECRET`."),
    userId: z
      .string()
      .optional()
      .describe("The user whose view applies: the user of `x-user-email`, or of the personal token."),
  })
  .meta({ id: "Caller" });
