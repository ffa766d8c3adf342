import type { Token } from "../../../schemas/token.ts";
import { organizations, serviceTenant, tokens } from "../../store/collections.ts";
import { normalize } from "../../store/normalize.ts";
import { pages } from "../../store/paging/pages.ts";
import type { Store } from "../../store/store.ts";
import type { Flushable } from "../periodic-flush.ts";
import { withNormalizedName } from "./issue/token-changes.ts";

const organizationsPageSize = 100;
const tokensPageSize = 200;
const firstPauseMs = 10_000;
const pauseMsMax = 86_400_000;

/** How far a pass has come. It may take several flushes. */
interface Progress {
  /** The organizations up to this id are done. */
  readonly doneId?: string;
  /** So are the tokens of another organization up to this one. */
  readonly last?: { readonly organizationId: string; readonly tokenId: string };
}

/**
 * Repairs normalized names of tokens. During a rolling update, replicas of a release without them create tokens without
 * one, and keep the previous one when they rename a token, also after the migration. The last of them ends when the last
 * replica of this release starts, or soon after. So a pass through all tokens follows the start, others follow 10, 30, 70
 * and 150 seconds later and so on, and from the second day on there is one a day.
 */
export class TokenNameRepair implements Flushable {
  readonly #store: Store;
  readonly #now: () => number;
  #progress: Progress = {};
  #dueAt = 0;
  #pauseMs = firstPauseMs;

  /** @param now returns the time in milliseconds since 1970 */
  constructor(store: Store, now: () => number = Date.now) {
    this.#store = store;
    this.#now = now;
  }

  /**
   * Continues the pass, or starts one if it is time.
   * @param isOver whether to stop after the current page; the next flush continues there
   * @throws AppError unavailable
   */
  async flush(isOver: () => boolean = () => false): Promise<void> {
    if (this.#now() < this.#dueAt || !(await this.#continue(isOver))) return;
    this.#progress = {};
    this.#dueAt = this.#now() + this.#pauseMs;
    this.#pauseMs = Math.min(2 * this.#pauseMs, pauseMsMax);
  }

  /** @returns whether the pass is complete */
  async #continue(isOver: () => boolean): Promise<boolean> {
    const reader = this.#store.for(serviceTenant).open(organizations);
    const { doneId } = this.#progress;
    const after = doneId === undefined ? {} : { after: { id: doneId } };
    for await (const page of pages(reader, { limit: organizationsPageSize, ...after })) {
      for (const { id } of page) {
        if (!(await this.#continueOrganization(id, isOver))) return false;
        this.#progress = { doneId: id };
        if (isOver()) return false;
      }
    }
    return true;
  }

  async #continueOrganization(organizationId: string, isOver: () => boolean): Promise<boolean> {
    const reader = this.#store.for(organizationId).open(tokens);
    const { last } = this.#progress;
    const after = last?.organizationId === organizationId ? { after: { id: last.tokenId } } : {};
    for await (const page of pages(reader, { limit: tokensPageSize, ...after })) {
      const ids = page.filter(isOutdated).map(({ id }) => id);
      if (ids.length > 0) await this.#repair(organizationId, ids);
      const tokenId = page.at(-1)?.id;
      if (tokenId !== undefined) this.#progress = { ...this.#progress, last: { organizationId, tokenId } };
      if (isOver()) return false;
    }
    return true;
  }

  /** The version stays the same, because nothing changes that a client can see. */
  async #repair(organizationId: string, ids: readonly string[]): Promise<void> {
    await this.#store.transaction(async (tx) => {
      const writer = tx.for(organizationId).open(tokens);
      for (const id of ids) {
        const token = await writer.get(id);
        if (token && isOutdated(token)) await writer.replace(withNormalizedName(token), token.version);
      }
    });
  }
}

const isOutdated = ({ name, normalizedName }: Token): boolean => normalizedName !== normalize(name);
