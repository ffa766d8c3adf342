import {
  collections,
  connections,
  exchanges,
  groups,
  organizations,
  serviceTenant,
  tokens,
  webhookDeliveries,
} from "../../store/collections.ts";
import { idPages, pages } from "../../store/paging/pages.ts";
import type { SizeLimit } from "../../store/query.ts";
import type { Entity } from "../../store/record.ts";
import type { CollectionDefinition, Store, Transaction } from "../../store/store.ts";
import { nextVersion } from "../entity.ts";
import { removeCredential } from "../oauth/removed-credentials.ts";

/** Changes one batch of records inside a transaction. */
export type OrganizationStep = (transaction: Transaction) => Promise<void>;

/** Few enough records per transaction not to delay other writers, and at most a megabyte read at once. */
const recordsMax = 100;
const tokensMax = 50;
const membershipsMax = 500;
const sizeLimit: SizeLimit = { lengthMax: 1024 * 1024, firstBatch: 10 };

/**
 * Finds what is left to do after an organization was disabled, enabled or removed. The tokens of a disabled organization
 * are marked, so that their verification reads nothing else; all records of a removed one are removed, tokens first.
 * Repeating it continues where an interrupted run has ended.
 */
export async function* findOrganizationSteps(store: Store, organizationId: string): AsyncGenerator<OrganizationStep> {
  const organization = await store.for(serviceTenant).open(organizations).get(organizationId);
  if (organization) yield* findTokenMarks(store, organizationId, organization.disabledAt !== undefined);
  else {
    yield* findRecords(store, organizationId, [tokens, exchanges]);
    // The tokens of MCP servers are revoked there.
    yield* findRecords(store, organizationId, [connections], (transaction, id) =>
      removeCredential(transaction, organizationId, id),
    );
    yield* findDeliveries(store, organizationId);
    yield* findTenantRemovals(store, organizationId, collections);
  }
}

/** Finds the steps that remove the memberships of an organization, and then all records of these collections. */
export async function* findTenantRemovals(
  store: Store,
  organizationId: string,
  definitions: readonly CollectionDefinition<Entity>[],
): AsyncGenerator<OrganizationStep> {
  yield* findMemberships(store, organizationId);
  yield* findRecords(store, organizationId, definitions);
}

async function* findTokenMarks(
  store: Store,
  organizationId: string,
  isDisabled: boolean,
): AsyncGenerator<OrganizationStep> {
  for await (const page of pages(store.for(organizationId).open(tokens), { limit: tokensMax })) {
    const ids = page.flatMap(({ id, organizationDisabled = false }) => (organizationDisabled === isDisabled ? [] : id));
    if (ids.length > 0) yield (transaction) => markTokens(transaction, organizationId, ids);
  }
}

/** Marks tokens as the state of the organization requires. It may have changed since the step was found. */
async function markTokens(transaction: Transaction, organizationId: string, ids: readonly string[]): Promise<void> {
  const organization = await transaction.for(serviceTenant).open(organizations).get(organizationId);
  const isDisabled = organization?.disabledAt !== undefined;
  const writer = transaction.for(organizationId).open(tokens);
  for (const id of ids) {
    const token = await writer.get(id);
    if (!token || (token.organizationDisabled ?? false) === isDisabled) continue;
    const { organizationDisabled: _, ...unmarked } = token;
    // The time of the last change stays: what the token may do is the same.
    const { version } = nextVersion(token);
    await writer.replace({ ...unmarked, version, ...(isDisabled && { organizationDisabled: true }) }, token.version);
  }
}

async function* findRecords(
  store: Store,
  organizationId: string,
  definitions: readonly CollectionDefinition<Entity>[],
  removeRelated: (transaction: Transaction, id: string) => Promise<unknown> = async () => undefined,
): AsyncGenerator<OrganizationStep> {
  for (const definition of definitions) {
    const reader = store.for(organizationId).open(definition);
    for await (const page of pages(reader, { limit: recordsMax, sizeLimit })) {
      const ids = page.map(({ id }) => id);
      yield async (transaction) => {
        const writer = transaction.for(organizationId).open(definition);
        for (const id of ids) {
          await removeRelated(transaction, id);
          await writer.remove(id, "any");
        }
      };
    }
  }
}

/** Finds the deliveries of webhooks, which are stored in the service's own tenant. */
async function* findDeliveries(store: Store, organizationId: string): AsyncGenerator<OrganizationStep> {
  const where = { op: "eq", path: "targetOrganizationId", value: organizationId } as const;
  const reader = store.for(serviceTenant).open(webhookDeliveries);
  for await (const page of pages(reader, { where, limit: recordsMax })) {
    yield async (transaction) => {
      for (const { id } of page) await transaction.for(serviceTenant).open(webhookDeliveries).remove(id, "any");
    };
  }
}

async function* findMemberships(store: Store, organizationId: string): AsyncGenerator<OrganizationStep> {
  const { memberships, ...tenant } = store.for(organizationId);
  for await (const page of pages(tenant.open(groups), { limit: recordsMax, sizeLimit })) {
    for (const { id } of page) {
      for await (const memberIds of idPages((range) => memberships.members(id, range), membershipsMax))
        yield async (transaction) => {
          await transaction.for(organizationId).memberships.remove(id, memberIds);
        };
    }
  }
}
