import { isDeepStrictEqual } from "node:util";
import type { WithSearchFields } from "../../../schemas/user.ts";
import { AppError } from "../../errors.ts";
import type { Field } from "../../store/fields.ts";
import { withSearchFields } from "../../store/normalized-fields.ts";
import { type Entity, toAttributes } from "../../store/record.ts";
import type { CollectionDefinition, ExpectedReads, Store, Transaction } from "../../store/store.ts";
import { type AuditEventContent, recordAuditEvent } from "../audit/record.ts";
import type { Caller } from "../caller.ts";
import { detachReferences } from "../catalog/detach.ts";
import { assertUnreferenced } from "../catalog/references.ts";
import { type CascadeDeletes, enqueueCascadeDelete } from "../cleanup/cascade-deletes.ts";
import { mapConflictToField, retryOnConflict } from "../conflict.ts";
import { newEntity, nextVersion } from "../entity.ts";
import { readExtensionsOnce } from "../extensions/read-extensions.ts";
import { assertVersion, type ExpectedVersion } from "../precondition.ts";
import { findByIdOrName, type IdOrName, toLockKey } from "./id-or-name.ts";
import { assertCanEdit, type Editor, type Managed, resolveManagedBy, toEditDetails } from "./managed.ts";

/** A user or a group as it is stored. */
export type DirectoryResource = Entity & Managed & StoredAttributes;

/** Attributes by name, without the fields that the service maintains. */
export type StoredAttributes = Readonly<Record<string, unknown>>;

/** Describes one kind of directory resource. */
export interface DirectoryType<T extends DirectoryResource> {
  /** The name in audit events, references and messages. */
  readonly name: "user" | "group";
  readonly prefix: "usr" | "grp";
  readonly collection: CollectionDefinition<T, WithSearchFields<T>>;
  /** The attribute that is unique within an organization, and its field in conditions. */
  readonly uniqueAttribute: "userName" | "displayName";
  readonly uniqueField: Field;
}

/** The result of a PUT: the stored resource, and whether the PUT created it. */
export interface PutResult<T> {
  readonly stored: T;
  readonly isNew: boolean;
}

/** Returns what an audit event records of a resource: its attributes and its labels. */
function toAuditSnapshot(resource: DirectoryResource): StoredAttributes {
  const { labels } = resource;
  return labels === undefined ? toAttributes(resource) : { ...toAttributes(resource), labels };
}

interface RemovalOptions {
  readonly isDetached?: boolean | undefined;
  readonly removeRelated?: (transaction: Transaction, id: string) => Promise<void>;
}

/**
 * The operations that users and groups have in common: lookup by id or name, PUT as an upsert, update and removal, each
 * in one transaction with its audit event. `Users` and `Groups` add their own rules inside these transactions.
 */
export class Directory<T extends DirectoryResource> {
  readonly #store: Store;
  readonly #cascadeDeletes: Pick<CascadeDeletes, "run">;
  readonly #type: DirectoryType<T>;

  constructor(store: Store, cascadeDeletes: Pick<CascadeDeletes, "run">, type: DirectoryType<T>) {
    this.#store = store;
    this.#cascadeDeletes = cascadeDeletes;
    this.#type = type;
  }

