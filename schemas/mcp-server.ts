import { z } from "zod";
import { assignment, unassigned } from "./assignment.ts";
import { entityFields, entityResponseFields, readOnlyEntityFields } from "./entity.ts";
import { findJsonSchemaIssues } from "./json-schema.ts";
import { labelsField, labelsResponse } from "./labels.ts";
import { description, httpUrl, name, slug, uniqueArray } from "./text.ts";

/** The value is stored as it was sent: a copy by zod would lose a property named `__proto__`. */
const jsonSchema = (rootType: "object" | "any", description: string) =>
  z
    .unknown()
    .superRefine((schema, context) => {
      for (const { path, message } of findJsonSchemaIssues(schema, rootType)) {
        context.addIssue({ code: "custom", path: [...path], message });
      }
    })
    .meta({ type: "object", additionalProperties: true, description });

const toolInputSchema = jsonSchema(
  "object",
  "JSON Schema of the tool's arguments: draft 2020-12, or draft-07 if `$schema` names it. Its root has `type: object`, `$ref` stays within the schema, and it has at most 64 KiB and 64 levels.",
);
const toolOutputSchema = jsonSchema(
  "any",
  "JSON Schema of the tool's structured results, with the bounds of `inputSchema`. Its root can have any type. `/mcp` turns results that do not match into errors, because clients reject them.",
);

/** What a tool does, in ascending order of risk: it reads, changes or destroys data. */
export const toolRisk = z.enum(["read", "write", "destructive"]);
export type ToolRisk = z.infer<typeof toolRisk>;

/** What the server of a tool claims about it (MCP, `ToolAnnotations`). `risk` decides what a token can use. */
const toolAnnotations = z
  .strictObject({
    title: name.optional(),
    readOnlyHint: z.boolean().optional(),
    destructiveHint: z.boolean().optional(),
    idempotentHint: z.boolean().optional(),
    openWorldHint: z.boolean().optional(),
  })
  .meta({ id: "ToolAnnotations" });

export const toolName = z
  .string()
  .regex(/^[A-Za-z0-9_.-]{1,128}$/, "must be 1 to 128 letters, digits, dots, hyphens and underscores");

const toolObject = z
  .strictObject({
    name: toolName,
    title: name.optional(),
    description: z.string().max(10_000).optional(),
    inputSchema: toolInputSchema.optional(),
    outputSchema: toolOutputSchema.optional(),
    annotations: toolAnnotations
      .optional()
      .describe("Hints for clients, as the server of the tool states them. `/mcp` adds those that follow from `risk`."),
    risk: toolRisk
      .default("write")
      .describe("What the tool does. Absent: derived from `annotations`, and `write` without them."),
    enabled: z.boolean().default(true).describe("A disabled tool is hidden from all users."),
  })
  .meta({ id: "Tool" });

/** A tool of an MCP server. Its risk is derived from its annotations where it is not set. */
export const tool = z.preprocess((value) => {
  const { risk, annotations } = Object(value) as { readonly risk?: unknown; readonly annotations?: unknown };
  return risk === undefined && annotations !== undefined ? { ...Object(value), risk: toToolRisk(annotations) } : value;
}, toolObject);
export type Tool = Readonly<z.output<typeof tool>>;

/** Derives the risk of a tool from its annotations. Without them, it may write. */
function toToolRisk(annotations: unknown): ToolRisk {
  const { readOnlyHint, destructiveHint } = Object(annotations) as Readonly<Record<string, unknown>>;
  if (readOnlyHint === true) return "read";
  return destructiveHint === true ? "destructive" : "write";
}

/** A scope-token of RFC 6749 section 3.3. */
const oauthScope = z
  .string()
  .regex(
    /^[\x21\x23-\x5b\x5d-\x7e]{1,200}$/,
    "must be 1 to 200 visible ASCII characters without quotes or backslashes",
  );

const noServerAuth = z.strictObject({ type: z.literal("none") }).meta({ id: "NoServerAuth" });

const apiKeyServerAuth = z
  .strictObject({
    type: z.literal("apiKey"),
    header: z
      .string()
      .regex(/^[A-Za-z0-9-]{1,64}$/, "must be 1 to 64 letters, digits and hyphens")
      .default("Authorization"),
  })
  .meta({ id: "ApiKeyServerAuth" });

