import { z } from "zod";
import { assignment, unassigned } from "./assignment.ts";
import { entity, repeatedEntity, shownEntity } from "./entity.ts";
import { description, name, setOf, slug, webAddress } from "./text.ts";

export const tool = z
  .strictObject({
    name: z
      .string()
      .regex(/^[A-Za-z0-9_.-]{1,128}$/, "must be 1 to 128 letters, digits, dots, hyphens and underscores"),
    title: name.optional(),
    description: z.string().max(10_000).optional(),
    inputSchema: z.record(z.string(), z.unknown()).optional().describe("JSON Schema of the arguments"),
    risk: z.enum(["read", "write", "destructive"]).default("write"),
    enabled: z.boolean().default(true).describe("one that is not is hidden from users, whoever they are"),
  })
  .meta({ id: "Tool" });
export type Tool = Readonly<z.output<typeof tool>>;

/** A scope-token of RFC 6749 section 3.3. */
const oauthScope = z
  .string()
  .regex(
    /^[\x21\x23-\x5b\x5d-\x7e]{1,200}$/,
    "must be 1 to 200 visible ASCII characters without quotes and backslashes",
  );

/** How a user proves to the server who it is. */
export const serverAuth = z
  .discriminatedUnion("type", [
    z.strictObject({ type: z.literal("none") }),
    z.strictObject({
      type: z.literal("apiKey"),
      header: z
        .string()
        .regex(/^[A-Za-z0-9-]{1,64}$/, "must be 1 to 64 letters, digits and hyphens")
        .default("Authorization"),
    }),
    z.strictObject({
      type: z.literal("oauth2"),
      authorizationUrl: webAddress,
      tokenUrl: webAddress,
      clientId: z.string().min(1).max(500),
      redirectUri: webAddress.describe("where the authorization server sends the user back to, as registered there"),
      scopes: setOf(oauthScope, 100).default([]),
    }),
  ])
  .meta({ id: "ServerAuth" });

const common = {
  name,
  description: description.optional(),
  status: z.enum(["draft", "active"]).default("draft").describe("a draft is for admins only"),
  environment: slug.optional().describe("tokens can be restricted to one"),
  transport: z.enum(["http", "stdio"]),
  url: webAddress.optional().describe("with transport http"),
  command: z.string().min(1).max(1000).optional().describe("with transport stdio"),
  args: z.array(z.string().max(2000)).max(100).optional().describe("with transport stdio"),
  auth: serverAuth.default({ type: "none" }),
  tools: z
    .array(tool)
    .max(500)
    .refine((list) => new Set(list.map((each) => each.name)).size === list.length, "must not name the same tool twice")
    .default([]),
};
const fields = { ...common, assignment: assignment.default(unassigned) };

/** An MCP server (https://modelcontextprotocol.io) that users may be given. */
export const mcpServer = z.object({ ...entity, slug, ...fields });
export type McpServer = Readonly<z.output<typeof mcpServer>>;

export const mcpServerInput = z
  .strictObject({ ...repeatedEntity, slug, ...fields })
  .superRefine(({ transport, url, command, args }, context) => {
    const wrong = (path: string, message: string): void => context.addIssue({ code: "custom", path: [path], message });
    if (transport === "http" && url === undefined) wrong("url", "is needed with transport http");
    if (transport === "stdio" && command === undefined) wrong("command", "is needed with transport stdio");
    if (transport === "stdio" && url !== undefined) wrong("url", "is for transport http");
    if (transport === "http" && command !== undefined) wrong("command", "is for transport stdio");
    if (transport === "http" && args !== undefined) wrong("args", "is for transport stdio");
  })
  .meta({ id: "McpServerInput" });

export const mcpServerShown = z.object({ ...shownEntity, slug, ...fields }).meta({ id: "McpServer" });

/** As a user sees it: without who else has it, and without the tools that the user may not use. */
export const mcpServerForUser = z.object({ ...shownEntity, slug, ...common }).meta({ id: "UserMcpServer" });
