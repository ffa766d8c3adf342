import { AppError, hasErrorCode } from "../../errors.ts";
import { redactText } from "../../log.ts";
import { isLong, waitForOwnTick } from "../../own-tick.ts";
import type { EffectiveAccess } from "../access/effective-access.ts";
import type { Caller } from "../caller.ts";
import type {
  ElicitationMode,
  McpObject,
  ToolResult,
  UpstreamCalls,
  UpstreamInput,
  UpstreamProgress,
} from "../upstream/upstream-calls.ts";
import { type ArgumentAudit, toAuditedArguments } from "./audited-arguments.ts";
import { type CallEnd, readOutcome } from "./call-end.ts";
import type { ToolCallLog } from "./call-log.ts";
import { CallMonitor, type RenewableGrant } from "./call-monitor.ts";
import { CallSlots } from "./call-slots.ts";
import type { InputRequest, InputRequests } from "./input-requests.ts";
import { toErrorResult } from "./tool-result.ts";
import type { ToolSelection } from "./tool-selection.ts";
import type { UserTool, UserTools, WithheldTool } from "./user-tools.ts";

/** The result of a call. */
export interface CalledTool {
  readonly result: ToolResult | InputRequest;
  /** The output schema that lists show for the tool. Older protocols wrap results that are no objects by it. */
  readonly outputSchema?: McpObject | undefined;
}

/** A call of a tool by its name in `/mcp`. */
export interface ToolCall {
  readonly caller: Caller;
  readonly access: EffectiveAccess;
  readonly selection: ToolSelection;
  readonly wireName: string;
  readonly arguments: McpObject;
  readonly signal: AbortSignal;
  readonly onProgress?: ((progress: UpstreamProgress) => void) | undefined;
  /** How the client can request input from its user; absent if it cannot. */
  readonly elicitation?: readonly ElicitationMode[] | undefined;
  /** What a client sends that continues a call after a request for input. */
  readonly input?: UpstreamInput | undefined;
  /** Finds out again what the caller may use, while the call runs. */
  readonly grant: RenewableGrant;
  /** Returns the credential for a server that the request itself carries. */
  readonly findAuthorization: (slug: string) => string | undefined;
}

export interface ToolCallsOptions {
  readonly tools: UserTools;
  readonly upstream: UpstreamCalls;
  readonly log: ToolCallLog;
  readonly argumentAudit: ArgumentAudit;
  readonly inputRequests: InputRequests;
}

/** Calls that run at once with one token for one user. */
const callsAtOnceMax = 8;

/**
 * Calls tools on the servers that provide them. The decision is the one of the list, and is repeated here, because what a
 * user may use can have changed since. Every call is recorded.
 */
export class ToolCalls {
  readonly #options: ToolCallsOptions;
  readonly #slots = new CallSlots(callsAtOnceMax);
  readonly #monitor = new CallMonitor();

  constructor(options: ToolCallsOptions) {
    this.#options = options;
  }

