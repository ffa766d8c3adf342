import type { Config } from "../config.ts";
import type { RequestQuotas } from "../domain/rate-limit/policies.ts";
import type { Log } from "../log.ts";
import type { ServiceMetrics } from "../metrics/service-metrics.ts";
import type { Store } from "../store/store.ts";
import type { ServiceTraces } from "../traces/service-traces.ts";

/** What every part of the application is created with. */
export interface AppContext {
  /** Its audit events reach webhooks and the audit lines. */
  readonly store: Store;
  /** The same store without that, for changes that are rolled back. */
  readonly undecoratedStore: Store;
  readonly config: Config;
  readonly log: Log;
  /** The clock of the rate limits, in milliseconds since 1970. */
  readonly now: () => number;
  readonly quotas: RequestQuotas;
  readonly metrics?: ServiceMetrics | undefined;
  readonly traces?: ServiceTraces | undefined;
}
