import { AppError, StartupError } from "../../errors.ts";
import { organizations, type PendingImport, pendingImports, serviceTenant } from "../../store/collections.ts";
import type { Store, Transaction } from "../../store/store.ts";
import { findTenantRemovals } from "../cleanup/organization-records.ts";
import { newEntity } from "../entity.ts";
import { tenantCollections } from "./transferred-collections.ts";

/**
 * An import writes in many transactions. Until the last one, which writes the organizations and their tokens and removes
 * the marker, no client can reach what it has written, and the marker names what to remove if it does not end.
 */
export async function startPendingImport(
  transaction: Transaction,
  organizationIds: readonly string[],
): Promise<PendingImport> {
  const pending = { ...newEntity("imp", serviceTenant), organizationIds };
  await transaction.for(serviceTenant).open(pendingImports).insert(pending);
  return pending;
}

/**
 * Marks the import as running, in each of its transactions, so that no other one removes what it writes.
 * @throws AppError conflict if its marker is gone
 */
export async function touchPendingImport(transaction: Transaction, { id }: PendingImport): Promise<void> {
  const now = new Date().toISOString();
  const writer = transaction.for(serviceTenant).open(pendingImports);
  if (!(await writer.increment(id, { version: 1 }, { updatedAt: now }))) throw wasDiscarded();
}

/** Removes the marker of an import that has ended, in its last transaction. @throws AppError conflict if it is gone */
export async function endPendingImport(transaction: Transaction, { id }: PendingImport): Promise<void> {
  if (!(await transaction.for(serviceTenant).open(pendingImports).remove(id, "any"))) throw wasDiscarded();
}

const wasDiscarded = (): AppError => new AppError("conflict", "Another command has removed this import. Repeat it.");

/** Longer than a transaction can take, in milliseconds. */
const interruptedAfterMs = 120_000;

/**
 * Removes what unfinished imports have written. It can be repeated after an interruption.
 * @param ownId the import of the caller, which has ended
 * @returns the number of imports
 * @throws AppError conflict if another import is running
 */
export async function discardPendingImports(store: Store, ownId?: string): Promise<number> {
  for (let discarded = 0; ; discarded++) {
    const [pending] = (await store.for(serviceTenant).open(pendingImports).list({ limit: 1 })).items;
    if (!pending) return discarded;
    if (pending.id !== ownId && Date.now() - Date.parse(pending.updatedAt) < interruptedAfterMs)
      throw new AppError(
        "conflict",
        "Another import is running, or was interrupted less than two minutes ago. Wait two minutes, and repeat the command.",
      );
    for (const id of pending.organizationIds) await discardOrganization(store, id);
    await store.transaction(async (transaction) => {
      await transaction.for(serviceTenant).open(pendingImports).remove(pending.id, "any");
    });
  }
}

async function discardOrganization(store: Store, organizationId: string): Promise<void> {
  const definitions = tenantCollections.map(({ definition }) => definition);
  for await (const step of findTenantRemovals(store, organizationId, definitions)) await store.transaction(step);
}

/**
 * Checks at the start of the service that the store is not the target of an unfinished import. A store that has other
 * organizations serves them, because no client can reach what the import has written.
 * @throws StartupError with the fix
 */
export async function assertNoPendingImport(store: Store): Promise<void> {
  const service = store.for(serviceTenant);
  if ((await service.open(pendingImports).count()) === 0 || (await service.open(organizations).count()) > 0) return;
  throw new StartupError(
    'An import into this store has not ended: repeat it with "gatehouse import FILE", or remove what it has written with "gatehouse import --discard".',
  );
}
