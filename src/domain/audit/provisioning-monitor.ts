import type { HourlyCounts, ProvisioningStatus } from "../../../schemas/provisioning.ts";
import { provisioningStatuses } from "../../store/collections.ts";
import type { Store, Transaction } from "../../store/store.ts";
import { type Buffered, BufferedWriter, type BufferState } from "../buffered-writer.ts";
import { newEntity, nextVersion } from "../entity.ts";
import type { RequestLogInput } from "./request-log.ts";

/** The requests of one token, or a part of them. */
export type ProvisioningReport = Pick<
  ProvisioningStatus,
  "organizationId" | "tokenId" | "lastRequestAt" | "lastSuccessAt" | "lastFailure" | "hours"
>;

/** The most tokens that one transaction updates. */
const batchSize = 50;
/** The hours that a record keeps; the oldest one has begun more than a day ago. */
const hoursMax = 25;

/**
 * Keeps one record per token with its last SCIM requests and their counts by hour, so that the status of a connection
 * needs no search in the request log. Buffered in memory: no request waits for a write. Replicas add to the same record.
 */
export class ProvisioningMonitor implements Buffered {
  readonly #store: Store;
  readonly #now: () => number;
  /** By token. */
  readonly #counts = new Map<string, RequestCounts>();
  readonly #buffer = new BufferedWriter<string, ProvisioningReport>({
    batchSize,
    merge: mergeReports,
    write: async (batch) => {
      await this.#store.transaction(async (transaction) => {
        for (const [, report] of batch) await writeReport(transaction, report);
      });
    },
  });

  /** @param now returns the time in milliseconds since 1970 */
  constructor(store: Store, now: () => number = Date.now) {
    this.#store = store;
    this.#now = now;
  }

  /** Records a request whose token is known, whether it was accepted or rejected. */
  record(request: RequestLogInput): void {
    const { organizationId, actor } = request;
    if (organizationId === undefined || actor?.type !== "token" || actor.id === undefined) return;
    const now = this.#now();
    let counts = this.#counts.get(actor.id);
    if (!counts?.isOfHour(now)) {
      if (counts) this.#buffer.record(actor.id, counts.toReport());
      counts = new RequestCounts(organizationId, actor.id, now);
      this.#counts.set(actor.id, counts);
    }
    counts.add(request, now);
  }

  /** Its size is the number of reports that the next flush writes at most. */
  get bufferState(): BufferState {
    return { size: this.#counts.size + this.#buffer.size, droppedCount: this.#buffer.droppedCount };
  }

  /** @throws AppError unavailable; the reports stay buffered */
  flush(): Promise<void> {
    for (const [tokenId, counts] of this.#counts) this.#buffer.record(tokenId, counts.toReport());
    this.#counts.clear();
    return this.#buffer.flush();
  }
}

/** An hour, in milliseconds. */
export const hourMs = 3_600_000;

/** The requests of one token in one hour since the last flush. Every request adds to it, so it only counts. */
class RequestCounts {
  readonly #organizationId: string;
  readonly #tokenId: string;
  readonly #startedAt: number;
  readonly #byStatusClass = [0, 0, 0, 0, 0, 0];
  #requests = 0;
  #failures = 0;
  #lastRequestAt = 0;
  #lastSuccessAt: number | undefined;
  #lastFailure: { readonly request: RequestLogInput; readonly at: number } | undefined;

  /** @param startedAt in milliseconds since 1970 */
  constructor(organizationId: string, tokenId: string, startedAt: number) {
    this.#organizationId = organizationId;
    this.#tokenId = tokenId;
    this.#startedAt = startedAt;
  }

  isOfHour(now: number): boolean {
    return Math.floor(now / hourMs) === Math.floor(this.#startedAt / hourMs);
  }

  add(request: RequestLogInput, at: number): void {
    this.#requests++;
    const statusClass = Math.floor(request.status / 100);
    this.#byStatusClass[statusClass] = (this.#byStatusClass[statusClass] ?? 0) + 1;
    this.#lastRequestAt = at;
    if (request.rejected) {
      this.#failures++;
      this.#lastFailure = { request, at };
    } else this.#lastSuccessAt = at;
  }

  toReport(): ProvisioningReport {
    const byStatus = Object.fromEntries(
      this.#byStatusClass.flatMap((count, statusClass) => (count > 0 ? [[`${statusClass}xx`, count]] : [])),
    );
    return {
      organizationId: this.#organizationId,
      tokenId: this.#tokenId,
      lastRequestAt: toTime(this.#lastRequestAt),
      hours: [{ hour: toHour(toTime(this.#startedAt)), requests: this.#requests, failures: this.#failures, byStatus }],
      ...(this.#lastSuccessAt !== undefined && { lastSuccessAt: toTime(this.#lastSuccessAt) }),
      ...(this.#lastFailure && { lastFailure: toFailure(this.#lastFailure.request, this.#lastFailure.at) }),
    };
  }
}

const toTime = (ms: number): string => new Date(ms).toISOString();

function toFailure(
  { requestId, method, path, status, detail, cause }: RequestLogInput,
  at: number,
): NonNullable<ProvisioningReport["lastFailure"]> {
  return {
    ...{ at: toTime(at), requestId, method, path, status },
    ...(detail !== undefined && { detail }),
    ...(cause !== undefined && { cause }),
  };
}

/** Returns the hour of an ISO 8601 time in UTC, such as `2026-11-29T12`. */
export const toHour = (time: string): string => time.slice(0, 13);

/** Returns the id of the record of a token. */
export const toProvisioningId = (tokenId: string): string => `prv_${tokenId.replace(/^tok_/, "")}`;

async function writeReport(transaction: Transaction, report: ProvisioningReport): Promise<void> {
  const { organizationId, tokenId } = report;
  const collection = transaction.for(organizationId).open(provisioningStatuses);
  const id = toProvisioningId(tokenId);
  const current = await collection.get(id);
  if (current) {
    await collection.replace(
      { ...current, ...mergeReports(current, report), ...nextVersion(current) },
      current.version,
    );
  } else await collection.insert({ ...newEntity("prv", organizationId), ...report, id });
}

/** Merges two reports of one token. Both may be older than the other. */
function mergeReports(one: ProvisioningReport, other: ProvisioningReport): ProvisioningReport {
  const { organizationId, tokenId } = one;
  const lastSuccessAt = later(one.lastSuccessAt, other.lastSuccessAt);
  const lastFailure =
    (one.lastFailure?.at ?? "") > (other.lastFailure?.at ?? "")
      ? one.lastFailure
      : (other.lastFailure ?? one.lastFailure);
  return {
    organizationId,
    tokenId,
    lastRequestAt: later(one.lastRequestAt, other.lastRequestAt) ?? "",
    hours: mergeHours(one.hours, other.hours),
    ...(lastSuccessAt !== undefined && { lastSuccessAt }),
    ...(lastFailure && { lastFailure }),
  };
}

const later = (one: string | undefined, other: string | undefined): string | undefined =>
  (one ?? "") > (other ?? "") ? one : (other ?? one);

function mergeHours(some: readonly HourlyCounts[], others: readonly HourlyCounts[]): HourlyCounts[] {
  const byHour = new Map(some.map((each) => [each.hour, each]));
  for (const each of others) {
    const counts = byHour.get(each.hour);
    byHour.set(each.hour, counts ? { ...each, ...addCounts(counts, each) } : each);
  }
  return [...byHour.values()].sort((one, other) => (one.hour < other.hour ? -1 : 1)).slice(-hoursMax);
}

/** Adds the counts of two periods. */
export function addCounts(
  one: Omit<HourlyCounts, "hour">,
  other: Omit<HourlyCounts, "hour">,
): Omit<HourlyCounts, "hour"> {
  const byStatus = { ...one.byStatus };
  for (const [name, count] of Object.entries(other.byStatus)) {
    const statusClass = name as keyof typeof byStatus;
    byStatus[statusClass] = (byStatus[statusClass] ?? 0) + count;
  }
  return { requests: one.requests + other.requests, failures: one.failures + other.failures, byStatus };
}
