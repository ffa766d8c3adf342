import type { Labels } from "../../../schemas/labels.ts";
import { commands, connections, exchanges, groups, skills, toolkits } from "../../store/collections.ts";
import type { Condition } from "../../store/query.ts";
import { type Entity, toAttributes } from "../../store/record.ts";
import type { CollectionDefinition, Tenant, Transaction } from "../../store/store.ts";
import { type AuditActor, type AuditEventContent, recordAuditEvent, serviceActor } from "../audit/record.ts";
import { discountContent } from "../catalog/content-quota.ts";
import type { CatalogResource } from "../catalog/resource.ts";
import { removeCredential } from "../oauth/removed-credentials.ts";
import { hasExtensionValues, removeExtensionValues } from "./extension-values.ts";

/** The ids of removed users, groups, MCP servers and extension schemas, each with who removed it. */
export type RemovedSubjects = ReadonlyMap<string, AuditActor>;

/**
 * Removes a batch of orphans inside one transaction, and records an audit event for each change.
 * @returns whether there may be more
 */
export type OrphanRemoval = (transaction: Transaction, organizationId: string) => Promise<boolean>;

/**
 * Finds the orphans of removed users, groups, MCP servers and extension schemas: memberships; the resources, connections
 * and token exchanges of users; the connections to servers; the values of extension attributes. Most subjects have none,
 * so each collection is queried once for all subjects.
 */
export async function* findOrphans(tenant: Tenant<"read">, subjects: RemovedSubjects): AsyncGenerator<OrphanRemoval> {
  const { memberships } = tenant;
  const withPrefix = (...prefixes: readonly string[]): readonly string[] =>
    [...subjects.keys()].filter((id) => prefixes.some((prefix) => id.startsWith(prefix)));
  const members = withPrefix("usr_", "grp_");
  if (members.length > 0) {
    for (const memberId of (await memberships.groupsByMember(members)).keys()) {
      yield (transaction, organizationId) => removeFromGroups(transaction, organizationId, memberId, subjects);
    }
  }
  for (const groupId of withPrefix("grp_")) {
    if ((await memberships.members(groupId, { limit: 1 })).length === 0) continue;
    yield (transaction, organizationId) => removeMembers(transaction, organizationId, groupId, subjects);
  }
  for (const extensionId of withPrefix("ext_")) {
    if (!(await hasExtensionValues(tenant, extensionId))) continue;
    yield (transaction, organizationId) =>
      removeExtensionValues(transaction, organizationId, extensionId, (event) =>
        recordRemoval(transaction, organizationId, subjects, extensionId, event),
      );
  }
  for (const dependent of dependentRecords) {
    const { collection, path } = dependent;
    const values = withPrefix(dependent.prefix);
    const where: Condition = { op: "in", path, values };
    if (values.length === 0 || (await tenant.open(collection).list({ where, limit: 1 })).items.length === 0) continue;
    yield (transaction, organizationId) => removeRecords(transaction, organizationId, dependent, where, subjects);
  }
}

/** Records removed per transaction: few enough not to delay other writers. */
const membershipsMax = 500;
const smallRecordsMax = 500;
/** A skill may take megabytes. */
const largeRecordsMax = 20;

/** The records of one collection that belong to a user or MCP server. */
interface DependentRecords {
  readonly prefix: "usr_" | "srv_";
  /** The name of the records in audit events. */
  readonly type: "connection" | "toolkit" | "skill" | "command" | "exchange";
  readonly collection: CollectionDefinition<Entity>;
  /** The field that has the id of the user or MCP server. */
  readonly path: "userId" | "ownerId" | "mcpServerId";
  readonly batchMax: number;
}

