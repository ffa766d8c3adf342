import { type CascadeDelete, cascadeDeletes, serviceTenant } from "../../store/collections.ts";
import { pages } from "../../store/paging/pages.ts";
import type { Store, Transaction } from "../../store/store.ts";
import { type AuditActor, serviceActor } from "../audit/record.ts";
import { lowestId, newEntity } from "../entity.ts";
import type { Flushable } from "../periodic-flush.ts";
import { findOrganizationSteps } from "./organization-records.ts";
import { findOrphans, type OrphanRemoval, type RemovedSubjects } from "./orphans.ts";

/** Pending cascade deletes per batch, and batches per flush: more than are enqueued between two flushes. */
const pendingMax = 500;
const batchesMax = 20;

/** The time limit of one sweep. A later flush continues with the rest of a huge group. */
const sweepMsMax = 1000;

/** The maximum lifetime of a transaction: MongoDB aborts it then (`transactionLifetimeLimitSeconds`). */
const transactionMsMax = 60_000;
/**
 * The age in milliseconds from which nothing can be added for a removed subject any more. A transaction that began
 * before the removal was committed may add an edge or a record that the first sweep cannot see. The time of the
 * cascade delete itself is that of the start of its transaction.
 */
export const settledAfterMs = 2 * transactionMsMax;

/**
 * Enqueues the cascade delete of a user, group or MCP server, in the transaction that removes it. For an organization,
 * that is the transaction that removes, disables or enables it.
 * @param requestedBy who removes the subject, and so the actor of the audit events of all that depends on it
 * @param subjectId id of the removed user, group or MCP server, or of the organization
 */
export async function enqueueCascadeDelete(
  transaction: Transaction,
  requestedBy: AuditActor & { readonly organizationId: string },
  subjectId: string,
): Promise<CascadeDelete> {
  const { organizationId, actor, requestId, ip } = requestedBy;
  const cascadeDelete: CascadeDelete = {
    ...newEntity("pur", serviceTenant),
    targetOrganizationId: organizationId,
    subjectId,
    requestedBy: { actor, ...(requestId !== undefined && { requestId }), ...(ip !== undefined && { ip }) },
  };
  await transaction.for(serviceTenant).open(cascadeDeletes).insert(cascadeDelete);
  return cascadeDelete;
}

/**
 * Removes the records that depend on removed users, groups, MCP servers and organizations, in small transactions: immediately, and a
 * second time once no concurrent transaction can have added more. A sweep that takes too long, or is interrupted by a
 * crash or an outage, is finished later. Until then, a group may still list a removed member.
 */
export class CascadeDeletes implements Flushable {
  readonly #store: Store;
  readonly #sweepMs: number;
  /** Whether there may be unfinished sweeps. At startup, there may be some of a previous run. */
  #hasPending = true;

  /** @param sweepMs time limit of one sweep in milliseconds */
  constructor(store: Store, sweepMs = sweepMsMax) {
    this.#store = store;
    this.#sweepMs = sweepMs;
  }

  /** Sweeps after a committed removal. Never fails: errors leave the rest to a later flush. */
  async run(cascadeDelete: CascadeDelete): Promise<void> {
    const isDone = await this.#sweepAll([cascadeDelete], Date.now() + this.#sweepMs).catch(() => false);
    if (!isDone) this.#hasPending = true;
  }

  /**
   * Sweeps to the end, however long it takes.
   * @throws AppError unavailable; a later flush continues then
   */
  async complete(cascadeDelete: CascadeDelete): Promise<void> {
    await this.#sweepAll([cascadeDelete], Number.POSITIVE_INFINITY);
  }

  /**
   * Resumes unfinished sweeps. Then sweeps a second time for removals that have settled, and dequeues these.
   * @param now the time from which the age of cascade deletes is measured
   * @throws AppError unavailable
   */
  async flush(now = new Date()): Promise<void> {
    const hadPending = this.#hasPending;
    const deadline = Date.now() + this.#sweepMs;
    this.#hasPending = false;
    try {
      const isDone =
        (!hadPending || (await this.#resume(deadline))) && (await this.#finalize(toSettledBefore(now), deadline));
      if (!isDone) this.#hasPending = true;
    } catch (error) {
      this.#hasPending ||= hadPending;
      throw error;
    }
  }

  /** @returns whether all of it was finished before the deadline, as all private methods below */
  async #resume(deadline: number): Promise<boolean> {
    const reader = this.#store.for(serviceTenant).open(cascadeDeletes);
    for await (const page of pages(reader, { limit: pendingMax })) {
      if (!(await this.#sweepAll(page, deadline))) return false;
    }
    return true;
  }

  async #finalize(before: Date, deadline: number): Promise<boolean> {
    const where = { op: "lt", path: "id", value: lowestId("pur", before) } as const;
    const reader = this.#store.for(serviceTenant).open(cascadeDeletes);
    let batchCount = 0;
    for await (const page of pages(reader, { where, limit: pendingMax })) {
      if (!(await this.#sweepAll(page, deadline))) return false;
      await this.#store.transaction(async (transaction) => {
        const writer = transaction.for(serviceTenant).open(cascadeDeletes);
        for (const { id } of page) await writer.remove(id, "any");
      });
      if (++batchCount === batchesMax) break;
    }
    return true;
  }

  async #sweepAll(pending: readonly CascadeDelete[], deadline: number): Promise<boolean> {
    const subjectsByOrganization = new Map<string, Map<string, AuditActor>>();
    for (const { targetOrganizationId, subjectId, requestedBy = serviceActor } of pending) {
      const subjects = subjectsByOrganization.get(targetOrganizationId) ?? new Map<string, AuditActor>();
      subjectsByOrganization.set(targetOrganizationId, subjects.set(subjectId, requestedBy));
    }
    for (const [organizationId, subjects] of subjectsByOrganization) {
      if (!(await this.#sweep(organizationId, subjects, deadline))) return false;
    }
    return true;
  }

  async #sweep(organizationId: string, subjects: RemovedSubjects, deadline: number): Promise<boolean> {
    if (subjects.has(organizationId)) {
      for await (const step of findOrganizationSteps(this.#store, organizationId)) {
        await this.#store.transaction(step);
        if (Date.now() >= deadline) return false;
      }
    }
    for await (const remove of findOrphans(this.#store.for(organizationId), subjects)) {
      if (!(await this.#removeInBatches(organizationId, remove, deadline))) return false;
    }
    return true;
  }

  async #removeInBatches(organizationId: string, remove: OrphanRemoval, deadline: number): Promise<boolean> {
    for (;;) {
      if (!(await this.#store.transaction((transaction) => remove(transaction, organizationId)))) return true;
      if (Date.now() >= deadline) return false;
    }
  }
}

/** Cascade deletes from before the returned time have settled. */
const toSettledBefore = (now: Date): Date => new Date(now.getTime() - settledAfterMs);
