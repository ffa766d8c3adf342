import type { Token, TokenFailure } from "../../../../schemas/token.ts";
import { tokens } from "../../../store/collections.ts";
import type { Store } from "../../../store/store.ts";
import { type Buffered, BufferedWriter, type BufferState } from "../../buffered-writer.ts";

interface BufferedUsage {
  readonly organizationId: string;
  requests: number;
  readonly failures: Map<TokenFailure, number>;
  /** Time in milliseconds since 1970 and client address; undefined if no request succeeded. */
  lastUsed: { readonly at: number; readonly ip: string } | undefined;
}

/** The most tokens that one transaction updates. */
const batchSize = 50;

/** Counts requests and failures by token, and records the last use. Buffered in memory: no request waits for a write. */
export class TokenUsage implements Buffered {
  readonly #store: Store;
  readonly #buffer = new BufferedWriter<string, BufferedUsage>({
    batchSize,
    merge: mergeUsage,
    write: (batch) => this.#write(batch),
  });

  constructor(store: Store) {
    this.#store = store;
  }

  /**
   * Records one request with a secret of this token.
   * @param failure why the request was rejected; undefined if it was accepted
   * @param ip the client's address
   */
  record(token: Pick<Token, "id" | "organizationId">, failure: TokenFailure | undefined, ip: string): void {
    const { id, organizationId } = token;
    this.#buffer.record(
      id,
      failure === undefined
        ? { organizationId, requests: 1, failures: new Map(), lastUsed: { at: Date.now(), ip } }
        : { organizationId, requests: 0, failures: new Map([[failure, 1]]), lastUsed: undefined },
    );
  }

  get bufferState(): BufferState {
    return this.#buffer;
  }

  flush(): Promise<void> {
    return this.#buffer.flush();
  }

  async #write(batch: readonly (readonly [string, BufferedUsage])[]): Promise<void> {
    await this.#store.transaction(async (tx) => {
      for (const [id, { organizationId, requests, failures, lastUsed }] of batch) {
        const counts = Object.fromEntries([...failures].map(([failure, count]) => [`failures.${failure}`, count]));
        const failedCount = [...failures.values()].reduce((sum, count) => sum + count, 0);
        await tx
          .for(organizationId)
          .open(tokens)
          .increment(
            id,
            { requestCount: requests, failedCount, ...counts },
            lastUsed === undefined ? {} : { lastUsed: `${new Date(lastUsed.at).toISOString()} ${lastUsed.ip}` },
          );
      }
    });
  }
}

function mergeUsage(earlier: BufferedUsage, { requests, failures, lastUsed }: BufferedUsage): BufferedUsage {
  earlier.requests += requests;
  for (const [failure, count] of failures) earlier.failures.set(failure, (earlier.failures.get(failure) ?? 0) + count);
  if (lastUsed) earlier.lastUsed = lastUsed;
  return earlier;
}
