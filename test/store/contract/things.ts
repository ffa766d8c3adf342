import type { CollectionDefinition, Condition, Entity, Reader, Store, Writer } from "../../../src/store/collection.ts";

/** A record with a field for every kind of path that a condition, an index or an increment may name. */
export interface Thing extends Entity {
  /** Unique in the organisation; may be absent. */
  readonly code?: string;
  /** Unique in the whole store. */
  readonly secret?: string;
  /** Indexed, not unique. */
  readonly name?: string | null;
  /** Indexed, one level down. */
  readonly folded?: Folded;
  /** Indexed, a number. */
  readonly rank?: number | null;
  /** Not indexed. */
  readonly note?: string | null;
  readonly size?: number;
  readonly active?: boolean;
  readonly usage?: { readonly count?: number; readonly lastAt?: string };
  readonly extra?: unknown;
  readonly tags?: readonly string[];
  readonly numbers?: readonly number[];
  /** Indexed by `value`. */
  readonly emails?: readonly Email[];
  /** `serial` is unique in the whole store. */
  readonly devices?: readonly { readonly serial?: string; readonly model?: string }[];
}

export interface Folded {
  readonly title?: string;
  readonly code?: string;
  readonly rank?: number;
  readonly emails?: readonly Email[];
}

export interface Email {
  readonly value?: string;
  readonly type?: string;
  readonly primary?: boolean;
  readonly order?: number;
  readonly labels?: readonly string[];
  readonly parts?: readonly { readonly name?: string; readonly kind?: string }[];
}

export const things: CollectionDefinition<Thing> = {
  name: "things",
  indexes: [
    { path: "code", unique: "organization" },
    { path: "secret", unique: "everywhere" },
    { path: "name" },
    { path: "folded.title" },
    { path: "rank" },
    { path: "createdAt" },
    { path: "emails", element: "value" },
    { path: "devices", element: "serial", unique: "everywhere" },
  ],
};

export type TwinnedThing = Thing & { readonly folded: Folded };

/** As `things`, but that `folded` is a twin: asked by like any other field, and not read back. */
export const twinned: CollectionDefinition<Thing, TwinnedThing> = {
  name: "twinned",
  twin: "folded",
  indexes: [
    { path: "folded.title" },
    { path: "folded.code", unique: "organization" },
    { path: "folded.emails", element: "value" },
    { path: "name" },
  ],
};

/** A second collection, to show that ids, keys and counts are of one collection. */
export const others: CollectionDefinition<Thing> = {
  name: "others",
  indexes: [{ path: "code", unique: "organization" }],
};

export const contractCollections: readonly CollectionDefinition<Entity>[] = [things, twinned, others];

let numbered = 0;

/** An organisation that nobody has used before: each test has one of its own, so that many share one open store. */
export function newOrganization(): string {
  return `org_${String(++numbered).padStart(6, "0")}`;
}

/** A text that nobody has used before, for keys that are unique in the whole store. */
export function newKey(): string {
  return `key-${++numbered}`;
}

const moment = "2026-01-01T00:00:00.000Z";

/** A record at version 1; its id is a prefix and the name given, so that ids sort as their names do. */
export function thing(organizationId: string, name: string, fields: Partial<Thing> = {}): Thing {
  return { id: `thg_${name}`, organizationId, version: 1, createdAt: moment, updatedAt: moment, ...fields };
}

/** Runs one transaction on the collection of one organisation. */
export function write<R>(
  store: Store,
  organizationId: string,
  body: (writer: Writer<Thing>) => Promise<R>,
  collection = things,
): Promise<R> {
  return store.transaction((change) => body(change.for(organizationId).open(collection)));
}

/** Stores these records in one transaction. */
export async function insertAll(store: Store, organizationId: string, records: readonly Thing[]): Promise<void> {
  await write(store, organizationId, async (writer) => {
    for (const record of records) await writer.insert(record);
  });
}

export function reading(store: Store, organizationId: string, collection = things): Reader<Thing> {
  return store.for(organizationId).open(collection);
}

/** The names (ids without their prefix) of the records that a condition selects, in id order. */
export async function select(store: Store, organizationId: string, where: Condition): Promise<string[]> {
  const { items } = await reading(store, organizationId).list({ where, limit: 1000 });
  return items.map(nameOf);
}

export const nameOf = ({ id }: Entity): string => id.slice("thg_".length);
