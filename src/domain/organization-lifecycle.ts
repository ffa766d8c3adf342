import type { Organization } from "../../schemas/organization.ts";
import { AppError } from "../errors.ts";
import { type CascadeDelete, organizations, serviceTenant } from "../store/collections.ts";
import type { Store, Transaction } from "../store/store.ts";
import { type AuditActor, recordAuditEvent } from "./audit/record.ts";
import { type CascadeDeletes, enqueueCascadeDelete } from "./cleanup/cascade-deletes.ts";
import { nextVersion } from "./entity.ts";
import { findOrganizationBySlug, parseOrganization } from "./organizations.ts";

/** Renames, disables, enables and removes organizations, which only the operator of the installation can do. */
export class OrganizationLifecycle {
  readonly #store: Store;
  readonly #cascadeDeletes: CascadeDeletes;

  constructor(store: Store, cascadeDeletes: CascadeDeletes) {
    this.#store = store;
    this.#cascadeDeletes = cascadeDeletes;
  }

  /**
   * Changes the slug, and the name if there is a new one. Ids and tokens stay the same.
   * @param slug the current slug
   * @returns the organization; it is unchanged if it has the slug and the name already
   * @throws AppError not-found; invalid-value naming the field; conflict if the new slug is in use
   */
  rename(
    auditActor: AuditActor,
    slug: string,
    next: { readonly slug: string; readonly name?: string },
  ): Promise<Organization> {
    return this.#store.transaction(async (tx) => {
      const current = await readBySlug(tx, slug);
      const renamed = parseOrganization({ ...current, ...next });
      if (renamed.slug === current.slug && renamed.name === current.name) return current;
      const updated = { ...renamed, ...nextVersion(current) };
      await tx.for(serviceTenant).open(organizations).replace(updated, current.version);
      await recordAuditEvent(tx, current.id, auditActor, {
        action: "organization.rename",
        target: { type: "organization", id: current.id },
        before: { slug: current.slug, name: current.name },
        after: { slug: updated.slug, name: updated.name },
      });
      return updated;
    });
  }

  /**
   * Disables an organization: when the call returns, every replica rejects all of its tokens from the next request on.
   * Its records stay. Repeating the call finishes an interrupted one.
   * @throws AppError not-found; unavailable
   */
  disable(auditActor: AuditActor, slug: string): Promise<Organization> {
    return this.#setDisabled(auditActor, slug, true);
  }

  /**
   * Enables a disabled organization: its tokens are as they were before.
   * @throws AppError not-found; unavailable
   */
  enable(auditActor: AuditActor, slug: string): Promise<Organization> {
    return this.#setDisabled(auditActor, slug, false);
  }

  /**
   * Removes an organization with all of its records, its audit log included, in small transactions. The organization is
   * gone with the first one; an interruption leaves the rest to a running service. The audit event of the removal is
   * kept for the installation, which the administrators of the organization read if only one remains.
   * @returns the removed organization
   * @throws AppError not-found; conflict for the only organization; unavailable
   */
  async remove(auditActor: AuditActor, slug: string): Promise<Organization> {
    const { removed, cascadeDelete } = await this.#store.transaction(async (tx) => {
      const organization = await readBySlug(tx, slug);
      const collection = tx.for(serviceTenant).open(organizations);
      const [other, ...more] = (await collection.list({ limit: 3 })).items.filter(({ id }) => id !== organization.id);
      // A store without organizations is initialized by the next start, with a new token.
      if (!other)
        throw new AppError("conflict", `${slug} is the only organization. Create another one before you delete it.`);
      await collection.remove(organization.id, organization.version);
      await collection.increment(other.id, { lockVersion: 1 }); // conflicts with a concurrent removal of that one
      const auditLog = more.length === 0 ? other.id : serviceTenant;
      const { id, name, createdAt } = organization;
      await recordAuditEvent(tx, auditLog, auditActor, {
        action: "organization.delete",
        target: { type: "organization", id },
        before: { slug, name, createdAt },
      });
      return { removed: organization, cascadeDelete: await enqueue(tx, auditActor, organization) };
    });
    await this.#cascadeDeletes.complete(cascadeDelete);
    return removed;
  }

  async #setDisabled(auditActor: AuditActor, slug: string, isDisabled: boolean): Promise<Organization> {
    const { changed, cascadeDelete } = await this.#store.transaction(async (tx) => {
      const current = await readBySlug(tx, slug);
      const cascade = await enqueue(tx, auditActor, current);
      if ((current.disabledAt !== undefined) === isDisabled) return { changed: current, cascadeDelete: cascade };
      const { disabledAt, ...enabled } = current;
      const version = nextVersion(current);
      const next = { ...enabled, ...version, ...(isDisabled && { disabledAt: version.updatedAt }) };
      await tx.for(serviceTenant).open(organizations).replace(next, current.version);
      await recordAuditEvent(tx, current.id, auditActor, {
        action: isDisabled ? "organization.disable" : "organization.enable",
        target: { type: "organization", id: current.id },
        ...(disabledAt !== undefined && { before: { disabledAt } }),
      });
      return { changed: next, cascadeDelete: cascade };
    });
    await this.#cascadeDeletes.complete(cascadeDelete);
    return changed;
  }
}

const enqueue = (tx: Transaction, auditActor: AuditActor, { id }: Organization): Promise<CascadeDelete> =>
  enqueueCascadeDelete(tx, { ...auditActor, organizationId: id }, id);

/** @throws AppError not-found */
async function readBySlug(tx: Transaction, slug: string): Promise<Organization> {
  const organization = await findOrganizationBySlug(tx, slug);
  if (organization) return organization;
  throw new AppError("not-found", `There is no organization ${slug}. "gatehouse organization list" shows all.`);
}
