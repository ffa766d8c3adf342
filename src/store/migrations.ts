import type { CollectionDefinition, Entity } from "./collection.ts";

/**
 * One numbered step from an older shape of the stored records to a newer one. Forward only: a store that has seen a
 * higher number than this program knows is refused at start. Indexes need no migration, they are built from their
 * declaration; a migration is for what is inside the records.
 */
export interface Migration {
  /** 1, 2, 3 ... without a gap. */
  readonly number: number;
  readonly name: string;
  readonly collection: CollectionDefinition<Entity>;
  /**
   * The record in its new shape, or undefined when it needs no change. Safe to run on a record twice. Given with its
   * twin, where the collection has one, and gives it back.
   */
  rewrite(record: Readonly<Record<string, unknown>>): Record<string, unknown> | undefined;
}

/** Every step since the first release, in order. */
export const migrations: readonly Migration[] = [];
