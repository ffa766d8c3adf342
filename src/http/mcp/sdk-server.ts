import { CLIENT_CAPABILITIES_META_KEY, ProtocolError, Server, type ServerContext } from "@modelcontextprotocol/server";
import { z } from "zod";
import {
  type ElicitationMode,
  isMcpObject,
  type McpObject,
  type UpstreamProgress,
} from "../../domain/upstream/upstream-calls.ts";
import type { Log } from "../../log.ts";
import { redactDetail, toAppError } from "../server/error-mapping.ts";
import { logServerError } from "../server/problem.ts";
import type { McpContext, McpServices } from "./context.ts";
import { toJsonRpcCode } from "./json-rpc-codes.ts";
import { getPrompt, listPromptsPage, requireCommand } from "./prompts.ts";
import { completeSlug, listMcpResources, readResource, resourceTemplates } from "./resources.ts";
import { getSkill, listSkillsPage, skillsExtension } from "./skills.ts";
import { type CallOptions, callTool, listTools } from "./tools.ts";

/**
 * Creates the protocol server of one request. It declares no `listChanged`: a stream of changes would outlive a revoked
 * token.
 * @param options.version of the service
 */
export function createSdkServer(
  context: McpContext,
  services: McpServices,
  log: Log,
  { version, era }: { readonly version: string; readonly era: ProtocolEra },
): Server {
  const server = new Server(
    { name: "gatehouse", title: "Gatehouse", version },
    {
      capabilities: {
        ...{ tools: {}, prompts: {}, resources: {}, completions: {} },
        extensions: { [skillsExtension]: {} },
      },
      instructions,
      inputRequired: { legacyShim: false },
      cacheHints: Object.fromEntries(cacheableMethods.map((method) => [method, { ttlMs: 0, cacheScope: "private" }])),
    },
  );
  /** Runs a method, and turns its errors into those of the protocol. */
  const run = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw toProtocolError(error, context, log);
    }
  };
  server.setRequestHandler("tools/list", ({ params }) =>
    run(async () => toSdk(await listTools(context, services, params?.cursor, era === "initialize"))),
  );
  server.setRequestHandler("tools/call", ({ params }, extra) =>
    run(async () => {
      const values = params.arguments ?? {};
      const options = toCallOptions(extra, era);
      const { result, outputSchema } = await callTool(context, services, params.name, values, options);
      return "content" in result ? server.projectCallToolResult(toSdk(result), outputSchema) : toSdk(result);
    }),
  );
  server.setRequestHandler("prompts/list", ({ params }) =>
    run(async () => toSdk(await listPromptsPage(context, services, params?.cursor))),
  );
  server.setRequestHandler("prompts/get", ({ params }) =>
    run(async () => toSdk(await getPrompt(context, services, params.name, params.arguments ?? {}))),
  );
  server.setRequestHandler("resources/list", ({ params }) =>
    run(async () => toSdk(await listMcpResources(context, services, params?.cursor))),
  );
  server.setRequestHandler("resources/templates/list", () =>
    run(async () => toSdk({ resourceTemplates: [...resourceTemplates] })),
  );
  server.setRequestHandler("resources/read", ({ params }) =>
    run(async () => toSdk(await readResource(context, services, params.uri))),
  );
  server.setRequestHandler("skills/list", { params: skillsListParams }, ({ cursor }) =>
    run(async () => toSdk(await listSkillsPage(context, services, cursor))),
  );
  server.setRequestHandler("skills/get", { params: skillsGetParams }, ({ uri }) =>
    run(async () => toSdk(await getSkill(context, services, uri))),
  );
  server.setRequestHandler("completion/complete", ({ params: { ref, argument } }) =>
    run(async () => {
      if (ref.type === "ref/prompt") await requireCommand(context, services, ref.name);
      const values =
        ref.type === "ref/resource" ? await completeSlug(context, services, ref.uri, argument) : noCompletions;
      return {
        completion: {
          values: values.slice(0, completionsMax),
          total: values.length,
          hasMore: values.length > completionsMax,
        },
      };
    }),
  );
  return server;
}

const skillsListParams = z.looseObject({ cursor: z.string().optional() });
const skillsGetParams = z.looseObject({ uri: z.string() });

const cacheableMethods = [
  "tools/list",
  "prompts/list",
  "resources/list",
  "resources/templates/list",
  "resources/read",
] as const;

const instructions =
  "Gatehouse serves the tools, prompts and resources that the user may use. A tool named SERVER__TOOL runs on the MCP server with that slug. If the tools are not listed, find them with search_tools and call them with call_tool.";

/** The values of a command's arguments are free text, so that there is nothing to complete. */
const noCompletions: readonly string[] = [];
const completionsMax = 100;

/** The era of the protocol of a request: that of 2026-07-28, or the older one with `initialize`. */
export type ProtocolEra = "stateless" | "initialize";

function toCallOptions(extra: ServerContext, era: ProtocolEra): CallOptions {
  const onProgress = toProgressSender(extra);
  if (era === "initialize") return { onProgress };
  const { envelope, inputResponses, requestState } = extra.mcpReq;
  const state = requestState<string>();
  const isContinued = inputResponses !== undefined || state !== undefined;
  return {
    onProgress,
    elicitation: toElicitationModes(envelope),
    ...(isContinued && { input: { inputResponses, requestState: state } }),
  };
}

/** A client that declares elicitation without a mode can show forms (MCP, elicitation). */
function toElicitationModes(envelope: McpObject = {}): readonly ElicitationMode[] {
  const capabilities = envelope[CLIENT_CAPABILITIES_META_KEY];
  const declared = isMcpObject(capabilities) ? capabilities["elicitation"] : undefined;
  if (!isMcpObject(declared)) return [];
  const modes = (["form", "url"] as const).filter((mode) => mode in declared);
  return modes.length > 0 ? modes : ["form"];
}

/** Sends progress to the client, if it requested progress. */
function toProgressSender({ mcpReq }: ServerContext): ((progress: UpstreamProgress) => void) | undefined {
  const progressToken = mcpReq._meta?.progressToken;
  if (progressToken === undefined) return undefined;
  let sent = 0;
  return (progress) => {
    if (++sent > progressMax) return;
    // The client may be gone, which ends the call as well.
    mcpReq.notify({ method: "notifications/progress", params: { progressToken, ...progress } }).catch(() => {});
  };
}

/** Notifications per call: a server that never stops must not fill the memory for a client that reads slowly. */
const progressMax = 1000;

function toProtocolError(error: unknown, { requestId }: McpContext, log: Log): ProtocolError {
  const appError = toAppError(error);
  logServerError(log, requestId, appError);
  const { retryAfterSeconds } = appError.details;
  return new ProtocolError(toJsonRpcCode(error, appError), redactDetail(appError), {
    code: appError.code,
    requestId,
    ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
  });
}

/** The SDK checks the value against the schema of the protocol before it sends it. */
// biome-ignore lint/suspicious/noExplicitAny: the SDK's types are mutable, and narrower than what it accepts
const toSdk = (value: object): any => value;
