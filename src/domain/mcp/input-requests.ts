import type { ElicitationMode, McpObject, UpstreamInput, UpstreamOutcome } from "../upstream/upstream-calls.ts";
import type { RequestStateContent, RequestStateSubject, RequestStates } from "./request-state.ts";

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

  constructor(states: RequestStates) {
    this.#states = states;
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
   * @param modes how the client can request input from its user
   * @returns undefined if the call needs none
   * @throws AppError unavailable
   */
  async create(
    subject: RequestStateSubject,
    outcome: UpstreamOutcome,
    modes: readonly ElicitationMode[],
    continued: ContinuedCall | undefined,
  ): Promise<InputRequest | undefined> {
    const seal = (content: RequestStateContent): Promise<string> => this.#states.seal(subject, content);
    if (outcome.kind === "input-required") {
      const { inputRequests, requestState: serverState } = outcome;
      const requestState = await seal({ requester: "server", serverState });
      return { resultType: "input_required", inputRequests, requestState };
    }
    if (outcome.kind !== "fault" || outcome.connectUrl === undefined) return undefined;
    if (!modes.includes("url") || continued?.requester === "service") return undefined;
    const message = `Connect to the MCP server ${subject.server.slug}, then continue.`;
    const params = { mode: "url", message, url: outcome.connectUrl };
    return {
      resultType: "input_required",
      inputRequests: { connect: { method: "elicitation/create", params } },
      requestState: await seal({ requester: "service" }),
    };
  }
}