  /** @returns undefined if the organization has no such resource */
  get(organizationId: string, idOrName: IdOrName): Promise<T | undefined> {
    const { collection, uniqueField } = this.#type;
    return findByIdOrName(this.#store.for(organizationId).open(collection), idOrName, uniqueField);
  }

  /** @throws AppError conflict if the unique name is taken; and whatever `create` throws */
  create(create: (transaction: Transaction) => Promise<T>): Promise<T> {
    return this.#runTransaction(create);
  }

  /**
   * Creates the resource with this name, or updates it if it exists.
   * @param operations.create creates the resource inside the transaction
   * @param operations.update updates the existing resource inside the transaction; checks `expected` itself
   * @throws AppError precondition-failed if `expected` requires a version and nothing is stored; conflict
   */
  put(
    caller: Caller,
    name: string,
    expected: ExpectedVersion | undefined,
    operations: {
      readonly create: (transaction: Transaction) => Promise<T>;
      readonly update: (transaction: Transaction, current: T) => Promise<T>;
    },
  ): Promise<PutResult<T>> {
    const idOrName = { name };
    return retryOnConflict(() =>
      this.#runTransaction(async (transaction) => {
        const current = await this.#find(transaction, caller, idOrName);
        if (current) return { stored: await operations.update(transaction, current), isNew: false };
        if (expected?.ifMatch) {
          throw new AppError(
            "precondition-failed",
            `The ${this.#type.name} does not exist yet. Omit If-Match to create it.`,
          );
        }
        return { stored: await operations.create(transaction), isNew: true };
      }, idOrName),
    );
  }

  /**
   * Runs a change of one existing resource in a transaction.
   * @param change checks the expected version itself
   * @param expectedReads what `change` will probably read beside the resource
   * @throws AppError not-found; conflict; and whatever `change` throws
   */
  update<R>(
    caller: Caller,
    idOrName: IdOrName,
    change: (transaction: Transaction, current: T) => Promise<R>,
    expectedReads: Omit<ExpectedReads, "organizationId"> = {},
  ): Promise<R> {
    const { organizationId } = caller;
    const ownIds = typeof idOrName === "string" ? [idOrName] : [];
    const records = [{ definition: this.#type.collection, ids: ownIds }, ...(expectedReads.records ?? [])];
    return this.#runTransaction(
      async (transaction) => change(transaction, await this.#require(transaction, caller, idOrName)),
      idOrName,
      { ...expectedReads, organizationId, records },
    );
  }

  /**
   * Removes a resource, and then everything that depends on it. References from the catalog block an admin, but not the
   * identity provider: a user who has left must lose access.
   * @param options.isDetached removes the references of the catalog as well, instead of throwing `referenced`
   * @param options.removeRelated removes further records in the same transaction, before the audit event is recorded
   * @throws AppError not-found; precondition-failed; managed; referenced
   */
  async remove(
    caller: Caller,
    idOrName: IdOrName,
    expected: ExpectedVersion | undefined,
    editor: Editor,
    { isDetached = false, removeRelated }: RemovalOptions = {},
  ): Promise<void> {
    const { name, collection } = this.#type;
    const { organizationId } = caller;
    const cascadeDelete = await this.#runTransaction(async (transaction) => {
      const current = await this.#require(transaction, caller, idOrName);
      const { id } = current;
      assertVersion(current.version, expected);
      assertCanEdit(current, editor, name);
      const tenant = transaction.for(organizationId);
      if (isDetached) await detachReferences(transaction, caller, { kind: name, name: id }, name);
      else if (editor !== "scim") await assertUnreferenced(tenant, { kind: name, name: id }, name);
      await tenant.open(collection).remove(id, current.version);
      await removeRelated?.(transaction, id);
      await recordAuditEvent(transaction, organizationId, caller, {
        action: `${name}.delete`,
        target: { type: name, id },
        before: toAuditSnapshot(current),
        ...toEditDetails(current, editor),
      });
      return enqueueCascadeDelete(transaction, caller, id);
    }, idOrName);
    await this.#cascadeDeletes.run(cascadeDelete);
  }

  /**
   * Inserts a new resource and records the event of its creation.
   * @param insertRelated inserts further records in the same transaction; returns details for the audit event
   */
  async insertWithin(
    transaction: Transaction,
    caller: Caller,
    attributes: StoredAttributes,
    editor: Editor,
    insertRelated?: (id: string) => Promise<Pick<AuditEventContent, "details">>,
  ): Promise<T> {
    const { name, prefix, collection } = this.#type;
    const { organizationId } = caller;
    const entity = newEntity(prefix, organizationId);
    const resource = { ...entity, ...resolveManagedBy({}, editor), ...attributes } as unknown as T;
    const tenant = transaction.for(organizationId);
    await tenant.open(collection).insert(await this.#withSearchFields(transaction, resource));
    const details = await insertRelated?.(entity.id);
    await recordAuditEvent(transaction, organizationId, caller, {
      action: `${name}.create`,
      target: { type: name, id: entity.id },
      after: toAuditSnapshot(resource),
      ...details,
    });
    return resource;
  }

  /** @returns whether a write by this editor would change neither the attributes nor the manager of the resource */
  isUnchanged(current: T, attributes: StoredAttributes, editor: Editor): boolean {
    return (
      isDeepStrictEqual(toAttributes(current), attributes) &&
      resolveManagedBy(current, editor).managedBy === current.managedBy
    );
  }

  /**
   * Stores the next version of a resource. The caller records the audit event.
   * @param internal fields beside the attributes that the domain maintains
   * @throws AppError managed; conflict
   */
  async replaceWithin(
    transaction: Transaction,
    current: T,
    attributes: StoredAttributes,
    editor: Editor,
    internal: object = {},
  ): Promise<T> {
    const { name, collection } = this.#type;
    assertCanEdit(current, editor, name);
    const { id, organizationId, createdAt } = current;
    const resource = {
      id,
      organizationId,
      createdAt,
      ...nextVersion(current),
      ...resolveManagedBy(current, editor),
      ...internal,
      ...attributes,
    } as unknown as T;
    const written = await this.#withSearchFields(transaction, resource);
    await transaction.for(organizationId).open(collection).replace(written, current.version);
    return resource;
  }

  /** Reads the extension schemas in the same transaction, so that the index has what they declare when it commits. */
  async #withSearchFields(transaction: Transaction, resource: T): Promise<WithSearchFields<T>> {
    if (!resource["scimExtensions"]) return withSearchFields(resource);
    return withSearchFields(resource, await readExtensionsOnce(transaction, resource.organizationId));
  }

  /** Runs one transaction. A conflict is reported for the attribute, because the store knows only the index. */
  #runTransaction<R>(
    body: (transaction: Transaction) => Promise<R>,
    idOrName?: IdOrName,
    expectedReads?: ExpectedReads,
  ): Promise<R> {
    const lockKey = idOrName === undefined ? {} : { lockKey: toLockKey(idOrName) };
    return this.#store
      .transaction(body, { ...lockKey, ...(expectedReads && { expectedReads }) })
      .catch(mapConflictToField(this.#type.uniqueAttribute));
  }

  #find(transaction: Transaction, { organizationId }: Caller, idOrName: IdOrName): Promise<T | undefined> {
    const { collection, uniqueField } = this.#type;
    return findByIdOrName(transaction.for(organizationId).open(collection), idOrName, uniqueField);
  }

  async #require(transaction: Transaction, caller: Caller, idOrName: IdOrName): Promise<T> {
    const resource = await this.#find(transaction, caller, idOrName);
    if (!resource) throw new AppError("not-found", `The ${this.#type.name} was not found.`);
    return resource;
  }
}
