import type { Token, TokenFailure } from "../../../schemas/token.ts";
import type { Change, Store } from "../../store/collection.ts";
import { auditEvents, tokens } from "../../store/collections.ts";
import { auditEventOf } from "../audit/record.ts";
import type { Gathering } from "../background.ts";
import type { Presentation } from "../caller.ts";
import { networkOf } from "../ip-address.ts";

/** What was seen of one token between two flushes. */
interface Signals {
  readonly organizationId: string;
  /** By network: the first request from there. */
  readonly networks: Map<string, Presentation>;
  repeated?: Presentation & { readonly cause: TokenFailure };
}

/** Networks of one token that are remembered; beyond them the oldest is forgotten. */
const knownMax = 50;
/** New networks of one token that are told of at one flush. */
const newMax = 20;
/** So many refusals of one token within this time are told of, once. */
const repeatedCount = 10;
const repeatedMs = 600_000;

/**
 * What of a token's use its owner will want to look at, as audit events: a network that it was never used from
 * (`token.new_ip`), and refusals one after another (`token.repeated_failures`). Gathered in memory: no request waits.
 */
export class TokenSignals implements Gathering {
  readonly #store: Store;
  readonly #now: () => number;
  #gathered = new Map<string, Signals>();
  readonly #failures = new Map<string, { count: number; readonly since: number }>();

  constructor(store: Store, now: () => number = Date.now) {
    this.#store = store;
    this.#now = now;
  }

  /** A request with a secret of this token. @param token as it was read for this request */
  note(token: Token, failure: TokenFailure | undefined, presentation: Presentation): void {
    if (failure !== undefined) this.#noteFailure(token, failure, presentation);
    else if (token.origin === "issued") this.#noteNetwork(token, presentation);
  }

  async flush(): Promise<void> {
    for (const [id, { since }] of this.#failures) {
      if (this.#now() - since >= repeatedMs) this.#failures.delete(id);
    }
    const gathered = [...this.#gathered];
    this.#gathered = new Map();
    for (const [at, [id, signals]] of gathered.entries()) {
      try {
        await this.#store.transaction((change) => tell(change, id, signals), { turn: id });
      } catch (error) {
        for (const [left, { organizationId, networks, repeated }] of gathered.slice(at)) {
          const again = this.#signalsOf(left, organizationId);
          for (const [network, first] of networks) again.networks.set(network, first);
          if (repeated) again.repeated = repeated;
        }
        throw error;
      }
    }
  }

  #noteNetwork({ id, organizationId, networks = [] }: Token, presentation: Presentation): void {
    if (networks.includes(presentation.ip)) return;
    const network = networkOf(presentation.ip);
    if (network === "" || networks.includes(network)) return;
    const found = this.#signalsOf(id, organizationId).networks;
    if (found.size < newMax && !found.has(network)) found.set(network, presentation);
  }

  #noteFailure({ id, organizationId }: Token, cause: TokenFailure, presentation: Presentation): void {
    const now = this.#now();
    const known = this.#failures.get(id);
    const run = known && now - known.since < repeatedMs ? known : { count: 0, since: now };
    this.#failures.set(id, run);
    if (++run.count === repeatedCount) this.#signalsOf(id, organizationId).repeated = { ...presentation, cause };
  }

  #signalsOf(id: string, organizationId: string): Signals {
    const known = this.#gathered.get(id);
    if (known) return known;
    const signals: Signals = { organizationId, networks: new Map() };
    this.#gathered.set(id, signals);
    return signals;
  }
}

async function tell(change: Change, id: string, { organizationId, networks, repeated }: Signals): Promise<void> {
  const open = change.for(organizationId).open(tokens);
  const token = await open.get(id);
  if (!token) return;
  const actor = { type: "token", id, name: token.name } as const;
  const target = { type: "token", id };
  const events = change.for(organizationId).open(auditEvents);
  const fresh = [...networks].filter(([network]) => !token.networks?.includes(network));
  if (fresh.length > 0) {
    const known = [...(token.networks ?? []), ...fresh.map(([network]) => network)].slice(-knownMax);
    // Nothing that anybody has made of it is changed, so that its version stays.
    await open.replace({ ...token, networks: known }, token.version);
    // From somewhere a token has to be used first.
    for (const [network, first] of token.networks ? fresh : fresh.slice(1)) {
      const event = { action: "token.new_ip", target, details: { network } };
      await events.insert(auditEventOf(organizationId, { actor, ...first }, "success", event));
    }
  }
  if (repeated) {
    const { cause, ...last } = repeated;
    const details = { cause, count: repeatedCount, seconds: repeatedMs / 1000 };
    const event = { action: "token.repeated_failures", target, details };
    await events.insert(auditEventOf(organizationId, { actor, ...last }, "refused", event));
  }
}
