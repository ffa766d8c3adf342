import { z } from "zod";
import { slug } from "./text.ts";

/** How `/mcp` serves a skill. */
export const servedSkill = z
  .object({
    id: z.string(),
    slug,
    ownerId: z.string().optional(),
    uri: z.string().optional().describe("The URI of the skill in `/mcp`. Absent: the skill is not served."),
    problem: z
      .string()
      .optional()
      .describe("Why the skill is not served: clients would reject it. It says what to change."),
  })
  .meta({ id: "ServedSkill" });
