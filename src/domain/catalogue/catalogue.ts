import { slug } from "../../../schemas/text.ts";
import { AppError } from "../../errors.ts";
import type { Change, Entity, Page, Query, Store, Tenant } from "../../store/collection.ts";
import { attributesOf, sameAttributes } from "../attributes.ts";
import { record } from "../audit/record.ts";
import type { Caller } from "../caller.ts";
import { lookTwice, takenAs } from "../conflict.ts";
import { newEntity, nextVersion } from "../entity.ts";
import { assertVersion, type ExpectedVersion } from "../precondition.ts";
import { announcePurge, type Purges } from "../purges/purges.ts";
import { type Kind, keyOf, referencesOf, withAsked } from "./kinds.ts";
import { missingOf, nameOf, type Owner } from "./naming.ts";
import { assertUnreferenced } from "./references.ts";
import type { Thing } from "./thing.ts";

/** What a door may say of a thing. */
export type Content<T extends Thing> = Omit<T, keyof Entity | "ownerId">;

type Revision<T extends Thing> = (current: Content<T>, ownerId: string | undefined) => Content<T>;

/** The things of one kind. Every door changes them through here. */
export class Catalogue<T extends Thing> {
  readonly #store: Store;
  readonly #purges: Purges;
  readonly #kind: Kind<T>;

  constructor(store: Store, purges: Purges, kind: Kind<T>) {
    this.#store = store;
    this.#purges = purges;
    this.#kind = kind;
  }

  /**
   * @param idOrSlug the id of any thing; the slug of the organisation's, or of the owner's where one is named
   * @returns undefined for what the organisation does not have, whoever else may have it
   */
  get(organizationId: string, idOrSlug: string, ownerId?: string): Promise<T | undefined> {
    return this.#find(this.#store.for(organizationId), idOrSlug, ownerId);
  }

  /** @throws AppError query-too-expensive; invalid-filter */
  list(organizationId: string, query: Query): Promise<Page<T>> {
    return this.#store.for(organizationId).open(this.#kind.collection).list(query);
  }

