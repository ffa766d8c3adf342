import type { McpServer } from "../../../schemas/mcp-server.ts";
import type { EffectiveAccess } from "../access/effective-access.ts";
import type { Caller } from "../caller.ts";
import type { ElicitationMode, McpObject, UpstreamInput, UpstreamOutcome } from "../upstream/upstream-calls.ts";
import type { RequestStateContent, RequestStateSubject, RequestStates } from "./request-state.ts";

/** The call that waits for the user. */
interface WaitingCall {
  readonly caller: Caller;
  readonly access: EffectiveAccess;
  readonly server: McpServer;
  readonly subject: RequestStateSubject;
  /** How the client can request input from its user. */
  readonly modes: readonly ElicitationMode[];
  readonly continued: ContinuedCall | undefined;
}

/** Returns the page at which a user connects to a server; undefined if it has none. */
type FindConnectUrl = (caller: Caller, access: EffectiveAccess, server: McpServer) => Promise<string | undefined>;

/** The result of a call that waits for the user (MCP 2026-07-28, `InputRequiredResult`). The client calls again. */
export interface InputRequest extends McpObject {
  readonly resultType: "input_required";
  readonly inputRequests: Readonly<Record<string, McpObject>>;
  readonly requestState: string;
}

/** A call that continues after a request for input. */
interface ContinuedCall {
  readonly requester: RequestStateContent["requester"];
  /** The responses, and the server's own state. */
  readonly input: UpstreamInput;
}

/**
 * Passes requests for input between MCP servers and the users of clients, in both directions, without storing anything. A
 * server receives responses only together with the state of its own request to the same user.
 */
export class InputRequests {
  readonly #states: RequestStates;
  readonly #findConnectUrl: FindConnectUrl | undefined;

  /** @param findConnectUrl absent if users connect to no server with a page */
  constructor(states: RequestStates, findConnectUrl?: FindConnectUrl) {
    this.#states = states;
    this.#findConnectUrl = findConnectUrl;
  }

  /** @returns undefined if the state was not issued for this call, or has expired @throws AppError unavailable */
  async open(
    subject: RequestStateSubject,
    { inputResponses, requestState }: UpstreamInput,
  ): Promise<ContinuedCall | undefined> {
    const content = await this.#states.open(subject, requestState);
    if (!content) return undefined;
    const { requester, serverState } = content;
    return { requester, input: { inputResponses, requestState: serverState } };
  }

  /**
   * Creates the request for input of a call: that of the server, or, for a user who is not connected yet, to open the page
   * at which the user connects. The latter is created once, because the user may have closed the page.
   * @returns undefined if the call needs none
   * @throws AppError unavailable
   */
  async create(call: WaitingCall, outcome: UpstreamOutcome): Promise<InputRequest | undefined> {
    const { caller, access, server, subject, modes, continued } = call;
    const seal = (content: RequestStateContent): Promise<string> => this.#states.seal(subject, content);
    if (outcome.kind === "input-required") {
      const { inputRequests, requestState: serverState } = outcome;
      const requestState = await seal({ requester: "server", serverState });
      return { resultType: "input_required", inputRequests, requestState };
    }
    if (outcome.kind !== "fault" || outcome.cause !== "no-credential") return undefined;
    if (!modes.includes("url") || continued?.requester === "service") return undefined;
    const url = await this.#findConnectUrl?.(caller, access, server);
    if (url === undefined) return undefined;
    const params = { mode: "url", message: `Connect to the MCP server ${server.slug}, then continue.`, url };
    return {
      resultType: "input_required",
      inputRequests: { connect: { method: "elicitation/create", params } },
      requestState: await seal({ requester: "service" }),
    };
  }
}
