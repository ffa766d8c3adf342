import type { AuditEvent } from "../../../schemas/audit-event.ts";
import { hasErrorCode } from "../../errors.ts";
import type { Store } from "../../store/store.ts";
import { insertAuditEvent, toAuditEvent } from "../audit/record.ts";
import { type Buffered, BufferedWriter, type BufferState } from "../buffered-writer.ts";
import type { Caller } from "../caller.ts";
import { newId } from "../entity.ts";

/** One call of a tool, for the audit log. */
export interface LoggedToolCall {
  readonly caller: Caller;
  readonly userId: string;
  /** The id of the MCP server; absent if the name names none. */
  readonly serverId?: string | undefined;
  readonly isRejected: boolean;
  /** Server, tool, risk, decision, policy, outcome, duration and size. */
  readonly details: {
    /** The slug of the MCP server; absent if the name names none. */
    readonly server?: string;
    readonly outcome: string;
    readonly durationMs?: number;
    readonly [name: string]: unknown;
  };
  /** Calls with the same key between two writes become one event with a count. Absent: an event of its own. */
  readonly mergeKey?: string;
}

interface BufferedCall {
  readonly event: AuditEvent;
  count: number;
}

/** Calls in memory while the store is unavailable. When it is reached, the oldest are dropped. */
const maxEntries = 10_000;
/**
 * An event that waited longer for its write gets a new id, because readers that follow the log by its ids do not look
 * further back. The time is in milliseconds.
 */
const idMsMax = 30_000;
/** Calls per transaction, which blocks the event loop of the embedded store. */
const batchSize = 200;

/**
 * Records calls of tools as audit events with the action `mcp.tool.called`. Buffered: a call changes nothing in the store,
 * so that it need not wait for a write.
 */
export class ToolCallLog implements Buffered {
  readonly #store: Store;
  readonly #onCall: ((call: LoggedToolCall) => void) | undefined;
  readonly #buffer = new BufferedWriter<string, BufferedCall>({
    batchSize,
    maxEntries,
    merge: (earlier, later) => ({ event: earlier.event, count: earlier.count + later.count }),
    write: (batch) => this.#writeBatch(batch.map(([, call]) => call)),
  });

  /** @param onCall called for each call */
  constructor(store: Store, onCall?: (call: LoggedToolCall) => void) {
    this.#store = store;
    this.#onCall = onCall;
  }

  /** Buffers an event. It is written by the next `flush`. */
  record(call: LoggedToolCall): void {
    const { caller, userId, serverId, isRejected, details, mergeKey } = call;
    this.#onCall?.(call);
    const event = toAuditEvent(caller.organizationId, caller, isRejected ? "refused" : "success", {
      action: "mcp.tool.called",
      ...(serverId !== undefined && { target: { type: "mcp-server", id: serverId } }),
      details: { userId, ...details },
    });
    this.#buffer.record(mergeKey ?? event.id, { event, count: 1 });
  }

  get bufferState(): BufferState {
    return this.#buffer;
  }

  /** Writes the buffered events. Events that could not be written stay buffered. @throws AppError unavailable */
  async flush(): Promise<void> {
    while (this.#buffer.size > 0) await this.#buffer.flush();
  }

  async #writeBatch(calls: readonly BufferedCall[]): Promise<void> {
    await this.#write(calls).catch(async (error: unknown) => {
      if (hasErrorCode(error, "unavailable")) throw error;
      // An event that the store rejects must not block the others indefinitely.
      for (const call of calls)
        await this.#write([call]).catch((each: unknown) => {
          if (hasErrorCode(each, "unavailable")) throw each;
        });
    });
  }

  async #write(calls: readonly BufferedCall[]): Promise<void> {
    await this.#store.transaction(async (transaction) => {
      for (const { event, count } of calls) {
        const counted = count > 1 ? { ...event, details: { ...event.details, count } } : event;
        const isLate = Date.now() - Date.parse(event.createdAt) > idMsMax;
        await insertAuditEvent(transaction, isLate ? { ...counted, id: newId("aud") } : counted);
      }
    });
  }
}
