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
    scopes: z.array(z.string()).optional().describe("the scopes that would have been enough"),
  })
  .meta({ id: "Problem" });
