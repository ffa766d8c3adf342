import { auditEvents, type ContentSize, contentSizes, groups, users } from "../../store/collections.ts";
import { edgePages, pages } from "../../store/paging/pages.ts";
import type { SizeLimit } from "../../store/query.ts";
import { countedLength, toContentSizeId } from "../catalog/content-quota.ts";
import type { CatalogResource } from "../catalog/resource.ts";
import { commandType, mcpServerType, policyType, skillType, toolkitType } from "../catalog/resource-types.ts";
import type { RecordCheck } from "./record-checks.ts";
import { findExistingRecords, type TenantContext } from "./tenant-context.ts";
import type { Finding } from "./violation.ts";

/** Edges of a page. */
const edgesMax = 1000;

/**
 * Both ends of each membership exist, unless they are being removed, and no group is a member of itself. Longer cycles of
 * groups are allowed.
 * @returns the number of memberships
 */
export async function checkMemberships(
  { tenant, pendingSubjects }: TenantContext,
  report: (findings: readonly Finding[]) => Promise<void>,
): Promise<number> {
  let count = 0;
  for await (const edges of edgePages(tenant, edgesMax)) {
    count += edges.length;
    const ids = edges.flatMap(({ groupId, memberId }) => [groupId, memberId]);
    const existing = new Set([
      ...(await findExistingRecords(
        tenant,
        users,
        ids.filter((id) => id.startsWith("usr_")),
      )),
      ...(await findExistingRecords(
        tenant,
        groups,
        ids.filter((id) => id.startsWith("grp_")),
      )),
      ...pendingSubjects,
    ]);
    const findings = edges.flatMap(({ groupId, memberId }): Finding[] => {
      const id = `${groupId} ${memberId}`;
      const missing = [groupId, memberId].find((each) => !existing.has(each));
      if (missing !== undefined) return [{ violation: "membership-end-missing", id, detail: `there is no ${missing}` }];
      return groupId === memberId
        ? [{ violation: "membership-cycle", id, detail: "a group is a member of itself" }]
        : [];
    });
    await report(findings);
  }
  return count;
}

const catalogTypes = [mcpServerType, skillType, commandType, toolkitType, policyType] as const;
const catalogNames: ReadonlySet<string> = new Set(catalogTypes.map(({ collection }) => collection.name));
const sizeLimit: SizeLimit = { lengthMax: 1024 * 1024, firstBatch: 4 };

/** The sums of the sizes of catalog resources, by the user or organization that they belong to. */
export class ContentSums {
  readonly #sums = new Map<string, number>();

  /** Adds resources of the catalog; ignores other records. */
  readonly add: RecordCheck = async ({ tenant }, { definition }, records) => {
    if (!catalogNames.has(definition.name)) return [];
    for (const resource of records as unknown as readonly CatalogResource[]) {
      const length = countedLength(resource);
      for (const holder of [resource.ownerId, tenant.organizationId]) {
        if (holder !== undefined && length > 0) this.#sums.set(holder, (this.#sums.get(holder) ?? 0) + length);
      }
    }
    return [];
  };

  /** The stored sums, which the quotas are compared with, are those of the resources. */
  async check({ tenant, pendingSubjects }: TenantContext): Promise<readonly Finding[]> {
    const findings: Finding[] = [];
    const remaining = new Map([...this.#sums].map(([holder, sum]) => [toContentSizeId(holder), sum]));
    const compare = (id: string, stored: number, actual: number): void => {
      if (stored === actual) return;
      findings.push({ violation: "content-size", id, detail: `length is ${stored} and should be ${actual}` });
    };
    for await (const page of pages(tenant.open(contentSizes), { limit: edgesMax, sizeLimit })) {
      for (const { id, length } of page as readonly ContentSize[]) {
        compare(id, length, remaining.get(id) ?? 0);
        remaining.delete(id);
      }
    }
    for (const [id, sum] of remaining) compare(id, 0, sum);
    // The resources of removed users count until they are removed.
    return pendingSubjects.size === 0 ? findings : [];
  }
}

/** The collections whose every change has an audit event with the record as its target. */
const auditedNames: ReadonlySet<string> = new Set(["users", "groups", "tokens", ...catalogNames]);
/** How much the clocks of replicas may differ, in milliseconds. */
const clockDifferenceMax = 60_000;

/**
 * The last change of a record has an audit event. Changes from before the oldest event of the organization cannot be
 * checked: the events were removed, or not imported.
 */
export const checkAuditEvents: RecordCheck = async ({ tenant }, { definition }, records) => {
  if (!auditedNames.has(definition.name)) return [];
  const reader = tenant.open(auditEvents);
  const [oldest] = (await reader.list({ limit: 1 })).items;
  const findings: Finding[] = [];
  for (const { id, updatedAt } of records) {
    if (!oldest || updatedAt <= oldest.createdAt) continue;
    const where = { op: "eq", path: "target.id", value: id } as const;
    const [newest] = (await reader.list({ where, sort: { path: "id", direction: "descending" }, limit: 1 })).items;
    if (newest && Date.parse(newest.createdAt) + clockDifferenceMax >= Date.parse(updatedAt)) continue;
    findings.push({ violation: "audit-event-missing", id, detail: `updatedAt: no event records the change` });
  }
  return findings;
};
