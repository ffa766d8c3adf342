import type { Token, TokenFailure } from "../../../../schemas/token.ts";
import { tokens } from "../../../store/collections.ts";
import type { Store, Transaction } from "../../../store/store.ts";
import { insertAuditEvent, toAuditEvent } from "../../audit/record.ts";
import { type Buffered, BufferedWriter, type BufferState } from "../../buffered-writer.ts";
import type { RequestSource } from "../../caller.ts";
import { toSubscriberNetwork } from "../../ip-address.ts";

/** The signals of one token between two flushes. */
interface TokenSignalBatch {
  readonly organizationId: string;
  /** New networks, each with the first request from it. */
  readonly networks: ReadonlyMap<string, RequestSource>;
  readonly repeatedFailures?: RequestSource & { readonly cause: TokenFailure };
}

/**
 * The most networks stored for one token. The event of the last one says so, and later networks are not reported: a token
 * with that many has no usual network, and events about it would have no end.
 */
const networksMax = 50;
/** The most new networks of one token that one flush reports. */
const newNetworksMax = 20;
/** This many rejected requests of one token within `failureWindowMs` are reported, once. */
const failureThreshold = 10;
const failureWindowMs = 600_000;

/**
 * Security signals of a token's use, as audit events: use from a network that the token was never used from
 * (`token.new_ip`) and repeated rejections (`token.repeated_failures`). Buffered in memory: no request waits for a
 * write.
 */
export class TokenSignals implements Buffered {
  readonly #store: Store;
  readonly #now: () => number;
  readonly #failures = new Map<string, { count: number; readonly since: number }>();
  /** One token per transaction, because each transaction locks its token. */
  readonly #buffer = new BufferedWriter<string, TokenSignalBatch>({
    batchSize: 1,
    merge: mergeSignals,
    write: async (batch) => {
      for (const [id, signals] of batch) {
        await this.#store.transaction((tx) => writeSignals(tx, id, signals), { lockKey: id });
      }
    },
  });

  /** @param now returns the time in milliseconds since 1970 */
  constructor(store: Store, now: () => number = Date.now) {
    this.#store = store;
    this.#now = now;
  }

  /**
   * Records one request with a secret of this token.
   * @param token as it was read for this request
   * @param failure why the request was rejected; undefined if it was accepted
   */
  record(token: Token, failure: TokenFailure | undefined, source: RequestSource): void {
    if (failure !== undefined) this.#recordFailure(token, failure, source);
    else if (token.origin === "issued") this.#recordNetwork(token, source);
  }

  get bufferState(): BufferState {
    return this.#buffer;
  }

  async flush(): Promise<void> {
    for (const [id, { since }] of this.#failures) {
      if (this.#now() - since >= failureWindowMs) this.#failures.delete(id);
    }
    await this.#buffer.flush();
  }

  #recordNetwork({ id, organizationId, networks = [] }: Token, source: RequestSource): void {
    if (networks.length >= networksMax || networks.includes(source.ip)) return;
    const network = toSubscriberNetwork(source.ip);
    if (network === "" || networks.includes(network)) return;
    this.#buffer.record(id, { organizationId, networks: new Map([[network, source]]) });
  }

  #recordFailure({ id, organizationId }: Token, cause: TokenFailure, source: RequestSource): void {
    const now = this.#now();
    const previous = this.#failures.get(id);
    const streak = previous && now - previous.since < failureWindowMs ? previous : { count: 0, since: now };
    this.#failures.set(id, streak);
    if (++streak.count !== failureThreshold) return;
    this.#buffer.record(id, { organizationId, networks: new Map(), repeatedFailures: { ...source, cause } });
  }
}

function mergeSignals(earlier: TokenSignalBatch, later: TokenSignalBatch): TokenSignalBatch {
  const networks = new Map(earlier.networks);
  for (const [network, source] of later.networks) {
    if (networks.size < newNetworksMax && !networks.has(network)) networks.set(network, source);
  }
  return { ...earlier, ...later, networks };
}

async function writeSignals(
  tx: Transaction,
  id: string,
  { organizationId, networks, repeatedFailures }: TokenSignalBatch,
): Promise<void> {
  const collection = tx.for(organizationId).open(tokens);
  const token = await collection.get(id);
  if (!token) return;
  const actor = { type: "token", id, name: token.name } as const;
  const target = { type: "token", id };
  const knownNetworks = token.networks ?? [];
  const newNetworks = [...networks]
    .filter(([network]) => !knownNetworks.includes(network))
    .slice(0, Math.max(0, networksMax - knownNetworks.length));
  if (newNetworks.length > 0) {
    const allNetworks = [...knownNetworks, ...newNetworks.map(([network]) => network)];
    // The version stays the same, because no client-visible field changes.
    await collection.replace({ ...token, networks: allNetworks }, token.version);
    // The first network of a token is not a signal.
    for (const [network, source] of token.networks ? newNetworks : newNetworks.slice(1)) {
      const isLast = allNetworks.indexOf(network) === networksMax - 1;
      const event = { action: "token.new_ip", target, details: { network, ...(isLast && { isLast }) } } as const;
      await insertAuditEvent(tx, toAuditEvent(organizationId, { actor, ...source }, "success", event));
    }
  }
  if (repeatedFailures) {
    const { cause, ...source } = repeatedFailures;
    const details = { cause, count: failureThreshold, seconds: failureWindowMs / 1000 };
    const event = { action: "token.repeated_failures", target, details } as const;
    await insertAuditEvent(tx, toAuditEvent(organizationId, { actor, ...source }, "refused", event));
  }
}
