import type { Change, Store } from "../../store/collection.ts";
import { type Purge, purges, serviceTenant } from "../../store/collections.ts";
import type { Gathering } from "../background.ts";
import { lowestId, newEntity } from "../entity.ts";
import { leftoversOf, type Removal } from "./leftovers.ts";

/** Notes that are looked at together, and how often in one flush: more than can be removed between two. */
const notesMax = 500;
const roundsMax = 20;

/** How long one sweep goes on before it lets others have their turn; the rest of a huge group is swept later. */
const sweepMsMax = 1000;

/** The longest that a transaction lives: MongoDB ends it then (`transactionLifetimeLimitSeconds`). */
const transactionMsMax = 60_000;
/**
 * The age of a note by which its subject can be left nothing more. A change that began before the removal was committed
 * may still add an edge or a record, unseen by the first sweep; and the note's own time is from the beginning of its change.
 */
export const settledMs = 2 * transactionMsMax;

/** Notes, in the transaction that removes a user, group or MCP server, that what it leaves is to be swept away. */
export async function announcePurge(change: Change, organizationId: string, subjectId: string): Promise<Purge> {
  const purge: Purge = { ...newEntity("pur", serviceTenant), of: organizationId, subjectId };
  await change.for(serviceTenant).open(purges).insert(purge);
  return purge;
}

/**
 * Sweeps away what removed users, groups and MCP servers leave behind, however much there is, in small transactions: at
 * once, and once more when nothing can have been added beside the removal any more. A sweep that takes long, or is cut
 * short by a crash or an outage, is finished later; until then a group may still list a member that is gone.
 */
export class Purges implements Gathering {
  readonly #store: Store;
  readonly #sweepMs: number;
  /** Whether there may be sweeps to go on with; at the start, those of an earlier run. */
  #unfinished = true;

  /** @param sweepMs how long one sweep goes on */
  constructor(store: Store, sweepMs = sweepMsMax) {
    this.#store = store;
    this.#sweepMs = sweepMs;
  }

  /** Sweeps for a removal that has been committed: whatever comes now, the subject is gone. */
  async carryOut({ of, subjectId }: Purge): Promise<void> {
    const isDone = await this.#sweep(of, [subjectId], Date.now() + this.#sweepMs).catch(() => false);
    if (!isDone) this.#unfinished = true;
  }

  /**
   * Goes on with what is unfinished, and sweeps a last time for removals that have settled, whose notes then go.
   * @param now the time by which notes are old
   */
  async flush(now = new Date()): Promise<void> {
    const resumes = this.#unfinished;
    const until = Date.now() + this.#sweepMs;
    this.#unfinished = false;
    try {
      const isDone = (!resumes || (await this.#resume(until))) && (await this.#settle(settledBy(now), until));
      if (!isDone) this.#unfinished = true;
    } catch (error) {
      this.#unfinished ||= resumes;
      throw error;
    }
  }

  /** @returns whether there was time for all of it, as all that sweeps here */
  async #resume(until: number): Promise<boolean> {
    for (let after: Purge | undefined; ; ) {
      const { items } = await this.#store
        .for(serviceTenant)
        .open(purges)
        .list({ ...(after && { after: { id: after.id } }), limit: notesMax });
      if (!(await this.#sweepAll(items, until))) return false;
      after = items.at(-1);
      if (items.length < notesMax) return true;
    }
  }

  async #settle(before: Date, until: number): Promise<boolean> {
    const where = { op: "lt", path: "id", value: lowestId("pur", before) } as const;
    for (let round = 0; round < roundsMax; round++) {
      const { items } = await this.#store.for(serviceTenant).open(purges).list({ where, limit: notesMax });
      if (items.length === 0) return true;
      if (!(await this.#sweepAll(items, until))) return false;
      await this.#store.transaction(async (change) => {
        const open = change.for(serviceTenant).open(purges);
        for (const { id } of items) await open.remove(id, "any");
      });
      if (items.length < notesMax) return true;
    }
    return true;
  }

  async #sweepAll(notes: readonly Purge[], until: number): Promise<boolean> {
    const subjects = new Map<string, string[]>();
    for (const { of, subjectId } of notes) subjects.set(of, [...(subjects.get(of) ?? []), subjectId]);
    for (const [organizationId, subjectIds] of subjects) {
      if (!(await this.#sweep(organizationId, subjectIds, until))) return false;
    }
    return true;
  }

  async #sweep(organizationId: string, subjectIds: readonly string[], until: number): Promise<boolean> {
    for await (const remove of leftoversOf(this.#store.for(organizationId), subjectIds)) {
      if (!(await this.#inBatches(organizationId, remove, until))) return false;
    }
    return true;
  }

  async #inBatches(organizationId: string, remove: Removal, until: number): Promise<boolean> {
    for (;;) {
      if (!(await this.#store.transaction((change) => remove(change.for(organizationId))))) return true;
      if (Date.now() >= until) return false;
    }
  }
}

/** Notes from before this are of removals by which nothing can be added any more. */
const settledBy = (now: Date): Date => new Date(now.getTime() - settledMs);
