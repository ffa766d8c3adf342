import type { Store } from "../../store/collection.ts";
import { tokens } from "../../store/collections.ts";
import type { Gathering } from "../background.ts";

interface Use {
  readonly organizationId: string;
  requests: number;
  failed: number;
  /** `<ISO time> <address>`; absent when nothing succeeded. */
  lastUsed: string | undefined;
}

/** Tokens that are written in one transaction. */
const batchMax = 50;

/** Who used which token when, gathered in memory: no request waits for a write. */
export class TokenUsage implements Gathering {
  readonly #store: Store;
  #uses = new Map<string, Use>();

  constructor(store: Store) {
    this.#store = store;
  }

  /** A request with this token: accepted, or refused although the secret was right. */
  note(token: { readonly id: string; readonly organizationId: string }, accepted: boolean, ip: string): void {
    const use = this.#useOf(token.id, token.organizationId);
    if (accepted) {
      use.requests++;
      use.lastUsed = `${new Date().toISOString()} ${ip}`;
    } else use.failed++;
  }

  async flush(): Promise<void> {
    const uses = [...this.#uses];
    this.#uses = new Map();
    for (let from = 0; from < uses.length; from += batchMax) {
      try {
        await this.#write(uses.slice(from, from + batchMax));
      } catch (error) {
        for (const [id, use] of uses.slice(from)) this.#takeBack(id, use);
        throw error;
      }
    }
  }

  #useOf(id: string, organizationId: string): Use {
    const known = this.#uses.get(id);
    if (known) return known;
    const use: Use = { organizationId, requests: 0, failed: 0, lastUsed: undefined };
    this.#uses.set(id, use);
    return use;
  }

  #takeBack(id: string, { organizationId, requests, failed, lastUsed }: Use): void {
    const use = this.#useOf(id, organizationId);
    use.requests += requests;
    use.failed += failed;
    use.lastUsed ??= lastUsed;
  }

  async #write(uses: readonly (readonly [string, Use])[]): Promise<void> {
    await this.#store.transaction(async (change) => {
      for (const [id, { organizationId, requests, failed, lastUsed }] of uses) {
        await change
          .for(organizationId)
          .open(tokens)
          .increment(id, { requestCount: requests, failedCount: failed }, lastUsed === undefined ? {} : { lastUsed });
      }
    });
  }
}