  /**
   * Makes a thing: the organisation's, or a user's own.
   * @throws AppError conflict when the slug is taken; invalid-value for something named that is not there; limit-reached
   */
  create(caller: Caller, content: Content<T>, owner?: Owner): Promise<T> {
    return this.#store
      .transaction((change) => this.#createWithin(change, caller, content, owner), {
        turn: this.#turn(caller, content.slug, owner),
      })
      .catch(takenAs("slug", `There is a ${this.#kind.title} with this slug already.`));
  }

  /**
   * Makes the thing of this slug, or puts other content in the place of what it has. Nothing is written when nothing
   * differs.
   * @throws AppError precondition-failed; invalid-value and limit-reached as `create`
   */
  async put(
    caller: Caller,
    expected: ExpectedVersion,
    content: Content<T>,
    owner?: Owner,
  ): Promise<{ readonly thing: T; readonly isNew: boolean }> {
    return lookTwice(() =>
      this.#store.transaction(
        async (change) => {
          const current = await this.#find(change.for(caller.organizationId), content.slug, owner?.id);
          if (current) {
            return {
              thing: await this.#replaceWithin(change, caller, current, expected, () => content, owner),
              isNew: false,
            };
          }
          if (expected.oneOf) throw new AppError("precondition-failed", `There is no such ${this.#kind.title} yet.`);
          return { thing: await this.#createWithin(change, caller, content, owner), isNew: true };
        },
        { turn: this.#turn(caller, content.slug, owner) },
      ),
    );
  }

  /**
   * @param revise makes what the thing is from now on out of what it is, and whose own it is; may run more than once
   * @throws AppError not-found; precondition-failed; invalid-value as `create`; and what `revise` throws
   */
  update(caller: Caller, idOrSlug: string, expected: ExpectedVersion, revise: Revision<T>, owner?: Owner): Promise<T> {
    return this.#store.transaction(
      async (change) => {
        const current = await this.#require(change, caller, idOrSlug, owner);
        return this.#replaceWithin(change, caller, current, expected, revise, owner);
      },
      { turn: this.#turn(caller, idOrSlug, owner) },
    );
  }

  /** @throws AppError not-found; precondition-failed; referenced with what names it */
  async remove(caller: Caller, idOrSlug: string, expected: ExpectedVersion, owner?: Owner): Promise<void> {
    const { name, title, collection } = this.#kind;
    const purge = await this.#store.transaction(
      async (change) => {
        const current = await this.#require(change, caller, idOrSlug, owner);
        assertVersion(current.version, expected);
        const tenant = change.for(caller.organizationId);
        if (current.ownerId === undefined) await assertUnreferenced(tenant, `${name}:${current.slug}`, title);
        await tenant.open(collection).remove(current.id, current.version);
        await record(change, caller.organizationId, caller, {
          action: `${name}.delete`,
          target: { type: name, id: current.id },
          before: contentOf(current),
          ...ownerTold(current),
        });
        return name === "mcp-server" ? announcePurge(change, caller.organizationId, current.id) : undefined;
      },
      { turn: this.#turn(caller, idOrSlug, owner) },
    );
    if (purge) await this.#purges.carryOut(purge);
  }

  async #createWithin(change: Change, caller: Caller, content: Content<T>, owner?: Owner): Promise<T> {
    const { name, prefix, collection } = this.#kind;
    const { organizationId } = caller;
    const tenant = change.for(organizationId);
    await this.#assertRoom(tenant, owner);
    const thing = {
      ...newEntity(prefix, organizationId),
      ...(owner && { ownerId: owner.id }),
      ...content,
    } as unknown as T;
    await this.#assertNamed(tenant, thing, new Set(), owner);
    await tenant.open(collection).insert(withAsked(thing, this.#kind));
    await record(change, organizationId, caller, {
      action: `${name}.create`,
      target: { type: name, id: thing.id },
      after: contentOf(thing),
      ...ownerTold(thing),
    });
    return thing;
  }

  async #replaceWithin(
    change: Change,
    caller: Caller,
    current: T,
    expected: ExpectedVersion,
    revise: Revision<T>,
    owner?: Owner,
  ): Promise<T> {
    assertVersion(current.version, expected);
    const before = contentOf(current);
    const after = revise(before as unknown as Content<T>, current.ownerId);
    if (after.slug !== current.slug) {
      throw new AppError("invalid-value", `slug never changes; it is ${current.slug}.`, { field: "slug" });
    }
    if (sameAttributes(before, after)) return current;
    const { name, collection } = this.#kind;
    const { id, organizationId, createdAt, ownerId } = current;
    const thing = {
      ...{ id, organizationId, createdAt, ...nextVersion(current) },
      ...(ownerId !== undefined && { ownerId }),
      ...after,
    } as unknown as T;
    const tenant = change.for(organizationId);
    const known = new Set(referencesOf(current, this.#kind).map(nameOf));
    await this.#assertNamed(tenant, thing, known, owner);
    await tenant.open(collection).replace(withAsked(thing, this.#kind), current.version);
    await record(change, organizationId, caller, {
      action: `${name}.update`,
      target: { type: name, id },
      before,
      after: contentOf(thing),
      ...ownerTold(thing),
    });
    return thing;
  }

  async #require(change: Change, { organizationId }: Caller, idOrSlug: string, owner?: Owner): Promise<T> {
    const found = await this.#find(change.for(organizationId), idOrSlug, owner?.id);
    if (found && (!owner || found.ownerId === owner.id)) return found;
    throw notFound(this.#kind.title);
  }

  async #find(tenant: Pick<Tenant<"read">, "open">, idOrSlug: string, ownerId?: string): Promise<T | undefined> {
    const open = tenant.open(this.#kind.collection);
    if (idOrSlug.startsWith(`${this.#kind.prefix}_`)) return open.get(idOrSlug); // no slug has an underscore
    if (!slug.safeParse(idOrSlug).success) return undefined;
    const where = { op: "eq", path: "asked.key", value: keyOf(idOrSlug, ownerId) } as const;
    return (await open.list({ where, limit: 1 })).items[0];
  }

  async #assertRoom(tenant: Tenant<"write">, owner: Owner | undefined): Promise<void> {
    const { most, title, collection } = this.#kind;
    const open = tenant.open(collection);
    const limit = owner ? ownMost : most;
    if (limit === undefined) return;
    const count = await open.count(owner && { op: "eq", path: "ownerId", value: owner.id });
    if (count < limit) return;
    const whose = owner ? "The user" : "The organization";
    throw new AppError(
      "limit-reached",
      `${whose} has ${count} times a ${title}, and no more are possible. Delete one first.`,
    );
  }

  /**
   * What a thing names must be there. What it named before may have gone since; that does not forbid other changes.
   * @throws AppError invalid-value with the pointer of each name that nothing has
   */
  async #assertNamed(tenant: Tenant<"write">, thing: T, known: ReadonlySet<string>, owner?: Owner): Promise<void> {
    const { field, to } = this.#kind.assignment(thing) ?? {};
    if (thing.ownerId !== undefined && to && (to.everyone || to.groups.length + to.users.length > 0)) {
      const detail = `${field} must be empty: it is a user's own.`;
      throw new AppError("invalid-value", detail, { errors: [{ pointer: `/${field}`, detail }] });
    }
    const begun = referencesOf(thing, this.#kind).filter((each) => !known.has(nameOf(each)));
    const errors = (await missingOf(tenant, begun, owner)).map(({ kind, name, pointer }) => ({
      pointer,
      detail: `There is no ${kind} ${JSON.stringify(name)}.`,
    }));
    const [first] = errors;
    if (first) throw new AppError("invalid-value", first.detail, { errors });
  }

  /** Changes that may name something touch what others touch too: within one organisation they go one by one. */
  #turn({ organizationId }: Caller, idOrSlug: string, owner: Owner | undefined): string {
    if (this.#kind.isNaming) return `names ${organizationId}`;
    return `${this.#kind.name} ${keyOf(idOrSlug, owner?.id)}`;
  }
}

/** Whose it is, where it is somebody's own: the credential may be one for many users. */
const ownerTold = ({ ownerId }: Thing): { readonly details?: { readonly ownerId: string } } =>
  ownerId === undefined ? {} : { details: { ownerId } };

/** Own things of one kind that a user may have. */
const ownMost = 200;

/** A thing without what the service keeps by itself. */
export function contentOf<T extends Thing>(thing: T): Readonly<Record<string, unknown>> {
  const { ownerId: _, named: _n, ...content } = attributesOf({ ...(thing as object) });
  return content;
}

export const notFound = (title: string): AppError => new AppError("not-found", `There is no such ${title}.`);
