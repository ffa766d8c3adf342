import type { UpstreamCall } from "./upstream-calls.ts";
import { UpstreamError } from "./upstream-error.ts";

/** Why a running call is aborted. */
type AbortCause = "timeout" | "canceled" | "stopping";

const timeoutSecondsDefault = 30;

/** The calls in progress. Each has a time limit, and ends with its client and with the service. */
export class RunningCalls {
  readonly #aborts = new Set<(cause: AbortCause) => void>();
  #isStopping = false;

  /**
   * Runs a call with a signal that is aborted when its time is over, its client is gone, or the service stops.
   * @throws UpstreamError that states which it was; and what `work` throws
   */
  async run<R>(call: Pick<UpstreamCall, "server" | "signal">, work: (signal: AbortSignal) => Promise<R>): Promise<R> {
    const { timeoutSeconds = timeoutSecondsDefault } = call.server;
    const controller = new AbortController();
    let cause: AbortCause | undefined;
    const abort = (why: AbortCause): void => {
      cause ??= why;
      controller.abort();
    };
    const cancel = (): void => abort("canceled");
    const timer = setTimeout(() => abort("timeout"), timeoutSeconds * 1000);
    call.signal.addEventListener("abort", cancel, { once: true });
    this.#aborts.add(abort);
    if (call.signal.aborted) cancel();
    if (this.#isStopping) abort("stopping");
    try {
      return await work(controller.signal);
    } catch (error) {
      throw cause === undefined ? error : toError(cause, call.server.slug, timeoutSeconds);
    } finally {
      clearTimeout(timer);
      call.signal.removeEventListener("abort", cancel);
      this.#aborts.delete(abort);
    }
  }

  /** Ends all calls, and every later one. */
  stop(): void {
    this.#isStopping = true;
    for (const abort of this.#aborts) abort("stopping");
  }
}

function toError(cause: AbortCause, slug: string, timeoutSeconds: number): UpstreamError {
  if (cause === "canceled") return new UpstreamError("aborted", `The call of the MCP server ${slug} was canceled.`);
  if (cause === "stopping") {
    return new UpstreamError(
      "stopping",
      `The service is stopping, and has ended the call of the MCP server ${slug}. The tool may have run. Try again in a moment.`,
    );
  }
  return new UpstreamError(
    "timeout",
    `The MCP server ${slug} did not finish its response within ${timeoutSeconds} seconds. The tool may have run. An admin can raise timeoutSeconds of the server to 120.`,
  );
}
