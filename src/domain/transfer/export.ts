import { createHash } from "node:crypto";
import type { Organization } from "../../../schemas/organization.ts";
import { AppError } from "../../errors.ts";
import { waitIfHeld } from "../../own-tick.ts";
import { serviceTenant } from "../../store/collections.ts";
import { edgePages, pages } from "../../store/paging/pages.ts";
import type { SizeLimit } from "../../store/query.ts";
import { recordShape } from "../../store/record-shape.ts";
import type { Snapshot, SnapshotTenant, Store } from "../../store/store.ts";
import {
  type ExportHeader,
  type ExportTrailer,
  exportFormat,
  exportFormatVersion,
  type MembershipLine,
  membershipCount,
  membersPerLine,
  toLine,
} from "./format.ts";
import {
  beforeMemberships,
  importAction,
  organizationCollection,
  type StoredRecord,
  serviceEvents,
  type TransferredCollection,
  targetedCollections,
  tenantCollections,
} from "./transferred-collections.ts";

/** What an export contains. */
export interface ExportOptions {
  /** Slugs of the organizations; absent: all organizations, and the records that belong to none. */
  readonly slugs?: readonly string[] | undefined;
  /** Whether to include audit events and the request log. */
  readonly hasLogs: boolean;
  /** Whether to include the credentials of MCP servers, encrypted as they are stored. */
  readonly hasCredentials: boolean;
}

/** Receives the next part of the file. The export waits for it, so that it holds little in memory. */
export type WriteChunk = (chunk: string) => Promise<void>;

/** Records of a page, and most characters in them. */
const pageMax = 500;
const sizeLimit: SizeLimit = { lengthMax: 2 * 1024 * 1024, firstBatch: 4 };
const edgesMax = 5000;

/**
 * Writes organizations with all their records as JSON Lines, as they are at one point in time.
 * @returns the last line of the file, with the counts and the digest
 * @throws AppError not-found for an organization that does not exist; unavailable
 */
export function exportData(store: Store, options: ExportOptions, write: WriteChunk): Promise<ExportTrailer> {
  return store.snapshot(async (snapshot) => {
    const exported = await readOrganizations(snapshot, options.slugs);
    const writer = new ExportWriter(write);
    await writer.add({
      format: exportFormat,
      version: exportFormatVersion,
      migration: recordShape,
      ...{ logs: options.hasLogs, credentials: options.hasCredentials, complete: options.slugs === undefined },
    } satisfies ExportHeader);
    for (const organization of exported) await writer.addRecord(organizationCollection, { ...organization });
    const ids = new Set(exported.map(({ id }) => id));
    const isIncluded = ({ content }: TransferredCollection): boolean =>
      (content !== "log" || options.hasLogs) && (content !== "credential" || options.hasCredentials);
    const service = snapshot.for(serviceTenant);
    for (const collection of targetedCollections.filter(isIncluded)) {
      await writer.addAll(service, collection, (record) => ids.has(String(record["targetOrganizationId"])));
    }
    for (const id of ids) {
      const tenant = snapshot.for(id);
      for (const collection of tenantCollections.filter(isIncluded)) {
        await writer.addAll(tenant, collection);
        if (collection.definition === beforeMemberships) await writer.addMemberships(tenant);
      }
    }
    if (options.slugs === undefined && options.hasLogs) await writer.addAll(service, serviceEvents);
    return writer.end();
  });
}

/** @returns the organizations in order of their ids */
async function readOrganizations(snapshot: Snapshot, slugs?: readonly string[]): Promise<readonly Organization[]> {
  const reader = snapshot.for(serviceTenant).open(organizationCollection.definition);
  const wanted = slugs && new Set(slugs);
  const organizations: Organization[] = [];
  for await (const page of pages(reader, { limit: pageMax })) {
    for (const each of page as readonly Organization[]) {
      if (!wanted || wanted.delete(each.slug)) organizations.push(each);
    }
  }
  const [missing] = wanted ?? [];
  if (missing !== undefined) throw new AppError("not-found", `There is no organization ${missing}.`);
  return organizations;
}

/** Characters that are passed on together. */
const chunkMin = 64 * 1024;

/** Writes lines in chunks, counts the records and digests the lines. */
class ExportWriter {
  readonly #write: WriteChunk;
  readonly #hash = createHash("sha256");
  readonly #counts = new Map<string, number>();
  #chunk = "";
  #resumedAt = performance.now();

  constructor(write: WriteChunk) {
    this.#write = write;
  }

  async add(value: object): Promise<void> {
    this.#chunk += toLine(value);
    if (this.#chunk.length >= chunkMin) await this.#flush();
  }

  async addRecord({ definition: { name } }: TransferredCollection, record: StoredRecord): Promise<void> {
    this.#count(name, 1);
    await this.add({ collection: name, record });
  }

  /** Adds the records of a collection in id order. */
  async addAll(
    tenant: SnapshotTenant,
    collection: TransferredCollection,
    isIncluded: (record: StoredRecord) => boolean = () => true,
  ): Promise<void> {
    const reader = tenant.open(collection.definition);
    for await (const page of pages(reader, { limit: pageMax, sizeLimit })) {
      for (const record of page as readonly StoredRecord[]) {
        if (record["action"] === importAction || !isIncluded(record)) continue;
        await this.addRecord(collection, record);
      }
    }
  }

  /** Adds the memberships of an organization, in order of the groups and their members. */
  async addMemberships(tenant: SnapshotTenant): Promise<void> {
    const { organizationId } = tenant;
    let groupId = "";
    let memberIds: string[] = [];
    const addLine = async (): Promise<void> => {
      if (memberIds.length === 0) return;
      this.#count(membershipCount, memberIds.length);
      await this.add({ memberships: { organizationId, groupId, memberIds } satisfies MembershipLine });
      memberIds = [];
    };
    for await (const edges of edgePages(tenant, edgesMax)) {
      for (const edge of edges) {
        if (edge.groupId !== groupId || memberIds.length === membersPerLine) await addLine();
        groupId = edge.groupId;
        memberIds.push(edge.memberId);
      }
    }
    await addLine();
  }

  async end(): Promise<ExportTrailer> {
    await this.#flush();
    const counts = Object.fromEntries([...this.#counts].sort(([one], [other]) => (one < other ? -1 : 1)));
    const trailer = { end: true, counts, sha256: this.#hash.digest("hex") } as const;
    await this.#write(toLine(trailer));
    return trailer;
  }

  #count(name: string, added: number): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + added);
  }

  async #flush(): Promise<void> {
    const chunk = this.#chunk;
    this.#chunk = "";
    this.#hash.update(chunk);
    await this.#write(chunk);
    this.#resumedAt = await waitIfHeld(this.#resumedAt);
  }
}
