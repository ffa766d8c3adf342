import { z } from "zod";
import { ownerResponseFields } from "./entity.ts";
import { toolRisk } from "./mcp-server.ts";

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

const toolVerdict = z
  .enum(["allowed", "denied", "inactive", "not-given"])
  .describe("`inactive`: the tool is disabled for all users. `not-given`: the server is granted for other tools only.");
const decidingPolicy = z.string().optional().describe("Slug of the policy that decides.");

export const accessTool = z
  .object({ name: z.string(), risk: toolRisk, verdict: toolVerdict, policy: decidingPolicy })
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

const outcome = z.enum(["passed", "failed"]);

/** Why a token cannot be used for what its user can use. */
export const accessTokenObstacle = z.enum(["not-active", "other-user", "scope", "environment", "mcp-server", "risk"]);
export type AccessTokenObstacle = z.output<typeof accessTokenObstacle>;

/** One check of a decision. */
export const accessStep = z
  .discriminatedUnion("check", [
    z.object({ check: z.literal("user"), outcome }).describe("Whether the user is active."),
    z.object({ check: z.literal("owner"), outcome }).describe("The user owns the resource. Nothing else decides."),
    z.object({ check: z.literal("resource"), outcome }).describe("Whether it is neither a draft nor disabled."),
    z
      .object({
        ...{ check: z.literal("grant"), outcome },
        assignments: access.shape.assignments,
        policies: z.array(accessPolicy).describe("The policies that allow it: at most 20."),
      })
      .describe("Whether an assignment or a policy grants the resource."),
    z
      .object({
        ...{ check: z.literal("denial"), outcome },
        policies: z.array(accessPolicy).describe("The policies that deny the whole resource: at most 20."),
      })
      .describe("Failed: a policy denies the resource, whatever grants it."),
    z
      .object({ check: z.literal("tool"), outcome, verdict: toolVerdict, policy: decidingPolicy })
      .describe("Whether the user can use the tool, provided that the server can be used."),
    z
      .object({
        ...{ check: z.literal("token"), outcome },
        obstacles: z
          .array(accessTokenObstacle)
          .describe(
            "`not-active`: the token, or one that it depends on, is not valid. `other-user`: it is a personal token of another user. `scope`: it has no connect scope that suffices: `connect:read`, and `connect:call` for a tool. The others: it is restricted to other environments, MCP servers or risks.",
          ),
      })
      .describe("Whether the token can be used for it."),
  ])
  .meta({ id: "AccessStep" });
export type AccessStep = Readonly<z.output<typeof accessStep>>;

/** Whether a user can use one resource, check by check. */
export const accessDecision = z
  .object({
    user: accessUser,
    resource: z.object({
      kind: z.enum(["mcp-servers", "toolkits", "skills", "commands"]),
      ...{ id: z.string(), slug: z.string(), name: z.string() },
    }),
    tool: z.object({ name: z.string(), risk: toolRisk }).optional(),
    verdict: z.enum(["allowed", "not-allowed"]).describe("`allowed`: every check has passed."),
    steps: z.array(accessStep).describe("All checks in their order, also those after one that has failed."),
  })
  .meta({ id: "AccessDecision" });
