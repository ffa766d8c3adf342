import type { CollectionDefinition, Entity } from "./collection.ts";

/**
 * What of a record is read back, and its twin beside it (`CollectionDefinition.twin`).
 * @throws Error for a record without the twin that its collection has: it would be found by nothing any more
 */
export function splitTwin(
  entity: object,
  { name, twin }: CollectionDefinition<Entity>,
): { readonly record: object; readonly twin?: unknown } {
  if (twin === undefined) return { record: entity };
  const { [twin]: value, ...record } = entity as Record<string, unknown>;
  if (value === undefined) throw new Error(`a record of ${name} was to be written without ${twin}`);
  return { record, twin: value };
}

/** The rest of a path that leads into the twin, "" for the twin itself; undefined for any other path. */
export function pathInTwin(path: string, { twin }: CollectionDefinition<Entity>): string | undefined {
  if (twin === undefined) return undefined;
  if (path === twin) return "";
  return path.startsWith(`${twin}.`) ? path.slice(twin.length + 1) : undefined;
}

/** @throws Error for a path into the twin, which changes only together with the record */
export function assertOutsideTwin(path: string, definition: CollectionDefinition<Entity>): void {
  if (pathInTwin(path, definition) !== undefined) throw new Error(`${path} changes only together with its record`);
}
