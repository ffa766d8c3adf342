import { UpstreamError } from "./upstream-error.ts";

const concurrentMax = 32;
const outagesMax = 5;
const pauseMs = 30_000;

/** The server whose calls are limited together. */
export interface LimitedServer {
  /** Identifies the server, with its organization. */
  readonly key: string;
  readonly organizationId: string;
  readonly slug: string;
}

/** The circuit breaker of a server. */
export interface UpstreamCircuit {
  readonly organizationId: string;
  readonly slug: string;
  /** Whether calls fail at once. */
  readonly isOpen: boolean;
}

interface UpstreamState {
  readonly server: LimitedServer;
  running: number;
  /** Consecutive outages. */
  outages: number;
  /** No call is sent before this time. */
  pausedUntil: number;
}

/**
 * The limits of each MCP server: 32 calls at once, and a circuit breaker. After five consecutive outages, calls fail at once
 * for 30 seconds; then one more outage pauses again, and a success ends the series. So a server that does not work
 * occupies nothing, and no server delays the calls of another.
 */
export class UpstreamLimits {
  readonly #states = new Map<string, UpstreamState>();
  readonly #now: () => number;

  /** @param now a monotonic clock in milliseconds */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /**
   * Runs a call within the limits of its server.
   * @throws UpstreamError busy or circuit-open, without a call; and what `work` throws
   */
  async run<R>(server: LimitedServer, work: () => Promise<R>): Promise<R> {
    const { key, slug } = server;
    const state = this.#states.get(key) ?? { server, running: 0, outages: 0, pausedUntil: 0 };
    const pauseLeftMs = state.pausedUntil - this.#now();
    if (pauseLeftMs > 0) {
      throw new UpstreamError(
        "circuit-open",
        `The MCP server ${slug} failed ${outagesMax} times in a row. Calls are sent again in ${Math.ceil(pauseLeftMs / 1000)} seconds.`,
      );
    }
    if (state.running >= concurrentMax) {
      throw new UpstreamError(
        "busy",
        `The MCP server ${slug} is busy: ${concurrentMax} calls are in progress. Try again later.`,
      );
    }
    this.#states.set(key, state);
    state.running++;
    try {
      const result = await work();
      state.outages = 0;
      return result;
    } catch (error) {
      this.#recordError(state, error);
      throw error;
    } finally {
      state.running--;
      if (state.running === 0 && state.outages === 0) this.#states.delete(key);
    }
  }

  /** Returns the circuit breakers of the servers that have calls in progress, or that have failed and not recovered. */
  circuits(): readonly UpstreamCircuit[] {
    const now = this.#now();
    return [...this.#states.values()].map(({ server: { organizationId, slug }, pausedUntil }) => ({
      organizationId,
      slug,
      isOpen: pausedUntil > now,
    }));
  }

  #recordError(state: UpstreamState, error: unknown): void {
    if (!(error instanceof UpstreamError)) return;
    if (!error.isOutage) {
      // A response that concerns the call shows that the server works; a call that was ended here shows nothing.
      if (error.reason !== "aborted" && error.reason !== "stopping") state.outages = 0;
      return;
    }
    state.outages = Math.min(state.outages + 1, outagesMax);
    if (state.outages === outagesMax) state.pausedUntil = this.#now() + pauseMs;
  }
}
