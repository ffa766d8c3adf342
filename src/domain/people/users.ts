import type { User } from "../../../schemas/user.ts";
import { AppError } from "../../errors.ts";
import type { Page, Query, Store } from "../../store/collection.ts";
import { tokens, users } from "../../store/collections.ts";
import { record } from "../audit/record.ts";
import type { Caller } from "../caller.ts";
import { newEntity, nextVersion } from "../entity.ts";
import { assertVersion, type ExpectedVersion } from "../precondition.ts";
import { revokeWithin } from "../tokens/tokens.ts";
import { attributesOf, sameAttributes } from "./attributes.ts";
import { announcePurge, type Purges } from "./purges.ts";
import { withTwin } from "./twin.ts";

/** What a door may say of a user: SCIM's attributes without what the service keeps by itself. */
export type UserAttributes = Readonly<Record<string, unknown>> & {
  readonly userName: string;
  readonly active?: boolean;
};

/** The people of an organisation. Every door changes them through here. */
export class Users {
  readonly #store: Store;
  readonly #purges: Purges;

  constructor(store: Store, purges: Purges) {
    this.#store = store;
    this.#purges = purges;
  }

  /** @returns undefined for an id that the organisation does not have, whoever else may have it */
  get(organizationId: string, id: string): Promise<User | undefined> {
    return this.#store.for(organizationId).open(users).get(id);
  }

  /** @throws AppError query-too-expensive; invalid-filter */
  list(organizationId: string, query: Query): Promise<Page<User>> {
    return this.#store.for(organizationId).open(users).list(query);
  }

  /** @throws AppError conflict when the userName is taken, in any letter case */
  create(caller: Caller, attributes: UserAttributes): Promise<User> {
    return this.#store.transaction(async (change) => {
      const user = { ...newEntity("usr", caller.organizationId), active: true, ...attributes };
      await change.for(caller.organizationId).open(users).insert(withTwin(user));
      await record(change, caller.organizationId, caller, {
        action: "user.create",
        target: { type: "user", id: user.id },
        after: attributesOf(user),
      });
      return user;
    });
  }

  /**
   * Changes a user: what it may say from now on is made from what is stored. Nothing is written when nothing differs.
   * A user who is deactivated loses the personal tokens at once.
   * @param revise may run more than once
   * @throws AppError not-found; precondition-failed; conflict; and what `revise` throws
   */
  update(
    caller: Caller,
    id: string,
    expected: ExpectedVersion | undefined,
    revise: (current: Readonly<Record<string, unknown>>) => UserAttributes,
  ): Promise<User> {
    return this.#store.transaction(
      async (change) => {
        const tenant = change.for(caller.organizationId);
        const current = await tenant.open(users).get(id);
        if (!current) throw notFound();
        assertVersion(current.version, expected);
        const before = attributesOf(current);
        const revised = revise(before);
        // Who leaves `active` out does not mean to bring somebody back.
        const { organizationId, createdAt, active } = current;
        if (sameAttributes(before, { active, ...revised })) return current;
        const user = { id, organizationId, createdAt, ...nextVersion(current), active, ...revised };
        await tenant.open(users).replace(withTwin(user), current.version);
        if (current.active && !user.active) await this.#revokeTokensOf(caller, id, change);
        await record(change, organizationId, caller, {
          action: current.active && !user.active ? "user.deactivate" : "user.update",
          target: { type: "user", id },
          before,
          after: attributesOf(user),
        });
        return user;
      },
      { turn: id },
    );
  }

  /**
   * Removes a user, the personal tokens and every membership.
   * @throws AppError not-found; precondition-failed
   */
  async remove(caller: Caller, id: string, expected: ExpectedVersion | undefined): Promise<void> {
    const purge = await this.#store.transaction(
      async (change) => {
        const tenant = change.for(caller.organizationId);
        const current = await tenant.open(users).get(id);
        if (!current) throw notFound();
        assertVersion(current.version, expected);
        await tenant.open(users).remove(id, current.version);
        await this.#revokeTokensOf(caller, id, change);
        await record(change, caller.organizationId, caller, {
          action: "user.delete",
          target: { type: "user", id },
          before: attributesOf(current),
        });
        return announcePurge(change, caller.organizationId, id);
      },
      { turn: id },
    );
    await this.#purges.carryOut(purge);
  }

  async #revokeTokensOf(caller: Caller, userId: string, change: Parameters<typeof revokeWithin>[0]): Promise<void> {
    const open = change.for(caller.organizationId).open(tokens);
    const owned = await open.list({ where: { op: "eq", path: "userId", value: userId }, limit: personalTokensMax });
    for (const token of owned.items) {
      if (token.revokedAt === undefined) await revokeWithin(change, caller, token);
    }
  }
}

/** More than anybody has; the check of a personal token asks for its user as well. */
const personalTokensMax = 1000;

const notFound = (): AppError => new AppError("not-found", "There is no such user.");