  /**
   * Calls a tool.
   * @returns the result of the server, which matches the output schema of the tool; a result with `isError` and a text that
   *   says what to do; or a request for input
   * @throws AppError not-found, with the same message for a tool that does not exist and for one that is withheld;
   *   forbidden if the caller loses the right to the call while it runs; unavailable
   */
  async call(call: ToolCall): Promise<CalledTool> {
    const startedAt = performance.now();
    const found = await this.#options.tools.find(call.access, call.selection, call.wireName);
    if (!("wireName" in found)) {
      this.#record(call, startedAt, found, { decision: found.decision, outcome: "rejected" });
      throw toolNotFound(call.wireName);
    }
    const rejection = this.#findRejection(call, found);
    if (rejection) {
      this.#record(call, startedAt, found, { decision: rejection.decision, outcome: "rejected" });
      return { result: toErrorResult(rejection.text) };
    }
    const release = this.#slots.take(toSlotKey(call.caller, call.access.userId));
    if (!release) {
      this.#record(call, startedAt, found, { decision: "busy", outcome: "rejected" });
      const text = `${callsAtOnceMax} calls are in progress with this token, which is the maximum. Wait for one of them to finish, then try again.`;
      return { result: toErrorResult(text) };
    }
    try {
      const { result, description } = await this.#run(call, found);
      const bytes = Buffer.byteLength(JSON.stringify(result));
      if (isLong(bytes)) await waitForOwnTick(); // the checks of the result took as long as its response will
      this.#record(call, startedAt, found, { decision: "allowed", outcome: description, bytes });
      return { result, outputSchema: found.tool.outputSchema as McpObject | undefined };
    } catch (error) {
      const isWithdrawn = hasErrorCode(error, "forbidden");
      this.#record(call, startedAt, found, {
        ...(isWithdrawn ? { decision: "withdrawn", outcome: "aborted" } : { decision: "allowed", outcome: "internal" }),
      });
      throw error;
    } finally {
      release();
    }
  }

  /** Calls the server, until the client is gone or its user may not call the tool any more. @throws AppError forbidden */
  async #run(call: ToolCall, found: UserTool): Promise<CallEnd> {
    const { upstream, inputRequests } = this.#options;
    const { organizationId, userId } = call.access;
    const subject = { organizationId, userId, server: found.server, tool: found.tool.name };
    const continued = call.input && (await inputRequests.open(subject, call.input));
    if (call.input && !continued) {
      const text = `The response to a request for input has no valid requestState: it belongs to another call or user, or an hour is over. Call ${call.wireName} again without it.`;
      return { result: toErrorResult(text), description: "invalid-state" };
    }
    const controller = new AbortController();
    const abort = (): void => controller.abort();
    call.signal.addEventListener("abort", abort, { once: true });
    if (call.signal.aborted) abort();
    let isWithdrawn = false;
    const stopWatching = this.#monitor.watch({
      grant: call.grant,
      isAllowed: async ({ caller, access, selection }) =>
        caller.scopes.has("connect:call") &&
        "wireName" in (await this.#options.tools.find(access, selection, call.wireName)),
      end: () => {
        isWithdrawn = true;
        abort();
      },
    });
    try {
      const input = continued?.requester === "server" ? continued.input : undefined;
      const outcome = await upstream.call(toUpstreamCall({ ...call, signal: controller.signal, input }, found));
      if (isWithdrawn) throw new AppError("forbidden", withdrawnText);
      const waiting = { ...call, server: found.server, subject, modes: call.elicitation ?? [], continued };
      const request = await inputRequests.create(waiting, outcome);
      return request ? { result: request, description: "input-required" } : readOutcome(outcome, found.tool);
    } finally {
      stopWatching();
      call.signal.removeEventListener("abort", abort);
    }
  }

  #findRejection({ caller }: ToolCall, { server, wireName }: UserTool): RejectedCall | undefined {
    if (!caller.scopes.has("connect:call")) {
      const text = `This token can list tools and cannot call them: it lacks the scope connect:call. Use a token with connect:call to call ${wireName}.`;
      return { decision: "insufficient-scope", text };
    }
    if (server.transport !== "stdio") return undefined;
    const command = [server.command, ...(server.args ?? [])].join(" ");
    return {
      decision: "stdio",
      text: `${server.name} is a stdio server. The service lists it and does not run it. Configure it in your MCP client with this command: ${command}`,
    };
  }

  #record(
    { caller, access, wireName, arguments: values }: ToolCall,
    startedAt: number,
    { server, tool, policy }: UserTool | WithheldTool,
    result: { readonly decision: string; readonly outcome: string; readonly bytes?: number },
  ): void {
    const { log, argumentAudit } = this.#options;
    const audited = toAuditedArguments(values, argumentAudit);
    log.record({
      caller,
      userId: access.userId,
      serverId: server?.id,
      isRejected: result.decision !== "allowed",
      details: {
        ...(server && { server: server.slug }),
        tool: tool?.name ?? toLoggedName(wireName),
        ...(tool && { risk: tool.risk }),
        ...(policy && { policy: policy.slug }),
        ...result,
        durationMs: Math.round((performance.now() - startedAt) * 1000) / 1000,
        ...(audited !== undefined && { arguments: audited }),
      },
    });
  }

  /** Records a call over a rate limit. Such calls are free to a client, so that they are counted in one event. */
  recordRateLimited(caller: Caller, userId: string): void {
    this.#options.log.record({
      caller,
      userId,
      isRejected: true,
      details: { decision: "rate-limited", outcome: "rejected" },
      mergeKey: `rate-limited ${caller.organizationId} ${caller.actor.id} ${userId}`,
    });
  }
}

const withdrawnText =
  "The call was ended: the token or the user is no longer valid, or the user may not use the tool any more. The tool may have run.";

interface RejectedCall {
  readonly decision: "insufficient-scope" | "stdio";
  readonly text: string;
}

/** A name of a tool that is recorded. Longer names name no tool. */
const wireNameLengthMax = 200;

/** The name of a tool that was not found is text of the caller. */
const toLoggedName = (wireName: string): string => redactText(wireName.slice(0, wireNameLengthMax).toWellFormed());

/** The error for a tool that does not exist or that the user may not use. */
const toolNotFound = (wireName: string): AppError =>
  new AppError("not-found", `Unknown tool: ${toLoggedName(wireName)}. List the tools again.`);

/** A derived token shares the slots of its root. Each user has own slots, because one token may act for many users. */
const toSlotKey = ({ token, actor, organizationId }: Caller, userId: string): string =>
  `${token?.rootId ?? actor.id ?? `${actor.type} ${organizationId}`} ${userId}`;

function toUpstreamCall(
  { access, arguments: values, signal, onProgress, elicitation, input, findAuthorization }: ToolCall,
  { server, tool }: UserTool,
): Parameters<UpstreamCalls["call"]>[0] {
  const requestAuthorization = findAuthorization(server.slug);
  return {
    organizationId: access.organizationId,
    userId: access.userId,
    server,
    tool: tool.name,
    arguments: values,
    ...(requestAuthorization !== undefined && { requestAuthorization }),
    signal,
    ...(onProgress && { onProgress }),
    ...(elicitation && { elicitation }),
    ...(input && { input }),
  };
}
