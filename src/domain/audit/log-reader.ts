import { pages } from "../../store/paging/pages.ts";
import type { Condition, Page, Query, SizeLimit } from "../../store/query.ts";
import type { Entity } from "../../store/record.ts";
import type { CollectionDefinition, Store } from "../../store/store.ts";
import { type IdPrefix, lowestId } from "../entity.ts";

/** A range of creation times. */
export interface TimeRange {
  /** Inclusive. */
  readonly from?: Date | undefined;
  /** Exclusive. */
  readonly to?: Date | undefined;
}

/** Describes one log: where its entries are stored, and how its filters become conditions. */
export interface LogDefinition<Entry extends Entity, Filter extends TimeRange> {
  readonly collection: CollectionDefinition<Entry>;
  readonly prefix: IdPrefix;
  /** Returns the conditions for all filters except the time range, which the reader adds. */
  readonly toConditions: (filter: Filter) => readonly Condition[];
}

/** Reads a log of one organization. Log entries are never changed. */
export class LogReader<Entry extends Entity, Filter extends TimeRange> {
  readonly #store: Store;
  readonly #definition: LogDefinition<Entry, Filter>;

  constructor(store: Store, definition: LogDefinition<Entry, Filter>) {
    this.#store = store;
    this.#definition = definition;
  }

  /**
   * Lists the entries that match every filter, newest first.
   * @throws AppError query-too-expensive
   */
  list(
    organizationId: string,
    filter: Filter,
    page: Pick<Query, "limit" | "after" | "sizeLimit">,
  ): Promise<Page<Entry>> {
    const all = this.#toConditions(filter);
    return this.#store
      .for(organizationId)
      .open(this.#definition.collection)
      .list({
        ...page,
        sort: { path: "id", direction: "descending" },
        ...(all.length > 0 && { where: { op: "and", all } }),
      });
  }

  /**
   * Reads all entries that match every filter, oldest first, up to the moment of the call. Later entries belong to the
   * next export.
   * @throws AppError query-too-expensive
   */
  async *export(organizationId: string, filter: Filter): AsyncGenerator<Entry> {
    const now = new Date();
    const to = filter.to && filter.to < now ? filter.to : now;
    const where: Condition = { op: "and", all: this.#toConditions({ ...filter, to }) };
    const reader = this.#store.for(organizationId).open(this.#definition.collection);
    for await (const page of pages(reader, { where, limit: exportPageSize, sizeLimit: exportSizeLimit })) yield* page;
  }

  get(organizationId: string, id: string): Promise<Entry | undefined> {
    return this.#store.for(organizationId).open(this.#definition.collection).get(id);
  }

  #toConditions(filter: Filter): readonly Condition[] {
    const { prefix, toConditions } = this.#definition;
    return [...toConditions(filter), ...createdWithin(prefix, filter)];
  }
}

/** Entries per read of an export. */
const exportPageSize = 200;
/** An event has up to 80,000 characters. */
const exportSizeLimit: SizeLimit = { lengthMax: 1024 * 1024, firstBatch: 10 };

/** Returns an equality condition for each value that is present. @param values values by the path of the field */
export function toEqualities(values: Readonly<Record<string, string | number | undefined>>): readonly Condition[] {
  return Object.entries(values).flatMap(([path, value]): readonly Condition[] =>
    value === undefined ? [] : [{ op: "eq", path, value }],
  );
}

/** Ids contain the time of creation, so a time range is a range of ids. */
function createdWithin(prefix: IdPrefix, { from, to }: TimeRange): readonly Condition[] {
  // No id encodes a time before 1970.
  const toLowestId = (time: Date): string => lowestId(prefix, new Date(Math.max(0, time.getTime())));
  return [
    ...(from ? [{ op: "ge", path: "id", value: toLowestId(from) } as const] : []),
    ...(to ? [{ op: "lt", path: "id", value: toLowestId(to) } as const] : []),
  ];
}
