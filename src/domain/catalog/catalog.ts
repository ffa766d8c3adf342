import { isDeepStrictEqual } from "node:util";
import type { McpServer } from "../../../schemas/mcp-server.ts";
import { slug } from "../../../schemas/text.ts";
import { AppError } from "../../errors.ts";
import type { Page, Query } from "../../store/query.ts";
import type { Entity } from "../../store/record.ts";
import type { Store, Tenant, Transaction } from "../../store/store.ts";
import { recordAuditEvent } from "../audit/record.ts";
import type { Caller } from "../caller.ts";
import { type CascadeDeletes, enqueueCascadeDelete } from "../cleanup/cascade-deletes.ts";
import { mapConflictToField, retryOnConflict } from "../conflict.ts";
import { newEntity, nextVersion } from "../entity.ts";
import { removeServerCredentials } from "../oauth/removed-credentials.ts";
import { assertSameSlug, assertVersion, type ExpectedVersion } from "../precondition.ts";
import { type ContentLimits, countContent, defaultContentLimits } from "./content-quota.ts";
import { assertBelowCountLimit } from "./count-limit.ts";
import { detachReferences } from "./detach.ts";
import { assertReferencesExist, type ResourceOwner } from "./missing-references.ts";
import { assertUnreferenced, type Blocker, findBlockers } from "./references.ts";
import { type CatalogResource, toReferenceKey } from "./resource.ts";
import {
  type CatalogResourceType,
  collectReferences,
  toCatalogKey,
  toResourceContent,
  withLookup,
} from "./resource-types.ts";

/** The fields of a resource that clients may set. */
export type ResourceContent<T extends CatalogResource> = Omit<T, keyof Entity | "ownerId">;

type ReviseContent<T extends CatalogResource> = (
  current: ResourceContent<T>,
  ownerId: string | undefined,
) => ResourceContent<T>;

/** @param current the stored resource that the content replaces. @throws AppError invalid-value */
export type AssertContent<T extends CatalogResource> = (content: ResourceContent<T>, current?: T) => void;

/** The catalog resources of one type. Every API changes them through this class. */
export class Catalog<T extends CatalogResource> {
  readonly #store: Store;
  readonly #cascadeDeletes: Pick<CascadeDeletes, "run">;
  readonly #resourceType: CatalogResourceType<T>;
  readonly #contentLimits: ContentLimits;
  readonly #assertContent: AssertContent<T>;

  /** @param assertContent checks what the schema of the resource cannot, such as a setting of the installation */
  constructor(
    store: Store,
    cascadeDeletes: Pick<CascadeDeletes, "run">,
    resourceType: CatalogResourceType<T>,
    contentLimits = defaultContentLimits,
    assertContent: AssertContent<T> = () => undefined,
  ) {
    this.#store = store;
    this.#cascadeDeletes = cascadeDeletes;
    this.#resourceType = resourceType;
    this.#contentLimits = contentLimits;
    this.#assertContent = assertContent;
  }

  /**
   * @param idOrSlug the id of any resource; the slug of a resource of the organization, or of the owner if one is
   *   passed
   * @returns undefined if the organization has no such resource, even if another organization has it
   */
  get(organizationId: string, idOrSlug: string, ownerId?: string): Promise<T | undefined> {
    return this.#find(this.#store.for(organizationId), idOrSlug, ownerId);
  }

  /** @throws AppError query-too-expensive; invalid-filter */
  list(organizationId: string, query: Query): Promise<Page<T>> {
    return this.#store.for(organizationId).open(this.#resourceType.collection).list(query);
  }

  /** Returns at most 20 resources that refer to this one, and would block its deletion. */
  async listReferrers(organizationId: string, { slug, ownerId }: T): Promise<readonly Blocker[]> {
    const { name } = this.#resourceType;
    if (ownerId !== undefined || name === "policy") return [];
    return findBlockers(this.#store.for(organizationId), { kind: name, name: slug });
  }

  /**
   * Creates a resource of the organization, or of the owner if one is passed.
   * @throws AppError conflict if the slug is taken; invalid-value for a reference to a missing resource; limit-reached
   */
  create(caller: Caller, content: ResourceContent<T>, owner?: ResourceOwner): Promise<T> {
    return this.#store
      .transaction((transaction) => this.#createWithin(transaction, caller, content, owner), {
        lockKey: toLockKey(caller),
      })
      .catch(mapConflictToField("slug", `The slug is already used by another ${this.#resourceType.title}.`));
  }