const dependentRecords: readonly DependentRecords[] = [
  { prefix: "usr_", type: "connection", collection: connections, path: "userId", batchMax: smallRecordsMax },
  { prefix: "usr_", type: "toolkit", collection: toolkits, path: "ownerId", batchMax: largeRecordsMax },
  { prefix: "usr_", type: "skill", collection: skills, path: "ownerId", batchMax: largeRecordsMax },
  { prefix: "usr_", type: "command", collection: commands, path: "ownerId", batchMax: largeRecordsMax },
  { prefix: "usr_", type: "exchange", collection: exchanges, path: "userId", batchMax: smallRecordsMax },
  { prefix: "srv_", type: "connection", collection: connections, path: "mcpServerId", batchMax: smallRecordsMax },
];

/** Removes a member from its groups. The groups get a new version and a new time of the last change. */
async function removeFromGroups(
  transaction: Transaction,
  organizationId: string,
  memberId: string,
  subjects: RemovedSubjects,
): Promise<boolean> {
  const tenant = transaction.for(organizationId);
  const groupIds = await tenant.memberships.groupsOf(memberId, { limit: membershipsMax });
  const now = new Date().toISOString();
  for (const groupId of groupIds) {
    await tenant.memberships.remove(groupId, [memberId]);
    await tenant.open(groups).increment(groupId, { version: 1 }, { updatedAt: now });
    await recordRemoval(transaction, organizationId, subjects, memberId, {
      action: "group.members.change",
      target: { type: "group", id: groupId },
      details: { removed: [memberId] },
    });
  }
  return groupIds.length === membershipsMax;
}

async function removeMembers(
  transaction: Transaction,
  organizationId: string,
  groupId: string,
  subjects: RemovedSubjects,
): Promise<boolean> {
  const { memberships } = transaction.for(organizationId);
  const memberIds = await memberships.members(groupId, { limit: membershipsMax });
  if (memberIds.length === 0) return false;
  await memberships.remove(groupId, memberIds);
  await recordRemoval(transaction, organizationId, subjects, groupId, {
    action: "group.members.change",
    target: { type: "group", id: groupId },
    details: { removed: memberIds },
  });
  return memberIds.length === membershipsMax;
}

async function removeRecords(
  transaction: Transaction,
  organizationId: string,
  { type, collection, path, batchMax }: DependentRecords,
  where: Condition,
  subjects: RemovedSubjects,
): Promise<boolean> {
  const tenant = transaction.for(organizationId);
  const writer = tenant.open(collection);
  const { items } = await writer.list({ where, limit: batchMax });
  for (const record of items) {
    await writer.remove(record.id, "any");
    const subjectId = String((record as Entity & Readonly<Record<string, unknown>>)[path]);
    if (type === "connection") await removeCredential(transaction, organizationId, record.id);
    await recordRemoval(transaction, organizationId, subjects, subjectId, {
      action: `${type}.delete`,
      target: { type, id: record.id },
      // An exchange consists of hashes of secrets, which no audit event holds.
      ...(type !== "exchange" && { before: toAuditSnapshot(record) }),
      details: path === "ownerId" ? { ownerId: subjectId } : {},
    });
  }
  if (path === "ownerId") await discountContent(tenant, items as readonly CatalogResource[]);
  return items.length === batchMax;
}

function toAuditSnapshot(record: Entity): Readonly<Record<string, unknown>> {
  const { ownerId: _, lockVersion: _l, ...snapshot } = toAttributes({ ...record });
  const { labels } = record as { readonly labels?: Labels };
  return { ...snapshot, ...(labels && { labels }) };
}

/** Records what was removed, with the removed user, group or MCP server as the cause and who removed that as the actor. */
async function recordRemoval(
  transaction: Transaction,
  organizationId: string,
  subjects: RemovedSubjects,
  subjectId: string,
  event: AuditEventContent,
): Promise<void> {
  const actor = subjects.get(subjectId) ?? serviceActor;
  const details = { ...event.details, removedWith: subjectId };
  await recordAuditEvent(transaction, organizationId, actor, { ...event, details });
}
