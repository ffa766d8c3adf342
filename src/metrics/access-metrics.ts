import type { Registry } from "prom-client";
import type { CredentialRejection } from "../domain/audit/rejections.ts";
import type { Quota } from "../domain/rate-limit/quota.ts";
import { pullCounter } from "./pulled.ts";

/** Counts credentials: accepted ones, and rejected ones by the cause. Reports how often rate limits reject requests. */
export class AccessMetrics {
  readonly #registry: Registry;
  #accepted = 0;
  /** By cause. An alert notices the first use of a previous secret only if its series exists before. */
  readonly #rejections = new Map<CredentialRejection["cause"], number>([["superseded", 0]]);

  constructor(registry: Registry) {
    this.#registry = registry;
    pullCounter(registry, {
      name: "gatehouse_token_checks_total",
      help: "Credentials of requests: accepted, or the cause of the rejection.",
      labelNames: ["result"],
      read: () =>
        [["accepted", this.#accepted] as const, ...this.#rejections].map(([result, value]) => ({
          labels: { result },
          value,
        })),
    });
  }

  /** Counts a request whose credential was accepted. */
  recordAccepted(): void {
    this.#accepted++;
  }

  /** Counts a rejected credential. The causes are a fixed set. */
  recordRejection({ cause }: CredentialRejection): void {
    this.#rejections.set(cause, (this.#rejections.get(cause) ?? 0) + 1);
  }

  /** Reports how often each rate limit has rejected a request. */
  watch(quotas: readonly Quota[]): void {
    pullCounter(this.#registry, {
      name: "gatehouse_rate_limit_rejections_total",
      help: "Requests and operations that were rejected because of a rate limit, by the name of the limit.",
      labelNames: ["limit"],
      read: () => quotas.map(({ name, rejectedCount }) => ({ labels: { limit: name }, value: rejectedCount })),
    });
  }
}
