import { hasErrorCode } from "../../errors.ts";
import type { EffectiveAccess } from "../access/effective-access.ts";
import type { Caller } from "../caller.ts";
import type { ToolSelection } from "./tool-selection.ts";

/** What a caller may use. */
export interface CallGrant {
  readonly caller: Caller;
  readonly access: EffectiveAccess;
  readonly selection: ToolSelection;
}

/** What the caller of a request may use, and how to find it out again later. */
export interface RenewableGrant {
  /** The same for all requests with the same credential, user and endpoint. */
  readonly key: string;
  /** @returns undefined if the credential or the user is no longer valid @throws AppError not-found; unavailable */
  renew(): Promise<CallGrant | undefined>;
}

/** A call in progress. */
export interface MonitoredCall {
  readonly grant: RenewableGrant;
  /** Whether the call is still allowed. */
  readonly isAllowed: (grant: CallGrant) => Promise<boolean>;
  /** Called when it is not. */
  readonly end: () => void;
}

const intervalMs = 1000;
/** Calls that are checked at once. */
const batchSize = 50;
/** The pause between two rounds is at least this number of times as long as a round, so that checks stay cheap. */
const pauseFactor = 10;

/**
 * Ends calls whose caller has lost the right to them while they run: a revoked, disabled or expired token, a deactivated
 * user, or removed access. Every second it reads from the store what the callers may use now, once for each credential
 * and user, so that a change on any replica is noticed. Calls that are shorter cost nothing.
 */
export class CallMonitor {
  readonly #calls = new Set<MonitoredCall>();
  #timer: NodeJS.Timeout | undefined;
  #isChecking = false;

  /** @returns a function that stops to watch the call */
  watch(call: MonitoredCall): () => void {
    this.#calls.add(call);
    this.#schedule(intervalMs);
    return () => {
      this.#calls.delete(call);
    };
  }

  #schedule(delayMs: number): void {
    if (this.#timer || this.#isChecking || this.#calls.size === 0) return;
    this.#timer = setTimeout(() => void this.#checkAll(), delayMs).unref();
  }

  async #checkAll(): Promise<void> {
    this.#timer = undefined;
    this.#isChecking = true;
    const startedAt = performance.now();
    const renewed = new Map<string, Promise<CallGrant | undefined>>();
    const calls = [...this.#calls];
    for (let at = 0; at < calls.length; at += batchSize)
      await Promise.all(calls.slice(at, at + batchSize).map((call) => this.#check(call, renewed)));
    this.#isChecking = false;
    this.#schedule(Math.max(intervalMs, pauseFactor * (performance.now() - startedAt)));
  }

  async #check(call: MonitoredCall, renewed: Map<string, Promise<CallGrant | undefined>>): Promise<void> {
    if (!this.#calls.has(call)) return;
    const { grant, isAllowed, end } = call;
    try {
      const current = renewed.get(grant.key) ?? grant.renew();
      renewed.set(grant.key, current);
      const found = await current;
      if (found && (await isAllowed(found))) return;
    } catch (error) {
      // The next round finds out. Every call has a time limit of its own.
      if (hasErrorCode(error, "unavailable")) return;
    }
    if (this.#calls.delete(call)) end();
  }
}
