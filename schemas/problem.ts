import { z } from "zod";

/** RFC 9457 problem details: the error response of every API except SCIM. */
export const problem = z
  .object({
    type: z.string().describe("`urn:gatehouse:problem:` and the error code."),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    instance: z
      .string()
      .optional()
      .describe("Identifies the request in the log. Absent if the request was rejected before it could be read."),
    errors: z.array(z.object({ pointer: z.string(), detail: z.string() })).optional(),
    blockers: z
      .array(z.object({ type: z.string(), id: z.string(), slug: z.string().optional(), name: z.string() }))
      .optional()
      .describe("The resources that reference the resource to delete. If there are many, the first of them."),
    scopes: z.array(z.string()).optional().describe("The scopes that are required for the request."),
    violatedPolicies: z
      .array(z.string())
      .optional()
      .describe("The exceeded rate limits, by their names in the `RateLimit-Policy` header."),
  })
  .meta({ id: "Problem" });
