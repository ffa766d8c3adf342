import type { User } from "../../../schemas/user.ts";
import { AppError } from "../../errors.ts";
import type { Change, Page, Query, Reader, RecordText, Store } from "../../store/collection.ts";
import { tokens, users } from "../../store/collections.ts";
import { attributesOf, sameAttributes } from "../attributes.ts";
import { record } from "../audit/record.ts";
import type { Caller } from "../caller.ts";
import { assertUnreferenced } from "../catalogue/references.ts";
import { lookTwice, takenAs } from "../conflict.ts";
import { newEntity, nextVersion } from "../entity.ts";
import { fold } from "../fold.ts";
import { assertVersion, type ExpectedVersion } from "../precondition.ts";
import { announcePurge, type Purges } from "../purges/purges.ts";
import { revokeWithin } from "../tokens/token-changes.ts";
import { assertMayEdit, type Editor, editTold, ownership } from "./managed.ts";
import { find, type Named, turnOf } from "./named.ts";
import { withTwin } from "./twin.ts";

/** What a door may say of a user: SCIM's attributes without what the service keeps by itself. */
export type UserAttributes = Readonly<Record<string, unknown>> & {
  readonly userName: string;
  readonly active?: boolean;
};

/** What somebody is from now on, made from what is stored, if anything is; it may run more than once. */
export type UserRevision<Current> = (current: Current) => UserAttributes;

/** The people of an organisation. Every door changes them through here. */
export class Users {
  readonly #store: Store;
  readonly #purges: Purges;

  constructor(store: Store, purges: Purges) {
    this.#store = store;
    this.#purges = purges;
  }

