import { isStorableString } from "../../condition.ts";
import type { Entity, RawRecord } from "../../record.ts";
import type { CollectionDefinition, ExpectedReads } from "../../store.ts";
import type { DatabaseAccess } from "../database-access.ts";
import { operationTimeMs } from "../driver.ts";
import { readRawString } from "../read/bson-reader.ts";
import { findRaw } from "../read/find-raw.ts";
import { Lookups } from "../read/lookups.ts";
import { byId } from "../read/record-lookups.ts";
import { byGroupIndex, membershipsCollection } from "../schema/membership-indexes.ts";

/**
 * Holds what the bodies of an attempt are expected to read: it is read with one query per collection for all of them, before
 * the first one runs. A transaction sees one snapshot and its own writes, so a result is valid until the transaction writes
 * what it shows. Whoever writes calls `forgetRecord` or `forgetMembers` before.
 */
export class PrefetchedReads {
  readonly #access: DatabaseAccess;
  /** By record key. Undefined: there is no such record. */
  readonly #records = new Map<string, RawRecord | undefined>();
  /** By edge key: whether the member is in the group. */
  readonly #edges = new Map<string, boolean>();

  /** @param access runs the queries in the transaction */
  constructor(access: DatabaseAccess) {
    this.#access = access;
  }

  /** @throws errors of the driver */
  async read(expected: readonly ExpectedReads[]): Promise<void> {
    for (const { organizationId, definition, ids } of toRecordBatches(expected)) {
      const records = await new Lookups(this.#access).find(byId(definition, organizationId), [...ids]);
      for (const id of ids) this.#records.set(recordKey(definition.name, organizationId, id), records.get(id));
    }
    for (const { organizationId, edges } of toEdgeBatches(expected)) await this.#readEdges(organizationId, edges);
  }

  /** @returns the record, or undefined if there is none; absent if it was not prefetched */
  findRecord(name: string, organizationId: string, id: string): { readonly record: RawRecord | undefined } | undefined {
    const key = recordKey(name, organizationId, id);
    return this.#records.has(key) ? { record: this.#records.get(key) } : undefined;
  }

  /** @returns whether the member is in the group; undefined if it was not prefetched */
  findMember(organizationId: string, groupId: string, memberId: string): boolean | undefined {
    return this.#edges.get(edgeKey(organizationId, { groupId, memberId }));
  }

  forgetRecord(name: string, organizationId: string, id: string): void {
    this.#records.delete(recordKey(name, organizationId, id));
  }

  forgetMembers(organizationId: string, groupId: string, memberIds: readonly string[]): void {
    for (const memberId of memberIds) this.#edges.delete(edgeKey(organizationId, { groupId, memberId }));
  }

  /** Reads all edges between these groups and members, because an index can seek each of them. */
  async #readEdges(organizationId: string, edges: readonly Edge[]): Promise<void> {
    const groupIds = new Set(edges.map(({ groupId }) => groupId));
    const memberIds = new Set(edges.map(({ memberId }) => memberId));
    const filter = {
      organizationId: { $eq: organizationId },
      groupId: { $in: [...groupIds] },
      memberId: { $in: [...memberIds] },
    };
    const stored = await this.#access.run((options) =>
      findRaw(this.#access.database, membershipsCollection, filter, {
        ...options,
        projection: { _id: 0, groupId: 1, memberId: 1 },
        hint: byGroupIndex,
        batchSize: groupIds.size * memberIds.size + 1,
        maxTimeMS: operationTimeMs,
      }),
    );
    for (const edge of edges) this.#edges.set(edgeKey(organizationId, edge), false);
    for (const document of stored) {
      const edge = {
        groupId: readRawString(document, "groupId") ?? "",
        memberId: readRawString(document, "memberId") ?? "",
      };
      this.#edges.set(edgeKey(organizationId, edge), true);
    }
  }
}

interface Edge {
  readonly groupId: string;
  readonly memberId: string;
}

const recordKey = (name: string, organizationId: string, id: string): string => `${name} ${organizationId} ${id}`;
const edgeKey = (organizationId: string, { groupId, memberId }: Edge): string =>
  `${organizationId} ${groupId} ${memberId}`;

interface RecordBatch {
  readonly organizationId: string;
  readonly definition: CollectionDefinition<Entity>;
  readonly ids: Set<string>;
}

function toRecordBatches(expected: readonly ExpectedReads[]): Iterable<RecordBatch> {
  const batches = new Map<string, RecordBatch>();
  for (const { organizationId, records = [] } of expected) {
    for (const { definition, ids } of records) {
      const key = `${definition.name} ${organizationId}`;
      const batch = batches.get(key) ?? { organizationId, definition, ids: new Set<string>() };
      batches.set(key, batch);
      for (const id of ids) if (isStorableString(id)) batch.ids.add(id);
    }
  }
  return batches.values();
}

interface EdgeBatch {
  readonly organizationId: string;
  readonly edges: Edge[];
}

function toEdgeBatches(expected: readonly ExpectedReads[]): Iterable<EdgeBatch> {
  const batches = new Map<string, EdgeBatch>();
  for (const { organizationId, members } of expected) {
    if (!members) continue;
    const batch = batches.get(organizationId) ?? { organizationId, edges: [] };
    batches.set(organizationId, batch);
    const { groupId, memberIds } = members;
    batch.edges.push(...memberIds.filter(isStorableString).map((memberId) => ({ groupId, memberId })));
  }
  return [...batches.values()].filter(({ edges }) => edges.length > 0);
}
