import { z } from "zod";
import { actor } from "./audit-event.ts";
import { scope } from "./token.ts";

/** Who the service takes the caller for. */
export const callerSchema = z
  .object({
    organizationId: z.string(),
    actor,
    scopes: z.array(scope).describe("all scopes that the credential opens, the included ones spelled out"),
    userId: z
      .string()
      .optional()
      .describe("the user whose view it is: named by x-user-email, or whose personal token it is"),
  })
  .meta({ id: "Caller" });
