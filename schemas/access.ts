import { z } from "zod";
import { shownOwner } from "./entity.ts";

/** How a user comes to be one of those whom an assignment or a policy names. */
export const accessThrough = z
  .discriminatedUnion("by", [
    z.object({ by: z.literal("everyone") }),
    z.object({ by: z.literal("user") }),
    z.object({
      by: z.literal("group"),
      path: z
        .array(
          z.object({ id: z.string(), displayName: z.string().optional().describe("absent while it is being removed") }),
        )
        .describe("from the group that holds the user up to the one that is named, by the shortest way"),
    }),
  ])
  .meta({ id: "AccessThrough" });
export type AccessThrough = Readonly<z.output<typeof accessThrough>>;

export const accessPolicy = z
  .object({
    id: z.string(),
    slug: z.string(),
    name: z.string(),
    effect: z.enum(["allow", "deny"]),
    through: accessThrough,
  })
  .meta({ id: "AccessPolicy" });
export type AccessPolicy = Readonly<z.output<typeof accessPolicy>>;

export const accessTool = z
  .object({
    name: z.string(),
    verdict: z
      .enum(["allowed", "denied", "inactive", "not-given"])
      .describe("inactive: switched off for everybody; not-given: the server is given for other tools only"),
    policy: z.string().optional().describe("slug of the policy that decides"),
  })
  .meta({ id: "AccessTool" });
export type AccessTool = Readonly<z.output<typeof accessTool>>;

/** What a user can or cannot use, and why. */
export const access = z
  .object({
    id: z.string(),
    slug: z.string(),
    name: z.string(),
    ...shownOwner,
    verdict: z
      .enum(["allowed", "denied", "inactive"])
      .describe("denied: by a policy, whatever gives it; inactive: it would be theirs, but is a draft or switched off"),
    assignments: z.array(accessThrough).describe("how its assignment names the user, the shortest ways; at most 20"),
    policies: z.array(accessPolicy).describe("that give or deny it as a whole, denials first; at most 20"),
    tools: z.array(accessTool).optional().describe("of an MCP server that is not denied"),
  })
  .meta({ id: "Access" });
export type AccessExplained = Readonly<z.output<typeof access>>;

/** Whose access it is. While the user is not active, it is what would be theirs. */
export const accessUser = z
  .object({ id: z.string(), userName: z.string(), active: z.boolean() })
  .meta({ id: "AccessUser" });
