import { z } from "zod";
import { ownerResponseFields } from "./entity.ts";

const accessThroughEveryone = z.object({ by: z.literal("everyone") }).meta({ id: "AccessThroughEveryone" });
const accessThroughUser = z.object({ by: z.literal("user") }).meta({ id: "AccessThroughUser" });
const accessThroughGroup = z
  .object({
    by: z.literal("group"),
    path: z
      .array(
        z
          .object({
            id: z.string(),
            displayName: z.string().optional().describe("Absent while the group is being deleted."),
          })
          .meta({ id: "AccessGroup" }),
      )
      .describe("The shortest path, from the group that has the user as a member to the group that is named."),
  })
  .meta({ id: "AccessThroughGroup" });

/** How an assignment or a policy applies to a user. */
export const accessThrough = z
  .discriminatedUnion("by", [accessThroughEveryone, accessThroughUser, accessThroughGroup])
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
      .describe(
        "`inactive`: the tool is disabled for all users. `not-given`: the server is granted for other tools only.",
      ),
    policy: z.string().optional().describe("Slug of the policy that decides."),
  })
  .meta({ id: "AccessTool" });
export type AccessTool = Readonly<z.output<typeof accessTool>>;

/** Explains whether a user can use a resource, and why. */
export const access = z
  .object({
    id: z.string(),
    slug: z.string(),
    name: z.string(),
    ...ownerResponseFields,
    verdict: z
      .enum(["allowed", "denied", "inactive"])
      .describe(
        "`denied`: a policy denies the resource, whatever grants it. `inactive`: it is granted, but is a draft or disabled.",
      ),
    assignments: z.array(accessThrough).describe("How its assignment applies to the user: at most 20 shortest paths."),
    policies: z
      .array(accessPolicy)
      .describe("The policies that allow or deny the whole resource: at most 20, denials first."),
    tools: z.array(accessTool).optional().describe("The tools of an MCP server that is not denied."),
  })
  .meta({ id: "Access" });
export type AccessExplanation = Readonly<z.output<typeof access>>;

/** The user whose access is explained. For an inactive user, it is the access that activation would restore. */
export const accessUser = z
  .object({ id: z.string(), userName: z.string(), active: z.boolean() })
  .meta({ id: "AccessUser" });
