import type { Condition } from "../../../src/store/query.ts";
import type { Entity } from "../../../src/store/record.ts";
import type { CollectionDefinition, Reader, Store, Writer } from "../../../src/store/store.ts";

/** A record with a field for every kind of path that conditions, indexes and increments use. */
export interface TestRecord extends Entity {
  /** Unique within the organization; can be absent. */
  readonly code?: string;
  /** Globally unique. */
  readonly secret?: string;
  /** Indexed, not unique. */
  readonly name?: string | null;
  /** Indexed, one level down. */
  readonly normalized?: TestSearchFields;
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
  readonly emails?: readonly TestEmail[];
  /** `serial` is globally unique. */
  readonly devices?: readonly { readonly serial?: string; readonly model?: string }[];
}

export interface TestSearchFields {
  readonly title?: string;
  readonly code?: string;
  readonly rank?: number;
  readonly emails?: readonly TestEmail[];
}

export interface TestEmail {
  readonly value?: string;
  readonly type?: string;
  readonly primary?: boolean;
  readonly order?: number;
  readonly labels?: readonly string[];
  readonly parts?: readonly { readonly name?: string; readonly kind?: string }[];
}

export const testRecords: CollectionDefinition<TestRecord> = {
  name: "things",
  indexes: [
    { path: "code", unique: "organization" },
    { path: "secret", unique: "global" },
    { path: "name" },
    { path: "normalized.title" },
    { path: "rank" },
    { path: "createdAt" },
    { path: "emails", element: "value" },
    { path: "devices", element: "serial", unique: "global" },
  ],
};

export type TestRecordWithSearchFields = TestRecord & { readonly normalized: TestSearchFields };

/** Like `testRecords`, but `normalized` holds the search fields. */
export const searchableRecords: CollectionDefinition<TestRecord, TestRecordWithSearchFields> = {
  name: "twinned",
  searchFields: "normalized",
  indexes: [
    { path: "normalized.title" },
    { path: "normalized.code", unique: "organization" },
    { path: "normalized.emails", element: "value" },
    { path: "name" },
  ],
};

/** A second collection, to test that ids, keys and counts are separate per collection. */
export const otherRecords: CollectionDefinition<TestRecord> = {
  name: "others",
  indexes: [{ path: "code", unique: "organization" }],
};

export const contractCollections: readonly CollectionDefinition<Entity>[] = [
  testRecords,
  searchableRecords,
  otherRecords,
];

let numbered = 0;

/** Returns a new organization id. Each test uses its own, so that many tests share one open store. */
export function newOrganizationId(): string {
  return `org_${String(++numbered).padStart(6, "0")}`;
}

/** Returns a new string for globally unique keys. */
export function newUniqueKey(): string {
  return `key-${++numbered}`;
}

const timestamp = "2026-01-01T00:00:00.000Z";

/** Creates a record at version 1. Its id is a prefix and the name, so that ids sort like names. */
export function newTestRecord(organizationId: string, name: string, fields: Partial<TestRecord> = {}): TestRecord {
  return { id: `thg_${name}`, organizationId, version: 1, createdAt: timestamp, updatedAt: timestamp, ...fields };
}

/** Runs one transaction on the collection of one organization. */
export function writeTestRecords<R>(
  store: Store,
  organizationId: string,
  body: (writer: Writer<TestRecord>) => Promise<R>,
  collection = testRecords,
): Promise<R> {
  return store.transaction((change) => body(change.for(organizationId).open(collection)));
}

/** Stores these records in one transaction. */
export async function insertAll(store: Store, organizationId: string, records: readonly TestRecord[]): Promise<void> {
  await writeTestRecords(store, organizationId, async (writer) => {
    for (const record of records) await writer.insert(record);
  });
}

export function testRecordReader(store: Store, organizationId: string, collection = testRecords): Reader<TestRecord> {
  return store.for(organizationId).open(collection);
}

/** Returns the names (ids without prefix) of the matches of a condition, in id order. */
export async function selectNames(store: Store, organizationId: string, where: Condition): Promise<string[]> {
  const { items } = await testRecordReader(store, organizationId).list({ where, limit: 1000 });
  return items.map(nameOf);
}

export const nameOf = ({ id }: Entity): string => id.slice("thg_".length);