  /**
   * Creates the resource with this slug, or replaces its content if it exists. Nothing is written if nothing changes.
   * @throws AppError precondition-failed; invalid-value and limit-reached as `create`
   */
  async put(
    caller: Caller,
    expected: ExpectedVersion,
    content: ResourceContent<T>,
    owner?: ResourceOwner,
  ): Promise<{ readonly resource: T; readonly isNew: boolean }> {
    return retryOnConflict(() =>
      this.#store.transaction(
        async (transaction) => {
          const current = await this.#find(transaction.for(caller.organizationId), content.slug, owner?.id);
          if (current) {
            return {
              resource: await this.#replaceWithin(transaction, caller, current, expected, () => content, owner),
              isNew: false,
            };
          }
          if (expected.ifMatch)
            throw new AppError(
              "precondition-failed",
              `The ${this.#resourceType.title} does not exist yet. Omit If-Match to create it.`,
            );
          return { resource: await this.#createWithin(transaction, caller, content, owner), isNew: true };
        },
        { lockKey: toLockKey(caller) },
      ),
    );
  }

  /**
   * Updates a resource. Nothing is written if nothing changes.
   * @param revise computes the new content from the stored content and the owner's id; may run more than once
   * @throws AppError not-found; precondition-failed; invalid-value as `create`; and what `revise` throws
   */
  update(
    caller: Caller,
    idOrSlug: string,
    expected: ExpectedVersion,
    revise: ReviseContent<T>,
    owner?: ResourceOwner,
  ): Promise<T> {
    return this.#store.transaction(
      async (transaction) => {
        const current = await this.#require(transaction, caller, idOrSlug, owner);
        return this.#replaceWithin(transaction, caller, current, expected, revise, owner);
      },
      { lockKey: toLockKey(caller) },
    );
  }

  /**
   * Removes a resource.
   * @param options.isDetached removes the references of other resources as well, instead of throwing `referenced`
   * @throws AppError not-found; precondition-failed; referenced with the resources that refer to it
   */
  async remove(
    caller: Caller,
    idOrSlug: string,
    expected: ExpectedVersion,
    { owner, isDetached = false }: { readonly owner?: ResourceOwner; readonly isDetached?: boolean | undefined } = {},
  ): Promise<void> {
    const { name, title, collection } = this.#resourceType;
    const cascadeDelete = await this.#store.transaction(
      async (transaction) => {
        const current = await this.#require(transaction, caller, idOrSlug, owner);
        assertVersion(current.version, expected);
        const tenant = transaction.for(caller.organizationId);
        if (current.ownerId === undefined && name !== "policy") {
          const target = { kind: name, name: current.slug } as const;
          if (isDetached) await detachReferences(transaction, caller, target, title);
          else await assertUnreferenced(tenant, target, title);
        }
        await tenant.open(collection).remove(current.id, current.version);
        await countContent(tenant, { ownerId: current.ownerId, before: current }, this.#contentLimits);
        await recordAuditEvent(transaction, caller.organizationId, caller, {
          action: `${name}.delete`,
          target: { type: name, id: current.id },
          before: toResourceContent(current),
          ...toOwnerDetails(current),
        });
        if (name !== "mcp-server") return undefined;
        await removeServerCredentials(transaction, caller.organizationId, current as unknown as McpServer);
        return enqueueCascadeDelete(transaction, caller, current.id);
      },
      { lockKey: toLockKey(caller) },
    );
    if (cascadeDelete) await this.#cascadeDeletes.run(cascadeDelete);
  }

  async #createWithin(
    transaction: Transaction,
    caller: Caller,
    content: ResourceContent<T>,
    owner?: ResourceOwner,
  ): Promise<T> {
    const { name, prefix, collection } = this.#resourceType;
    const { organizationId } = caller;
    const tenant = transaction.for(organizationId);
    this.#assertContent(content);
    await assertBelowCountLimit(tenant, this.#resourceType, owner);
    const resource = {
      ...newEntity(prefix, organizationId),
      ...(owner && { ownerId: owner.id }),
      ...withoutEmptyLabels(content),
    } as unknown as T;
    await assertReferencesExist(tenant, this.#resourceType, resource, new Set(), owner);
    await countContent(tenant, { ownerId: owner?.id, after: resource }, this.#contentLimits);
    await tenant.open(collection).insert(withLookup(resource, this.#resourceType));
    await recordAuditEvent(transaction, organizationId, caller, {
      action: `${name}.create`,
      target: { type: name, id: resource.id },
      after: toResourceContent(resource),
      ...toOwnerDetails(resource),
    });
    return resource;
  }

  async #replaceWithin(
    transaction: Transaction,
    caller: Caller,
    current: T,
    expected: ExpectedVersion,
    revise: ReviseContent<T>,
    owner?: ResourceOwner,
  ): Promise<T> {
    assertVersion(current.version, expected);
    const before = toResourceContent(current);
    const revised = revise(before as unknown as ResourceContent<T>, current.ownerId);
    const after = { ...revised, labels: revised.labels ?? {} };
    assertSameSlug(current, after);
    if (isDeepStrictEqual(before, after)) return current;
    this.#assertContent(after, current);
    const { name, collection } = this.#resourceType;
    const { id, organizationId, createdAt, ownerId } = current;
    const resource = {
      ...{ id, organizationId, createdAt, ...nextVersion(current) },
      ...(ownerId !== undefined && { ownerId }),
      ...withoutEmptyLabels(after),
    } as unknown as T;
    const tenant = transaction.for(organizationId);
    const previousReferences = new Set(collectReferences(current, this.#resourceType).map(toReferenceKey));
    await assertReferencesExist(tenant, this.#resourceType, resource, previousReferences, owner);
    await countContent(tenant, { ownerId, before: current, after: resource }, this.#contentLimits);
    await tenant.open(collection).replace(withLookup(resource, this.#resourceType), current.version);
    await recordAuditEvent(transaction, organizationId, caller, {
      action: `${name}.update`,
      target: { type: name, id },
      before,
      after: toResourceContent(resource),
      ...toOwnerDetails(resource),
    });
    return resource;
  }

  async #require(
    transaction: Transaction,
    { organizationId }: Caller,
    idOrSlug: string,
    owner?: ResourceOwner,
  ): Promise<T> {
    const resource = await this.#find(transaction.for(organizationId), idOrSlug, owner?.id);
    if (resource && (!owner || resource.ownerId === owner.id)) return resource;
    throw resourceNotFound(this.#resourceType.title);
  }

  async #find(tenant: Pick<Tenant<"read">, "open">, idOrSlug: string, ownerId?: string): Promise<T | undefined> {
    const reader = tenant.open(this.#resourceType.collection);
    // Slugs contain no underscore, so an id is never mistaken for a slug.
    if (idOrSlug.startsWith(`${this.#resourceType.prefix}_`)) return reader.get(idOrSlug);
    if (!slug.safeParse(idOrSlug).success) return undefined;
    const where = { op: "eq", path: "lookup.key", value: toCatalogKey(idOrSlug, ownerId) } as const;
    return (await reader.list({ where, limit: 1 })).items[0];
  }
}

/**
 * The changes of the catalog of one organization run one after another in this process: those of references lock the
 * referenced resources, and those of long content add to the same sums.
 */
const toLockKey = ({ organizationId }: Caller): string => `catalog ${organizationId}`;

/** Audit events record the owner of a user-owned resource, because one credential may act for many users. */
const toOwnerDetails = ({ ownerId }: CatalogResource): { readonly details?: { readonly ownerId: string } } =>
  ownerId === undefined ? {} : { details: { ownerId } };

/** A resource without labels is stored as in earlier releases, which read it during an update of several replicas. */
function withoutEmptyLabels<T extends Pick<CatalogResource, "labels">>({ labels = {}, ...content }: T): object {
  return Object.keys(labels).length > 0 ? { ...content, labels } : content;
}

/** The error for a resource that does not exist or that the caller may not use. @param title name of the type */
export const resourceNotFound = (title: string): AppError => new AppError("not-found", `The ${title} was not found.`);
