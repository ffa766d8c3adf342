import { waitIfHeld } from "../../own-tick.ts";
import { organizations, pendingImports, serviceTenant } from "../../store/collections.ts";
import { pages } from "../../store/paging/pages.ts";
import type { SizeLimit } from "../../store/query.ts";
import type { Snapshot, SnapshotTenant, Store } from "../../store/store.ts";
import {
  organizationCollection,
  type StoredRecord,
  serviceEvents,
  type TransferredCollection,
  targetedCollections,
  tenantCollections,
} from "../transfer/transferred-collections.ts";
import { checkSchema, checkSearchFields, checkUniqueKeys, type RecordCheck } from "./record-checks.ts";
import { checkIdReferences, checkSlugReferences, checkTokens } from "./reference-checks.ts";
import { ContentSums, checkAuditEvents, checkMemberships } from "./tenant-checks.ts";
import { readServiceContext, readStoredExtensions, type ServiceContext, type TenantContext } from "./tenant-context.ts";
import type { Finding, Violation } from "./violation.ts";

/** What was checked, in numbers of records by collection, and how many violations there are by kind. */
export interface VerificationSummary {
  readonly records: Readonly<Record<string, number>>;
  readonly violations: Readonly<Record<string, number>>;
}

/** Records of a page, and most characters in them. */
const pageMax = 500;
const sizeLimit: SizeLimit = { lengthMax: 1024 * 1024, firstBatch: 4 };

const recordChecks: readonly RecordCheck[] = [
  checkSchema,
  checkSearchFields,
  checkUniqueKeys,
  checkIdReferences,
  checkSlugReferences,
  checkTokens,
  checkAuditEvents,
];

/**
 * Checks the invariants of all stored data at one point in time. It writes nothing.
 * @param report receives each violation, and is waited for
 * @throws AppError unavailable
 */
export function verifyStore(
  store: Store,
  report: (violation: Violation) => Promise<void>,
): Promise<VerificationSummary> {
  return store.snapshot(async (snapshot) => {
    const verification = new Verification(snapshot, report, await readServiceContext(snapshot));
    for (const id of await snapshot.organizationIds()) {
      if (id === serviceTenant) await verification.checkService();
      else await verification.checkOrganization(id);
    }
    return verification.summary;
  });
}

/** One walk through a snapshot. */
class Verification {
  readonly #snapshot: Snapshot;
  readonly #report: (violation: Violation) => Promise<void>;
  readonly #service: ServiceContext;
  readonly #records: Record<string, number> = {};
  readonly #violations: Record<string, number> = {};
  #resumedAt = performance.now();

  constructor(snapshot: Snapshot, report: (violation: Violation) => Promise<void>, service: ServiceContext) {
    this.#snapshot = snapshot;
    this.#report = report;
    this.#service = service;
  }

  get summary(): VerificationSummary {
    return { records: this.#records, violations: this.#violations };
  }

  async checkService(): Promise<void> {
    const context = await this.#toContext(serviceTenant);
    for (const collection of [organizationCollection, ...targetedCollections, serviceEvents])
      await this.#checkCollection(context, collection, recordChecks);
    for await (const page of pages(context.tenant.open(pendingImports), { limit: pageMax })) {
      const findings = page.map(({ id }): Finding => {
        const detail = 'the import has not ended: repeat it, or use "gatehouse import --discard"';
        return { violation: "import-unfinished", id, detail };
      });
      await this.#add(context.tenant, pendingImports.name, findings);
    }
  }

  async checkOrganization(organizationId: string): Promise<void> {
    const context = await this.#toContext(organizationId);
    const { tenant } = context;
    if (!(await this.#snapshot.for(serviceTenant).open(organizations).get(organizationId))) {
      const detail = "records belong to an organization that does not exist";
      await this.#add(tenant, organizations.name, [{ violation: "organization-missing", id: organizationId, detail }]);
    }
    const contentSums = new ContentSums();
    for (const collection of tenantCollections)
      await this.#checkCollection(context, collection, [...recordChecks, contentSums.add]);
    await this.#add(tenant, "content_sizes", await contentSums.check(context));
    const count = await checkMemberships(context, (findings) => this.#add(tenant, "memberships", findings));
    this.#count("memberships", count);
  }

  async #toContext(organizationId: string): Promise<TenantContext> {
    const tenant = this.#snapshot.for(organizationId);
    const { pendingSubjects, legacyTokenIds } = this.#service;
    const extensions = await readStoredExtensions(tenant);
    return { tenant, extensions, pendingSubjects: pendingSubjects.get(organizationId) ?? new Set(), legacyTokenIds };
  }

  async #checkCollection(
    context: TenantContext,
    collection: TransferredCollection,
    checks: readonly RecordCheck[],
  ): Promise<void> {
    const { tenant } = context;
    const { definition } = collection;
    const reader = tenant.open(definition);
    let count = 0;
    for await (const page of pages(reader, { limit: pageMax, sizeLimit })) {
      const records = page as readonly StoredRecord[];
      count += records.length;
      for (const check of checks) {
        await this.#add(tenant, definition.name, await check(context, collection, records));
        this.#resumedAt = await waitIfHeld(this.#resumedAt);
      }
    }
    this.#count(definition.name, count);
    const stored = await reader.count();
    if (stored === count) return;
    const detail = `the stored count is ${stored}, and there are ${count} records`;
    await this.#add(tenant, definition.name, [{ violation: "count", id: tenant.organizationId, detail }]);
  }

  #count(name: string, added: number): void {
    if (added > 0) this.#records[name] = (this.#records[name] ?? 0) + added;
  }

  async #add({ organizationId }: SnapshotTenant, collection: string, findings: readonly Finding[]): Promise<void> {
    for (const finding of findings) {
      this.#violations[finding.violation] = (this.#violations[finding.violation] ?? 0) + 1;
      await this.#report({ organizationId, collection, ...finding });
    }
  }
}
