import type { User, UserAttributes } from "../../../schemas/user.ts";
import { type PersonalTokenEnd, users } from "../../store/collections.ts";
import { elementDiffers, elementEquals, fieldEquals, userFields } from "../../store/fields.ts";
import type { Condition, Page, Query } from "../../store/query.ts";
import { type RawRecord, toAttributes } from "../../store/record.ts";
import type { Reader, Store, Transaction } from "../../store/store.ts";
import { recordAuditEvent } from "../audit/record.ts";
import type { Caller } from "../caller.ts";
import type { CascadeDeletes } from "../cleanup/cascade-deletes.ts";
import { assertVersion, type ExpectedVersion } from "../precondition.ts";
import { enqueuePersonalTokenCleanup, PersonalTokenCleanup } from "../tokens/personal-token-cleanup.ts";
import { Directory, type PutResult, type StoredAttributes } from "./directory.ts";
import type { IdOrName } from "./id-or-name.ts";
import { type Editor, toEditDetails } from "./managed.ts";

/** Computes the new attributes of a user from the stored ones. It may run more than once. */
export type UserRevision<Current> = (current: Current) => UserAttributes;

/** The users of an organization. Every API changes users through this class. */
export class Users {
  readonly #store: Store;
  readonly #directory: Directory<User>;
  readonly #tokenCleanup: Pick<PersonalTokenCleanup, "run">;

