import { isDeepStrictEqual } from "node:util";
import { isUrnWithin, type ScimExtension, scimExtensionLimits } from "../../../schemas/scim-extension.ts";
import { AppError } from "../../errors.ts";
import { organizations, scimExtensions, serviceTenant } from "../../store/collections.ts";
import type { Store, Transaction } from "../../store/store.ts";
import { recordAuditEvent } from "../audit/record.ts";
import type { Caller } from "../caller.ts";
import { type CascadeDeletes, enqueueCascadeDelete } from "../cleanup/cascade-deletes.ts";
import { newEntity, nextVersion } from "../entity.ts";
import { assertVersion, type ExpectedVersion } from "../precondition.ts";
import { findValueHolders, reviseRemovedAttributes, type ScimExtensionContent } from "./extension-changes.ts";
import { readExtensions } from "./read-extensions.ts";

/** The extension schemas that organizations declare for their users and groups (RFC 7643 section 3.3). */
export class ScimExtensions {
  readonly #store: Store;
  readonly #cascadeDeletes: Pick<CascadeDeletes, "run">;

  constructor(store: Store, cascadeDeletes: Pick<CascadeDeletes, "run">) {
    this.#store = store;
    this.#cascadeDeletes = cascadeDeletes;
  }

  /** Returns all schemas of an organization in order of creation. */
  list(organizationId: string): Promise<readonly ScimExtension[]> {
    return readExtensions(this.#store.for(organizationId));
  }

  /** @param urn compared case-insensitively. @returns undefined if the organization has no such schema */
  async get(organizationId: string, urn: string): Promise<ScimExtension | undefined> {
    return findByUrn(await this.list(organizationId), urn);
  }

  /**
   * Creates the schema with this URN, or replaces its content.
   * @throws AppError precondition-failed; mutability for another resource type; limit-reached; conflict for a URN that
   *   contains that of another schema; referenced for a change that stored values do not allow
   */
  put(
    caller: Caller,
    urn: string,
    expected: ExpectedVersion,
    content: ScimExtensionContent,
  ): Promise<{ readonly stored: ScimExtension; readonly isNew: boolean }> {
    return this.#change(caller, async (transaction, all) => {
      const current = findByUrn(all, urn);
      if (current) {
        return { stored: await replaceWithin(transaction, caller, all, current, expected, content), isNew: false };
      }
      if (expected.ifMatch) {
        const detail = "The extension schema does not exist yet. Omit If-Match to create it.";
        throw new AppError("precondition-failed", detail);
      }
      assertLimits(all, content);
      assertDistinctUrn(all, urn);
      const { organizationId } = caller;
      const stored: ScimExtension = { ...newEntity("ext", organizationId), urn, ...content };
      await transaction.for(organizationId).open(scimExtensions).insert(withLookup(stored));
      await recordAuditEvent(transaction, organizationId, caller, {
        action: "scim-extension.create",
        target: { type: "scim-extension", id: stored.id },
        after: toAuditSnapshot(stored),
      });
      return { stored, isNew: true };
    });
  }

  /**
   * Changes the content of a schema. A change without effect writes nothing.
   * @param revise computes the new content; may run more than once
   * @throws AppError not-found; the errors of `put`; and whatever `revise` throws
   */
  update(
    caller: Caller,
    urn: string,
    expected: ExpectedVersion,
    revise: (current: ScimExtension) => ScimExtensionContent,
  ): Promise<ScimExtension> {
    return this.#change(caller, (transaction, all) => {
      const current = requireByUrn(all, urn);
      return replaceWithin(transaction, caller, all, current, expected, revise(current));
    });
  }

  /**
   * Removes a schema.
   * @param isForced whether to remove the stored values too; they are removed in the background
   * @throws AppError not-found; precondition-failed; referenced, with holders of values, unless it is forced
   */
  async remove(caller: Caller, urn: string, expected: ExpectedVersion, isForced: boolean): Promise<void> {
    const { organizationId } = caller;
    const cascadeDelete = await this.#change(caller, async (transaction, all) => {
      const current = requireByUrn(all, urn);
      assertVersion(current.version, expected);
      const tenant = transaction.for(organizationId);
      const blockers = await findValueHolders(tenant, current);
      if (blockers.length > 0 && !isForced) {
        const holders = current.resourceType === "User" ? "Users" : "Groups";
        throw new AppError(
          "referenced",
          `${holders} have values of the extension schema. Remove the values first, or set force=true to remove them with the schema.`,
          { blockers },
        );
      }
      await tenant.open(scimExtensions).remove(current.id, current.version);
      await recordAuditEvent(transaction, organizationId, caller, {
        action: "scim-extension.delete",
        target: { type: "scim-extension", id: current.id },
        before: toAuditSnapshot(current),
        ...(blockers.length > 0 && { details: { force: true } }),
      });
      // Also without values: a concurrent write may add some.
      return enqueueCascadeDelete(transaction, caller, current.id);
    });
    await this.#cascadeDeletes.run(cascadeDelete);
  }

  /** Runs one change of the schemas of an organization. Two concurrent ones conflict, because each sees all schemas. */
  #change<R>(
    { organizationId }: Caller,
    change: (transaction: Transaction, all: readonly ScimExtension[]) => Promise<R>,
  ): Promise<R> {
    return this.#store.transaction(
      async (transaction) => {
        await transaction.for(serviceTenant).open(organizations).increment(organizationId, { lockVersion: 1 });
        return change(transaction, await readExtensions(transaction.for(organizationId)));
      },
      { lockKey: organizationId },
    );
  }
}

