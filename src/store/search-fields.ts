import type { Entity } from "./record.ts";
import type { CollectionDefinition } from "./store.ts";

/**
 * Splits a record into the part that is read back and its search fields (`CollectionDefinition.searchFields`).
 * @throws Error for a record without the search fields of its collection: no query could return it
 */
export function splitSearchFields(
  entity: object,
  { name, searchFields }: CollectionDefinition<Entity>,
): { readonly record: object; readonly searchFields?: unknown } {
  if (searchFields === undefined) return { record: entity };
  const { [searchFields]: value, ...record } = entity as Record<string, unknown>;
  if (value === undefined) throw new Error(`A record of ${name} cannot be written without ${searchFields}.`);
  return { record, searchFields: value };
}

/** Returns a path relative to the search fields, "" for the search fields themselves, and undefined for any other path. */
export function pathInSearchFields(path: string, { searchFields }: CollectionDefinition<Entity>): string | undefined {
  if (searchFields === undefined) return undefined;
  if (path === searchFields) return "";
  return path.startsWith(`${searchFields}.`) ? path.slice(searchFields.length + 1) : undefined;
}

/** @throws Error for a path inside the search fields, which change only together with the record */
export function assertOutsideSearchFields(path: string, definition: CollectionDefinition<Entity>): void {
  if (pathInSearchFields(path, definition) !== undefined)
    throw new Error(`${path} changes only together with its record.`);
}