  constructor(
    store: Store,
    cascadeDeletes: Pick<CascadeDeletes, "run">,
    tokenCleanup: Pick<PersonalTokenCleanup, "run"> = new PersonalTokenCleanup(store),
  ) {
    this.#store = store;
    this.#tokenCleanup = tokenCleanup;
    this.#directory = new Directory(store, cascadeDeletes, {
      name: "user",
      prefix: "usr",
      collection: users,
      uniqueAttribute: "userName",
      uniqueField: userFields.userName,
    });
  }

  /** @returns undefined if the organization has no such user, even if another organization has that id */
  get(organizationId: string, idOrName: IdOrName): Promise<User | undefined> {
    return this.#directory.get(organizationId, idOrName);
  }

  /**
   * Finds a user by userName, or else by the primary or only email address. The comparisons are case-insensitive.
   * @param names readings of one name, the most literal first; the first that matches any user decides
   * @returns undefined if no user matches, or if several users share the address
   */
  async findByUserNameOrEmail(organizationId: string, ...names: readonly string[]): Promise<User | undefined> {
    for (const name of names) {
      const byName = await this.list(organizationId, { where: fieldEquals(userFields.userName, name), limit: 1 });
      if (byName.items[0]) return byName.items[0];
      const byEmail = await this.list(organizationId, { where: hasMainEmail(name), limit: 2 });
      if (byEmail.items.length > 0) return byEmail.items.length === 1 ? byEmail.items[0] : undefined;
    }
    return undefined;
  }

  /** @throws AppError query-too-expensive; invalid-filter */
  list(organizationId: string, query: Query): Promise<Page<User>> {
    return this.#store.for(organizationId).open(users).list(query);
  }

  /** Counts users. @throws AppError query-too-expensive */
  count(organizationId: string, where?: Condition): Promise<number> {
    return this.#store.for(organizationId).open(users).count(where);
  }

  /** Opens the users of an organization as stored JSON, for callers that pass them on. @throws AppError as `list` */
  openRaw(organizationId: string): Reader<RawRecord> {
    return this.#store.for(organizationId).openRaw(users);
  }

  /** @throws AppError conflict if the userName is taken (case-insensitive) */
  create(caller: Caller, attributes: UserAttributes, editor: Editor = "admin"): Promise<User> {
    return this.#directory.create((transaction) => this.#createWithin(transaction, caller, attributes, editor));
  }

  /**
   * Creates the user with this userName, or updates it if it exists.
   * @throws AppError precondition-failed; managed; and whatever `revise` throws
   */
  async put(
    caller: Caller,
    userName: string,
    expected: ExpectedVersion | undefined,
    revise: UserRevision<StoredAttributes | undefined>,
    editor: Editor = "admin",
  ): Promise<PutResult<User>> {
    const effects: UpdateEffects = {};
    const result = await this.#directory.put(caller, userName, expected, {
      create: (transaction) => this.#createWithin(transaction, caller, revise(undefined), editor),
      update: (transaction, current) =>
        this.#updateWithin(transaction, caller, current, expected, revise, editor, effects),
    });
    await this.#tokenCleanup.run(effects.tokenEnd);
    return result;
  }

  /**
   * Updates a user. Nothing is written if nothing changes. Deactivation ends all personal tokens of the user
   * immediately and permanently.
   * @param revise computes the new attributes from the stored ones; may run more than once
   * @throws AppError not-found; precondition-failed; managed; conflict; and whatever `revise` throws
   */
  async update(
    caller: Caller,
    idOrName: IdOrName,
    expected: ExpectedVersion | undefined,
    revise: UserRevision<StoredAttributes>,
    editor: Editor = "admin",
  ): Promise<User> {
    const effects: UpdateEffects = {};
    const user = await this.#directory.update(caller, idOrName, (transaction, current) =>
      this.#updateWithin(transaction, caller, current, expected, revise, editor, effects),
    );
    await this.#tokenCleanup.run(effects.tokenEnd);
    return user;
  }

  /**
   * Removes a user with all personal tokens and memberships. References from the catalog block an admin, but not the
   * identity provider: a user who has left must lose access.
   * @param isDetached removes the references of the catalog as well
   * @throws AppError not-found; precondition-failed; managed; referenced
   */
  async remove(
    caller: Caller,
    idOrName: IdOrName,
    expected: ExpectedVersion | undefined,
    editor: Editor = "admin",
    isDetached = false,
  ): Promise<void> {
    let tokenEnd: PersonalTokenEnd | undefined;
    await this.#directory.remove(caller, idOrName, expected, editor, {
      isDetached,
      removeRelated: async (transaction, id) => {
        tokenEnd = await enqueuePersonalTokenCleanup(transaction, caller.organizationId, id, caller);
      },
    });
    await this.#tokenCleanup.run(tokenEnd);
  }

  #createWithin(transaction: Transaction, caller: Caller, attributes: UserAttributes, editor: Editor): Promise<User> {
    return this.#directory.insertWithin(transaction, caller, { active: true, ...attributes }, editor);
  }

  async #updateWithin(
    transaction: Transaction,
    caller: Caller,
    current: User,
    expected: ExpectedVersion | undefined,
    revise: UserRevision<StoredAttributes>,
    editor: Editor,
    effects: UpdateEffects,
  ): Promise<User> {
    delete effects.tokenEnd; // of an earlier attempt of this transaction
    assertVersion(current.version, expected);
    const before = toAttributes(current);
    // An update that omits `active` keeps its value, so that it never reactivates a user by accident.
    const after = { active: current.active, ...revise(before) };
    if (this.#directory.isUnchanged(current, after, editor)) return current;
    const isDeactivated = current.active && !after.active;
    const tokenFields = isDeactivated ? nextTokenGeneration(current) : toTokenFields(current);
    const user = await this.#directory.replaceWithin(transaction, current, after, editor, tokenFields);
    if (isDeactivated) {
      effects.tokenEnd = await enqueuePersonalTokenCleanup(transaction, user.organizationId, user.id, caller);
    }
    await recordAuditEvent(transaction, user.organizationId, caller, {
      action: isDeactivated ? "user.deactivate" : "user.update",
      target: { type: "user", id: user.id },
      before,
      after,
      ...toEditDetails(current, editor, isDeactivated ? { personalTokens: "revoked" } : {}),
    });
    return user;
  }
}

/** @returns a condition that holds for users whose primary address, or only one, is this */
function hasMainEmail(address: string): Condition {
  const hasAddress = elementEquals(userFields.emails, "value", address);
  const isPrimary = elementEquals(userFields.emails, "value", address, { primary: true });
  const hasOther = elementDiffers(userFields.emails, "value", address);
  return { op: "and", all: [hasAddress, { op: "or", all: [isPrimary, { op: "not", condition: hasOther }] }] };
}

/** What follows from an update after its transaction. */
interface UpdateEffects {
  tokenEnd?: PersonalTokenEnd;
}

type TokenFields = Pick<User, "tokenGeneration" | "tokensEndedAt">;

const toTokenFields = ({ tokenGeneration, tokensEndedAt }: User): TokenFields => ({
  ...(tokenGeneration !== undefined && { tokenGeneration }),
  ...(tokensEndedAt !== undefined && { tokensEndedAt }),
});

/** Ends all personal tokens that exist, and those that are created beside the deactivation. */
const nextTokenGeneration = ({ tokenGeneration = 0 }: User): TokenFields => ({
  tokenGeneration: tokenGeneration + 1,
  tokensEndedAt: new Date().toISOString(),
});
