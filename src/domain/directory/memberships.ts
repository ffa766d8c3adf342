import { AppError, hasErrorCode } from "../../errors.ts";
import type { GroupOfUser } from "../../store/record.ts";
import type { Store } from "../../store/store.ts";

/** Reads the groups of users. */
export class Memberships {
  readonly #store: Store;
  readonly #workBudget: number;

  /** @param workBudget the most memberships that one call follows, and the most groups that it returns */
  constructor(store: Store, workBudget = defaultWorkBudget) {
    this.#store = store;
    this.#workBudget = workBudget;
  }

  /**
   * Returns the groups of each of these users, direct and inherited, by user id.
   * @throws AppError query-too-expensive if the users together are in more groups than the work budget allows
   */
  async groupsOf(
    organizationId: string,
    userIds: readonly string[],
  ): Promise<ReadonlyMap<string, readonly GroupOfUser[]>> {
    try {
      return await this.#store.for(organizationId).groupLists(userIds, this.#workBudget);
    } catch (error) {
      if (!hasErrorCode(error, "query-too-expensive")) throw error;
      const reason = "The users are in too many groups, including nested ones, for one response";
      throw new AppError("query-too-expensive", `${reason}. Request fewer users, or set excludedAttributes=groups.`);
    }
  }
}

/** Enough for 200 users in 500 groups each. */
const defaultWorkBudget = 100_000;
