import { isDeepStrictEqual } from "node:util";
import type { StoredRecord, TransferredCollection } from "../transfer/transferred-collections.ts";
import type { TenantContext } from "./tenant-context.ts";
import type { Finding } from "./violation.ts";

/** Checks a page of records of one collection. */
export type RecordCheck = (
  context: TenantContext,
  collection: TransferredCollection,
  records: readonly StoredRecord[],
) => Promise<readonly Finding[]>;

/** Every record fulfills its schema and has an id of its type. */
export const checkSchema: RecordCheck = async (_context, { schema, prefix }, records) =>
  records.flatMap((record): Finding[] => {
    const { id } = record;
    if (!id.startsWith(`${prefix}_`)) return [{ violation: "schema", id, detail: `id does not begin with ${prefix}_` }];
    const parsed = schema.safeParse(record);
    const [issue] = parsed.error?.issues ?? [];
    return issue ? [{ violation: "schema", id, detail: `${issue.path.join(".")}: ${issue.message}` }] : [];
  });

/** The stored search fields are those that a write of the record would store. */
export const checkSearchFields: RecordCheck = async ({ tenant, extensions }, collection, records) => {
  const { definition, addSearchFields } = collection;
  const { searchFields: name } = definition;
  if (!addSearchFields || name === undefined) return [];
  const stored = await tenant.searchFields(
    definition,
    records.map(({ id }) => id),
  );
  return records.flatMap((record): Finding[] => {
    const { id } = record;
    const expected: unknown = JSON.parse(JSON.stringify(addSearchFields(record, extensions)[name]));
    const detail = `${name} differs from what is computed from the record`;
    return isCovered(stored.get(id), expected) ? [] : [{ violation: "search-fields", id, detail }];
  });
};

/** Keys of the index of extension attributes may remain when an attribute is not indexed any more. */
function isCovered(stored: unknown, expected: unknown): boolean {
  const [one, other] = [split(stored), split(expected)];
  // The normalized name is stored by the next change of a record of an earlier release.
  if (!("name" in one.rest)) delete other.rest["name"];
  return isDeepStrictEqual(one.rest, other.rest) && [...other.keys].every((key) => one.keys.has(key));
}

function split(value: unknown): { readonly keys: ReadonlySet<string>; readonly rest: Record<string, unknown> } {
  const { extensionKeys = [], ...rest } = Object(value) as { readonly extensionKeys?: readonly { key: string }[] };
  return { keys: new Set(extensionKeys.map(({ key }) => key)), rest };
}

/** A unique key of the organization has one record only. The indexes enforce it; a damaged index does not. */
export const checkUniqueKeys: RecordCheck = async ({ tenant, extensions }, collection, records) => {
  const { definition, addSearchFields } = collection;
  const findings: Finding[] = [];
  const reader = tenant.open(definition);
  for (const { path, element, unique } of definition.indexes) {
    if (unique !== "organization" || element !== undefined) continue;
    const idsByValue = new Map<string, string[]>();
    for (const record of records) {
      const value = readPath(addSearchFields?.(record, extensions) ?? record, path);
      if (typeof value === "string") idsByValue.set(value, [...(idsByValue.get(value) ?? []), record.id]);
    }
    const values = [...idsByValue.keys()];
    if (values.length === 0 || (await reader.count({ op: "in", path, values })) <= values.length) continue;
    for (const [value, ids] of idsByValue) {
      if ((await reader.count({ op: "eq", path, value })) <= 1) continue;
      const detail = `another record has the same ${path}`;
      findings.push(...ids.map((id): Finding => ({ violation: "duplicate", id, detail })));
    }
  }
  return findings;
};

const readPath = (record: StoredRecord, path: string): unknown =>
  path.split(".").reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], record);
