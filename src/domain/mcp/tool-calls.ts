import { AppError } from "../../errors.ts";
import { redactText } from "../../log.ts";
import { isLong, waitForOwnTick } from "../../own-tick.ts";
import type { EffectiveAccess } from "../access/effective-access.ts";
import type { Caller } from "../caller.ts";
import type {
  McpObject,
  ToolResult,
  UpstreamCalls,
  UpstreamOutcome,
  UpstreamProgress,
} from "../upstream/upstream-calls.ts";
import { type ArgumentAudit, toAuditedArguments } from "./audited-arguments.ts";
import type { ToolCallLog } from "./call-log.ts";
import { CallSlots } from "./call-slots.ts";
import { toErrorResult } from "./tool-result.ts";
import type { ToolSelection } from "./tool-selection.ts";
import type { UserTool, UserTools, WithheldTool } from "./user-tools.ts";

/** A call of a tool by its name in `/mcp`. */
export interface ToolCall {
  readonly caller: Caller;
  readonly access: EffectiveAccess;
  readonly selection: ToolSelection;
  readonly wireName: string;
  readonly arguments: McpObject;
  readonly signal: AbortSignal;
  readonly onProgress?: ((progress: UpstreamProgress) => void) | undefined;
  /** Counts the call against the rate limits. @returns why the call is over a limit */
  readonly countCall: () => string | undefined;
  /** Returns the credential for a server that the request itself carries. */
  readonly findAuthorization: (slug: string) => string | undefined;
}

export interface ToolCallsOptions {
  readonly tools: UserTools;
  readonly upstream: UpstreamCalls;
  readonly log: ToolCallLog;
  readonly argumentAudit: ArgumentAudit;
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

  constructor(options: ToolCallsOptions) {
    this.#options = options;
  }

  /**
   * Calls a tool.
   * @returns the result of the server, or a result with `isError` and a text that says what to do
   * @throws AppError not-found, with the same message for a tool that does not exist and for one that is withheld;
   *   unavailable
   */
  async call(call: ToolCall): Promise<ToolResult> {
    const startedAt = performance.now();
    const limitExceeded = call.countCall();
    if (limitExceeded !== undefined) {
      this.#recordRateLimited(call);
      return toErrorResult(limitExceeded);
    }
    const found = await this.#options.tools.find(call.access, call.selection, call.wireName);
    if (!("wireName" in found)) {
      this.#record(call, startedAt, found, { decision: found.decision, outcome: "rejected" });
      throw toolNotFound(call.wireName);
    }
    const rejection = this.#findRejection(call, found);
    if (rejection) {
      this.#record(call, startedAt, found, { decision: rejection.decision, outcome: "rejected" });
      return toErrorResult(rejection.text);
    }
    const release = this.#slots.take(toSlotKey(call.caller, call.access.userId));
    if (!release) {
      this.#record(call, startedAt, found, { decision: "busy", outcome: "rejected" });
      return toErrorResult(
        `${callsAtOnceMax} calls are in progress with this token, which is the maximum. Wait for one of them to finish, then try again.`,
      );
    }
    try {
      const outcome = await this.#options.upstream.call(toUpstreamCall(call, found));
      const { result, description } = readOutcome(outcome);
      const bytes = Buffer.byteLength(JSON.stringify(result));
      if (isLong(bytes)) await waitForOwnTick(); // the checks of the result took as long as its response will
      this.#record(call, startedAt, found, { decision: "allowed", outcome: description, bytes });
      return result;
    } catch (error) {
      this.#record(call, startedAt, found, { decision: "allowed", outcome: "internal" });
      throw error;
    } finally {
      release();
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

  /** Calls over the limit are free to a client, so that they are counted in one event. */
  #recordRateLimited({ caller, access }: ToolCall): void {
    this.#options.log.record({
      caller,
      userId: access.userId,
      isRejected: true,
      details: { decision: "rate-limited", outcome: "rejected" },
      mergeKey: `rate-limited ${caller.organizationId} ${caller.actor.id} ${access.userId}`,
    });
  }
}

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
  { access, arguments: values, signal, onProgress, findAuthorization }: ToolCall,
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
  };
}

function readOutcome(outcome: UpstreamOutcome): { readonly result: ToolResult; readonly description: string } {
  if (outcome.kind === "fault") return { result: toErrorResult(outcome.text), description: outcome.cause };
  const { result } = outcome;
  return { result, description: result.isError === true ? "tool-error" : "success" };
}
