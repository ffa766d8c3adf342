import type { Token, TokenFailure } from "../../../schemas/token.ts";
import type { Store } from "../../store/collection.ts";
import { tokens } from "../../store/collections.ts";
import type { Gathering } from "../background.ts";

interface Use {
  readonly organizationId: string;
  requests: number;
  readonly failures: Map<TokenFailure, number>;
  /** When, in milliseconds since 1970, and from which address; absent when nothing succeeded. */
  lastUsed: { readonly at: number; readonly ip: string } | undefined;
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
  note(token: Pick<Token, "id" | "organizationId">, failure: TokenFailure | undefined, ip: string): void {
    const use = this.#useOf(token.id, token.organizationId);
    if (failure === undefined) {
      use.requests++;
      use.lastUsed = { at: Date.now(), ip };
    } else add(use.failures, failure, 1);
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
    const use: Use = { organizationId, requests: 0, failures: new Map(), lastUsed: undefined };
    this.#uses.set(id, use);
    return use;
  }

  #takeBack(id: string, { organizationId, requests, failures, lastUsed }: Use): void {
    const use = this.#useOf(id, organizationId);
    use.requests += requests;
    for (const [failure, count] of failures) add(use.failures, failure, count);
    use.lastUsed ??= lastUsed;
  }

  async #write(uses: readonly (readonly [string, Use])[]): Promise<void> {
    await this.#store.transaction(async (change) => {
      for (const [id, { organizationId, requests, failures, lastUsed }] of uses) {
        const counts = Object.fromEntries([...failures].map(([failure, count]) => [`failures.${failure}`, count]));
        const failedCount = [...failures.values()].reduce((sum, count) => sum + count, 0);
        await change
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

function add<K>(counts: Map<K, number>, key: K, count: number): void {
  counts.set(key, (counts.get(key) ?? 0) + count);
}
