/**
 * The message that invalidates caches: what a transaction has written, by organization and collection. The engine adds
 * each write, and reports the message after the commit and before the writes can be read.
 */
export class WrittenRecords {
  readonly #organizations = new Map<string, Map<string, CollectionWrites>>();

  /**
   * Records the write of one record.
   * @param collection the name of its collection; `membershipsName` with the id of an added or removed member
   */
  add(collection: string, organizationId: string, id: string, kind: WriteKind): void {
    const collections = this.#organizations.get(organizationId) ?? new Map<string, CollectionWrites>();
    this.#organizations.set(organizationId, collections);
    const writes = collections.get(collection) ?? { ids: new Set<string>(), lowestId: undefined };
    collections.set(collection, writes);
    writes.ids.add(id);
    if (kind === "updated") return;
    if (writes.lowestId === undefined || id < writes.lowestId) writes.lowestId = id;
  }

  /** Returns the writes of each collection of each organization. */
  *[Symbol.iterator](): Generator<
    readonly [organizationId: string, collection: string, writes: Readonly<CollectionWrites>]
  > {
    for (const [organizationId, collections] of this.#organizations)
      for (const [collection, writes] of collections) yield [organizationId, collection, writes];
  }
}

/** The name under which the ids of added and removed members are reported. */
export const membershipsName = "memberships";

export type WriteKind = "inserted-or-removed" | "updated";

/** The writes of one collection of one organization. */
interface CollectionWrites {
  readonly ids: Set<string>;
  /** The lowest id that was inserted or removed; undefined if records were only updated. */
  lowestId: string | undefined;
}