const findByUrn = (all: readonly ScimExtension[], urn: string): ScimExtension | undefined =>
  all.find((each) => each.urn.toLowerCase() === urn.toLowerCase());

function requireByUrn(all: readonly ScimExtension[], urn: string): ScimExtension {
  const extension = findByUrn(all, urn);
  if (!extension) throw new AppError("not-found", "The extension schema was not found.");
  return extension;
}

async function replaceWithin(
  transaction: Transaction,
  caller: Caller,
  all: readonly ScimExtension[],
  current: ScimExtension,
  expected: ExpectedVersion,
  content: ScimExtensionContent,
): Promise<ScimExtension> {
  assertVersion(current.version, expected);
  if (content.resourceType !== current.resourceType) {
    throw new AppError("mutability", "resourceType cannot be changed. Declare another extension schema.", {
      field: "resourceType",
    });
  }
  assertLimits(
    all.filter(({ id }) => id !== current.id),
    content,
  );
  const { id, organizationId, createdAt, urn } = current;
  const tenant = transaction.for(organizationId);
  const removedAttributes = await reviseRemovedAttributes(tenant, current, content);
  const next = { urn, ...content, ...(removedAttributes.length > 0 && { removedAttributes: [...removedAttributes] }) };
  const before = toAuditSnapshot(current);
  if (isDeepStrictEqual(before, next)) return current;
  const stored: ScimExtension = { id, organizationId, createdAt, ...nextVersion(current), ...next };
  await tenant.open(scimExtensions).replace(withLookup(stored), current.version);
  await recordAuditEvent(transaction, organizationId, caller, {
    action: "scim-extension.update",
    target: { type: "scim-extension", id },
    before,
    after: next,
  });
  return stored;
}

/** @throws AppError limit-reached */
function assertLimits(others: readonly ScimExtension[], { resourceType, attributes }: ScimExtensionContent): void {
  const sameType = others.filter((each) => each.resourceType === resourceType);
  if (sameType.length >= scimExtensionLimits.schemas) {
    const detail = `An organization has at most ${scimExtensionLimits.schemas} extension schemas for ${resourceType}.`;
    throw new AppError("limit-reached", detail);
  }
  const indexedCount = [...attributes, ...sameType.flatMap((each) => each.attributes)].filter(
    ({ indexed }) => indexed,
  ).length;
  if (indexedCount > scimExtensionLimits.indexedAttributes) {
    const detail = `An organization has at most ${scimExtensionLimits.indexedAttributes} indexed attributes for ${resourceType}.`;
    throw new AppError("limit-reached", detail, { field: "attributes" });
  }
}

/** An attribute path must belong to one schema only. @throws AppError conflict */
function assertDistinctUrn(others: readonly ScimExtension[], urn: string): void {
  const overlapping = others.find(({ urn: other }) => isUrnWithin(urn, other) || isUrnWithin(other, urn));
  if (!overlapping) return;
  const detail = `A path could mean an attribute of ${urn} or of ${overlapping.urn}. Use a URN that does not continue another one.`;
  throw new AppError("conflict", detail, { field: "urn" });
}

/** Returns the fields by which a schema is looked up. */
export const toExtensionLookup = ({
  urn,
}: Pick<ScimExtension, "urn">): { readonly lookup: { readonly key: string } } => ({
  lookup: { key: urn.toLowerCase() },
});

const withLookup = (extension: ScimExtension): ScimExtension & ReturnType<typeof toExtensionLookup> => ({
  ...extension,
  ...toExtensionLookup(extension),
});

const toAuditSnapshot = (extension: ScimExtension): Readonly<Record<string, unknown>> => {
  const { id: _, organizationId: _o, version: _v, createdAt: _c, updatedAt: _u, ...content } = extension;
  return content;
};