const oauth2ServerAuth = z
  .strictObject({
    type: z.literal("oauth2"),
    authorizationUrl: httpUrl,
    tokenUrl: httpUrl,
    revocationUrl: httpUrl
      .optional()
      .describe(
        "The revocation endpoint (RFC 7009), at the origin of `tokenUrl`. When a connection ends, its tokens are revoked there.",
      ),
    issuer: httpUrl
      .optional()
      .describe(
        "The issuer of the authorization server. If it is set, an authorization response must contain it as `iss` (RFC 9207). Otherwise an `iss` in a response must have the origin of `authorizationUrl`.",
      ),
    resource: httpUrl
      .refine((value) => !value.includes("#"), "must have no fragment")
      .optional()
      .describe("The `resource` parameter of the requests to the authorization server (RFC 8707)."),
    clientId: z.string().min(1).max(500),
    clientAuthentication: z
      .enum(["basic", "post"])
      .optional()
      .describe(
        "How the client secret is sent to the token endpoint: as HTTP Basic (absent or `basic`) or in the body (`post`). The secret itself is stored with `PUT /mcp-servers/{id}/client-secret`.",
      ),
    redirectUri: httpUrl
      .optional()
      .describe(
        "The redirect URI of a client that receives the authorization response itself. Absent: this service receives it at `/oauth/callback` below its public URL.",
      ),
    scopes: uniqueArray(oauthScope, 100).default([]),
  })
  .meta({ id: "OAuth2ServerAuth" });

/** How a user authenticates to the MCP server. */
export const serverAuth = z
  .discriminatedUnion("type", [noServerAuth, apiKeyServerAuth, oauth2ServerAuth])
  .meta({ id: "ServerAuth" });

const common = {
  name,
  description: description.optional(),
  status: z.enum(["draft", "active"]).default("draft").describe("A draft is visible to admins only."),
  environment: slug.optional().describe("The server's environment. A token can be restricted to one environment."),
  transport: z.enum(["http", "stdio"]),
  url: httpUrl.optional().describe("Required with transport `http`."),
  timeoutSeconds: z
    .int()
    .min(1)
    .max(120)
    .optional()
    .describe("The time limit of a tool call, in seconds. Absent: 30. Only with transport `http`."),
  command: z.string().min(1).max(1000).optional().describe("Required with transport `stdio`."),
  args: z.array(z.string().max(2000)).max(100).optional().describe("Only with transport `stdio`."),
  auth: serverAuth.default({ type: "none" }),
  tools: z
    .array(tool)
    .max(500)
    .refine(
      (list) => new Set(list.map((each) => each.name)).size === list.length,
      "must not contain duplicate tool names",
    )
    .default([]),
};
const fields = { ...common, assignment: assignment.default(unassigned) };

/** An MCP server (https://modelcontextprotocol.io) that can be assigned to users. */
export const mcpServer = z.object({ ...entityFields, slug, ...labelsField, ...fields });
export type McpServer = Readonly<z.output<typeof mcpServer>>;

export const mcpServerInput = z
  .strictObject({ ...readOnlyEntityFields, slug, ...labelsField, ...fields })
  .superRefine(({ transport, url, timeoutSeconds, command, args, auth }, context) => {
    const addIssue = (path: string, message: string): void =>
      context.addIssue({ code: "custom", path: [path], message });
    if (transport === "http" && url === undefined) addIssue("url", "is required with transport http");
    if (transport === "stdio" && command === undefined) addIssue("command", "is required with transport stdio");
    if (transport === "stdio" && url !== undefined) addIssue("url", "is allowed with transport http only");
    if (transport === "stdio" && timeoutSeconds !== undefined)
      addIssue("timeoutSeconds", "is allowed with transport http only");
    if (transport === "http" && command !== undefined) addIssue("command", "is allowed with transport stdio only");
    if (transport === "http" && args !== undefined) addIssue("args", "is allowed with transport stdio only");
    if (auth.type !== "oauth2" || auth.revocationUrl === undefined || isSameOrigin(auth.revocationUrl, auth.tokenUrl))
      return;
    // The client secret and the tokens are sent to one origin only.
    context.addIssue({ code: "custom", path: ["auth", "revocationUrl"], message: "must have the origin of tokenUrl" });
  })
  .meta({ id: "McpServerInput" });

const isSameOrigin = (...urls: readonly string[]): boolean =>
  urls.every((url) => URL.canParse(url)) && new Set(urls.map((url) => new URL(url).origin)).size === 1;

export const mcpServerResponse = z
  .object({ ...entityResponseFields, slug, ...labelsResponse, ...fields })
  .meta({ id: "McpServer" });

/** An MCP server in a user's view: without its assignment and without the tools that the user cannot use. */
export const userMcpServerResponse = z
  .object({ ...entityResponseFields, slug, ...labelsResponse, ...common })
  .meta({ id: "UserMcpServer" });
