import type { ServedTool } from "../../domain/mcp/served-tool.ts";
import type { CalledTool, ToolCall } from "../../domain/mcp/tool-calls.ts";
import { toToolDefinition } from "../../domain/mcp/tool-definition.ts";
import { toErrorResult, toValueResult } from "../../domain/mcp/tool-result.ts";
import { searchTools } from "../../domain/mcp/tool-search.ts";
import { isMcpObject, type McpObject } from "../../domain/upstream/upstream-calls.ts";
import { hasErrorCode } from "../../errors.ts";
import type { McpContext, McpServices } from "./context.ts";
import { InvalidParamsError } from "./message.ts";
import { listOwnTools, type OwnTool } from "./own-tools.ts";
import { encodePageKey, readCursor } from "./page.ts";

/** Tools that are listed as themselves. Models choose badly among more, and some clients have a maximum. */
const listedMax = 60;
const [searchLimitDefault, searchLimitMax] = [10, 50];

/**
 * Lists the tools of one request: those within reach or, if there are many, the tools that search them.
 * @param wrapsOutputSchemas whether the protocol has output schemas of objects only, so that the SDK wraps the others
 */
export async function listTools(
  context: McpContext,
  { tools }: McpServices,
  cursor: string | undefined,
  wrapsOutputSchemas: boolean,
): Promise<{ readonly tools: readonly McpObject[]; readonly nextCursor?: string }> {
  const own = listOwnTools(context);
  const searched = { tools: [...own.map(({ definition }) => definition), ...searchToolDefinitions] };
  if (context.mode === "search") return searched;
  const options = { ...readCursor(cursor), ...(context.mode === "auto" && { enough: listedMax }) };
  const page = await tools.listPage(await context.access(), await context.selection(), options);
  if (!page) return searched;
  const last = page.tools.at(-1);
  return {
    tools: toListed(context, cursor === undefined ? own : [], page.tools, wrapsOutputSchemas),
    ...(page.hasMore && last && { nextCursor: encodePageKey(last.wireName) }),
  };
}

function toListed(
  { deferredTools }: McpContext,
  own: readonly OwnTool[],
  served: readonly ServedTool[],
  wrapsOutputSchemas: boolean,
): readonly McpObject[] {
  const isWrapped = wrapsOutputSchemas && served.some((each) => each.hasOtherOutput);
  if (deferredTools && !isWrapped) return deferredTools.defer([...own, ...served]);
  return [...own.map(({ definition }) => definition), ...served.map((each) => each.toDefinition())];
}

/** What the client of a call supports and sends beside the arguments. */
export type CallOptions = Pick<ToolCall, "onProgress" | "elicitation" | "input">;

/**
 * Calls a tool of the service itself, a search tool, or a tool of a server.
 * @throws InvalidParamsError for an unknown tool; AppError unavailable, internal
 */
export async function callTool(
  context: McpContext,
  services: McpServices,
  name: string,
  values: McpObject,
  options: CallOptions,
): Promise<CalledTool> {
  const own = listOwnTools(context).find(({ definition }) => definition.name === name);
  const searchTool = searchToolRuns[name];
  const isServerTool = !own && !searchTool;
  if (context.limitExceeded) {
    if (isServerTool || name === "call_tool") services.calls.recordRateLimited(context.caller, context.user.id);
    return { result: toErrorResult(context.limitExceeded.message) };
  }
  if (isServerTool) return callServerTool(context, services, name, values, options);
  if (own) return { result: await own.run(context, values, services.api) };
  try {
    const result = (await searchTool?.(context, services, values, options)) ?? toErrorResult("Unknown tool.");
    return { result };
  } catch (error) {
    if (error instanceof InvalidParamsError) return { result: toErrorResult(error.message) };
    throw error;
  }
}

async function callServerTool(
  context: McpContext,
  { calls }: McpServices,
  wireName: string,
  values: McpObject,
  options: CallOptions,
): Promise<CalledTool> {
  const { caller, signal, grant, findAuthorization } = context;
  try {
    return await calls.call({
      caller,
      access: await context.access(),
      selection: await context.selection(),
      wireName,
      arguments: values,
      signal,
      ...options,
      grant,
      findAuthorization,
    });
  } catch (error) {
    if (hasErrorCode(error, "not-found")) throw new InvalidParamsError(error.message);
    throw error;
  }
}

type SearchToolRun = (
  context: McpContext,
  services: McpServices,
  values: McpObject,
  options: CallOptions,
) => Promise<CalledTool["result"]>;

const searchToolRuns: Readonly<Record<string, SearchToolRun | undefined>> = Object.assign(Object.create(null), {
  search_tools: async (context, { tools }, values) => {
    const { query = "", limit = searchLimitDefault } = values;
    if (typeof query !== "string") throw new InvalidParamsError("query must be a string.");
    if (!(Number.isInteger(limit) && Number(limit) >= 1 && Number(limit) <= searchLimitMax))
      throw new InvalidParamsError(`limit must be an integer from 1 to ${searchLimitMax}.`);
    const reachable = await tools.listSearchable(await context.access(), await context.selection());
    const found = searchTools(reachable, query, Number(limit));
    return toValueResult({ tools: found, total: reachable.length });
  },
  describe_tool: async (context, { tools }, values) => {
    const name = readName(values);
    const found = await tools.find(await context.access(), await context.selection(), name);
    if (!("wireName" in found)) throw new InvalidParamsError(`Unknown tool: ${name.slice(0, 200)}. Search again.`);
    return toValueResult(toToolDefinition(found.wireName, found.tool));
  },
  call_tool: async (context, services, values, options) => {
    const { arguments: toolArguments = {} } = values;
    if (!isMcpObject(toolArguments)) throw new InvalidParamsError("arguments must be an object.");
    return (await callServerTool(context, services, readName(values), toolArguments, options)).result;
  },
} satisfies Record<string, SearchToolRun>);

function readName({ name }: McpObject): string {
  if (typeof name === "string") return name;
  throw new InvalidParamsError("name must be the name of a tool, as search_tools returns it.");
}

const nameProperty = { type: "string", description: "The name of the tool, as search_tools returns it." };

const searchToolDefinitions: readonly McpObject[] = [
  {
    name: "search_tools",
    title: "Search tools",
    description: "Finds tools by words in their name, title and description. Use it first: the tools are not listed.",
    inputSchema: {
      type: "object",
      properties: {
        query: { type: "string", description: "Words that describe the task." },
        limit: { type: "integer", minimum: 1, maximum: searchLimitMax, default: searchLimitDefault },
      },
      required: ["query"],
    },
    annotations: { readOnlyHint: true, destructiveHint: false },
  },
  {
    name: "describe_tool",
    title: "Describe a tool",
    description: "Returns the description and the schemas of a tool.",
    inputSchema: { type: "object", properties: { name: nameProperty }, required: ["name"] },
    annotations: { readOnlyHint: true, destructiveHint: false },
  },
  {
    name: "call_tool",
    title: "Call a tool",
    description: "Calls a tool. Its arguments must match the input schema that describe_tool returns.",
    inputSchema: {
      type: "object",
      properties: { name: nameProperty, arguments: { type: "object", additionalProperties: true } },
      required: ["name"],
    },
    annotations: { readOnlyHint: false, destructiveHint: true },
  },
];