  /** @returns undefined for who is not of the organisation, whoever else may have that id */
  get(organizationId: string, which: Named): Promise<User | undefined> {
    return find(this.#store.for(organizationId).open(users), which, key);
  }

  /**
   * The user that people call by this name: whose userName it is, or else the one whose primary e-mail address it is,
   * in any letter case.
   * @returns undefined where there is none, or where several share the address
   */
  async called(organizationId: string, name: string): Promise<User | undefined> {
    const value = fold(name);
    const isPrimary = [
      { op: "eq", path: "value", value } as const,
      { op: "eq", path: "primary", value: true } as const,
    ];
    const byName = await this.list(organizationId, {
      where: { op: "eq", path: "folded.userName", value },
      limit: 1,
    });
    if (byName.items[0]) return byName.items[0];
    const byEmail = await this.list(organizationId, {
      where: { op: "some", path: "folded.emails", where: { op: "and", all: isPrimary } },
      limit: 2,
    });
    return byEmail.items.length === 1 ? byEmail.items[0] : undefined;
  }

  /** @throws AppError query-too-expensive; invalid-filter */
  list(organizationId: string, query: Query): Promise<Page<User>> {
    return this.#store.for(organizationId).open(users).list(query);
  }

  /** The users of an organisation as texts, to be passed on. @throws AppError as `list` */
  texts(organizationId: string): Reader<RecordText> {
    return this.#store.for(organizationId).texts(users);
  }

  /** @throws AppError conflict when the userName is taken, in any letter case */
  create(caller: Caller, attributes: UserAttributes, editor: Editor = "admin"): Promise<User> {
    return this.#change((change) => createWithin(change, caller, attributes, editor));
  }

  /**
   * Makes the user of this name, or changes the one that there is.
   * @throws AppError precondition-failed; managed; and what `revise` throws
   */
  async put(
    caller: Caller,
    userName: string,
    expected: ExpectedVersion | undefined,
    revise: UserRevision<Stored | undefined>,
    editor: Editor = "admin",
  ): Promise<{ readonly stored: User; readonly isNew: boolean }> {
    const which = { name: userName };
    return lookTwice(() =>
      this.#change(async (change) => {
        const current = await find(change.for(caller.organizationId).open(users), which, key);
        if (current) {
          return {
            stored: await this.#updateWithin(change, caller, current, expected, revise, editor),
            isNew: false,
          };
        }
        if (expected?.oneOf) throw new AppError("precondition-failed", "There is no such user yet.");
        return { stored: await createWithin(change, caller, revise(undefined), editor), isNew: true };
      }, which),
    );
  }

  /**
   * Changes a user: what it may say from now on is made from what is stored. Nothing is written when nothing differs.
   * A user who is deactivated loses the personal tokens at once.
   * @param revise may run more than once
   * @throws AppError not-found; precondition-failed; managed; conflict; and what `revise` throws
   */
  update(
    caller: Caller,
    which: Named,
    expected: ExpectedVersion | undefined,
    revise: UserRevision<Stored>,
    editor: Editor = "admin",
  ): Promise<User> {
    return this.#change(async (change) => {
      const current = await find(change.for(caller.organizationId).open(users), which, key);
      if (!current) throw notFound();
      return this.#updateWithin(change, caller, current, expected, revise, editor);
    }, which);
  }

  /**
   * Removes a user, the personal tokens and every membership. What of the catalogue names the user holds up an admin,
   * and not the identity provider: who has left must lose access.
   * @throws AppError not-found; precondition-failed; managed; referenced
   */
  async remove(
    caller: Caller,
    which: Named,
    expected: ExpectedVersion | undefined,
    editor: Editor = "admin",
  ): Promise<void> {
    const purge = await this.#change(async (change) => {
      const tenant = change.for(caller.organizationId);
      const current = await find(tenant.open(users), which, key);
      if (!current) throw notFound();
      const { id } = current;
      assertVersion(current.version, expected);
      assertMayEdit(current, editor, "user");
      if (editor !== "scim") await assertUnreferenced(tenant, `user:${id}`, "user");
      await tenant.open(users).remove(id, current.version);
      await this.#revokeTokensOf(caller, id, change);
      await record(change, caller.organizationId, caller, {
        action: "user.delete",
        target: { type: "user", id },
        before: attributesOf(current),
        ...editTold(current, editor),
      });
      return announcePurge(change, caller.organizationId, id);
    }, which);
    await this.#purges.carryOut(purge);
  }

  /** One transaction. That a name is taken is told of the field; the store knows the index. */
  #change<R>(body: (change: Change) => Promise<R>, which?: Named): Promise<R> {
    return this.#store.transaction(body, which === undefined ? {} : { turn: turnOf(which) }).catch(takenAs("userName"));
  }

  async #updateWithin(
    change: Change,
    caller: Caller,
    current: User,
    expected: ExpectedVersion | undefined,
    revise: UserRevision<Stored>,
    editor: Editor,
  ): Promise<User> {
    assertVersion(current.version, expected);
    const before = attributesOf(current);
    // Who leaves `active` out does not mean to bring somebody back.
    const { id, organizationId, createdAt, active } = current;
    const after = { active, ...revise(before) };
    const owned = ownership(current, editor);
    if (sameAttributes(before, after) && owned.managedBy === current.managedBy) return current;
    assertMayEdit(current, editor, "user");
    const user = { id, organizationId, createdAt, ...nextVersion(current), ...owned, ...after };
    await change.for(organizationId).open(users).replace(withTwin(user), current.version);
    if (active && !user.active) await this.#revokeTokensOf(caller, id, change);
    await record(change, organizationId, caller, {
      action: active && !user.active ? "user.deactivate" : "user.update",
      target: { type: "user", id },
      before,
      after,
      ...editTold(current, editor),
    });
    return user;
  }

  async #revokeTokensOf(caller: Caller, userId: string, change: Change): Promise<void> {
    const open = change.for(caller.organizationId).open(tokens);
    const owned = await open.list({ where: { op: "eq", path: "userId", value: userId }, limit: personalTokensMax });
    for (const token of owned.items) {
      if (token.revokedAt === undefined) await revokeWithin(change, caller, token);
    }
  }
}

type Stored = Readonly<Record<string, unknown>>;

/** The index by which a userName is taken once. */
const key = "folded.userName";

async function createWithin(change: Change, caller: Caller, attributes: UserAttributes, editor: Editor): Promise<User> {
  const { organizationId } = caller;
  const user = { ...newEntity("usr", organizationId), ...ownership({}, editor), active: true, ...attributes };
  await change.for(organizationId).open(users).insert(withTwin(user));
  await record(change, organizationId, caller, {
    action: "user.create",
    target: { type: "user", id: user.id },
    after: attributesOf(user),
  });
  return user;
}

/** More than anybody has; the check of a personal token asks for its user as well. */
const personalTokensMax = 1000;

const notFound = (): AppError => new AppError("not-found", "There is no such user.");
