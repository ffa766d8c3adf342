import { z } from "zod";
import type { Scope } from "../../../schemas/token.ts";
import { toErrorResult, toValueResult } from "../../domain/mcp/tool-result.ts";
import type { McpObject, ToolResult } from "../../domain/upstream/upstream-calls.ts";
import { AppError, hasErrorCode } from "../../errors.ts";
import type { Services } from "../api/kernel/services.ts";
import { createQueryParser, parseBody } from "../api/kernel/validation.ts";
import { apiOperations } from "../api/operations.ts";
import { insufficientScope } from "../auth/authenticate.ts";
import { redactDetail } from "../server/error-mapping.ts";
import type { McpContext } from "./context.ts";

/** A tool of the service itself. It runs an operation of the user's view of `/api`, with the rules of that operation. */
export interface OwnTool {
  readonly definition: McpObject & { readonly name: string };
  /** Of the definition as JSON, in characters. */
  readonly length: number;
  /** Returns the definition as JSON. */
  toText(): string;
  /** The caller needs one of these to see and to call the tool. */
  readonly scopes: readonly Scope[];
  run(context: McpContext, values: McpObject, services: Services): Promise<ToolResult>;
}

/** The part of a request of `/api` that the arguments of a tool become. */
interface OperationInput {
  readonly id?: string;
  readonly query?: McpObject;
  readonly body?: McpObject;
}

interface OwnToolOptions {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly operationId: string;
  readonly properties?: McpObject;
  readonly required?: readonly string[];
  readonly toInput?: (values: McpObject) => OperationInput;
}

function defineOwnTool({
  name,
  title,
  description,
  operationId,
  properties = {},
  required,
  toInput = () => ({}),
}: OwnToolOptions): OwnTool {
  const operation = apiOperations.find((each) => each.operationId === operationId);
  const view = operation?.user;
  if (!operation || !view) throw new Error(`There is no operation ${operationId} in the user's view.`);
  const readQuery = createQueryParser(operation.query ?? z.object({}));
  const isRead = operation.method === "get";
  const definition = {
    name,
    title,
    description,
    inputSchema: { type: "object", properties, ...(required && { required }), additionalProperties: false },
    annotations: { readOnlyHint: isRead, destructiveHint: operation.method === "delete" },
  };
  const text = JSON.stringify(definition);
  return {
    definition,
    length: text.length,
    toText: () => text,
    scopes: view.scopes,
    run: async (context, values, services) => {
      const { caller, user } = context;
      if (!view.scopes.some((scope) => caller.scopes.has(scope))) throw insufficientScope(caller, view.scopes);
      try {
        assertNames(values, properties, required);
        const { id = "", query = {}, body } = toInput(values);
        const { body: value = {} } = await view.handle(
          {
            caller,
            user,
            parameter: () => id,
            query: readQuery(query),
            body: operation.body && parseBody(operation.body, body),
            subjectToken: undefined,
            expected: {},
          },
          services,
        );
        return toValueResult(value as McpObject);
      } catch (error) {
        // The model can correct its arguments. An error of the service is one of the request.
        if (!(error instanceof AppError) || hasErrorCode(error, "internal") || hasErrorCode(error, "unavailable"))
          throw error;
        return toErrorResult(redactDetail(error));
      }
    },
  };
}

function assertNames(values: McpObject, properties: McpObject, required: readonly string[] = []): void {
  const unknown = Object.keys(values).find((name) => !Object.hasOwn(properties, name));
  if (unknown !== undefined) {
    const known = Object.keys(properties);
    const remedy = known.length > 0 ? `The arguments are ${known.join(", ")}.` : "The tool has no arguments.";
    throw new AppError("invalid-value", `Unknown argument ${JSON.stringify(unknown.slice(0, 100))}. ${remedy}`);
  }
  const missing = required.find((name) => values[name] === undefined);
  if (missing !== undefined) throw new AppError("invalid-value", `The argument ${missing} is required.`);
}

const page = {
  limit: { type: "integer", minimum: 1, maximum: 100, description: "Entries per page." },
  cursor: { type: "string", description: "The nextCursor of the previous page." },
};
const slugProperty = {
  type: "string",
  description: "The slug of the toolkit, such as release-notes. It never changes.",
};
const toolkitProperties = {
  name: { type: "string", description: "The display name." },
  description: { type: "string" },
  entries: {
    type: "array",
    description: "The MCP servers of the toolkit with their tools.",
    items: {
      type: "object",
      properties: {
        mcpServer: { type: "string", description: "The slug of the MCP server." },
        tools: {
          type: "array",
          items: { type: "string" },
          description: "Names of tools of the server, without the server. Absent: all tools.",
        },
      },
      required: ["mcpServer"],
    },
  },
  skills: { type: "array", items: { type: "string" }, description: "Slugs of skills." },
  commands: { type: "array", items: { type: "string" }, description: "Slugs of commands." },
};

/** The query of a list operation: the arguments as strings, as they are in a URL. */
const toPageQuery = (values: McpObject): OperationInput => ({
  query: Object.fromEntries(Object.entries(values).map(([name, value]) => [name, String(value)])),
});

/** The tools of the service itself, in the order of lists. */
export const ownTools: readonly OwnTool[] = [
  defineOwnTool({
    name: "whoami",
    title: "Who am I",
    description: "Returns the user, the organization, and the scopes and restrictions of the token.",
    operationId: "whoami",
  }),
  defineOwnTool({
    name: "list_connections",
    title: "List connections",
    description: "Lists the user's connections to MCP servers, with their status.",
    operationId: "listConnections",
    properties: {
      ...page,
      mcpServer: { type: "string", description: "Only connections to the server with this slug." },
    },
    toInput: toPageQuery,
  }),
  defineOwnTool({
    name: "list_toolkits",
    title: "List toolkits",
    description: "Lists the toolkits that the user may use, with the user's own.",
    operationId: "listToolkits",
    properties: page,
    toInput: toPageQuery,
  }),
  defineOwnTool({
    name: "create_toolkit",
    title: "Create a toolkit",
    description: "Creates a toolkit of the user. Its tools are then served at /mcp/toolkits/SLUG.",
    operationId: "createToolkit",
    properties: { slug: slugProperty, ...toolkitProperties },
    required: ["slug", "name"],
    toInput: (body) => ({ body }),
  }),
  defineOwnTool({
    name: "update_toolkit",
    title: "Update a toolkit",
    description: "Changes the named fields of a toolkit of the user. A list replaces the stored list.",
    operationId: "patchToolkit",
    properties: { slug: slugProperty, ...toolkitProperties },
    required: ["slug"],
    toInput: ({ slug, ...body }) => ({ id: String(slug), body }),
  }),
  defineOwnTool({
    name: "delete_toolkit",
    title: "Delete a toolkit",
    description: "Deletes a toolkit of the user.",
    operationId: "deleteToolkit",
    properties: { slug: slugProperty },
    required: ["slug"],
    toInput: ({ slug }) => ({ id: String(slug) }),
  }),
];

/** The tools of the service that a caller sees: those that only read always, the others with `connect:write`. */
export const listOwnTools = ({ caller }: McpContext): readonly OwnTool[] =>
  ownTools.filter(
    ({ definition, scopes }) =>
      (alwaysListed.has(definition.name) || caller.scopes.has("connect:write")) &&
      scopes.some((scope) => caller.scopes.has(scope)),
  );

const alwaysListed = new Set(["whoami", "list_connections"]);
