import { z } from "zod";

/** RFC 9457 problem details, as every door but SCIM's refuses. */
export const problem = z
  .object({
    type: z.string().describe("urn:gatehouse:problem: and the fault's name"),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    instance: z.string().describe("names the request in the log"),
    errors: z.array(z.object({ pointer: z.string(), detail: z.string() })).optional(),
    blockers: z
      .array(z.object({ kind: z.string(), id: z.string(), name: z.string() }))
      .optional()
      .describe("what refers to the thing that was to be deleted; the first of them, where they are many"),
    scopes: z.array(z.string()).optional().describe("the scopes that would have been enough"),
    violatedPolicies: z
      .array(z.string())
      .optional()
      .describe("the rate limits that are used up, by the names that RateLimit-Policy gives them"),
  })
  .meta({ id: "Problem" });
