import { tokens } from "./collections.ts";
import { normalize } from "./normalize.ts";
import type { Entity } from "./record.ts";
import type { CollectionDefinition } from "./store.ts";

/**
 * One numbered change of the shape of stored records. Migrations are forward-only: a store that has applied a higher
 * number than this release contains is rejected at startup. They run before the indexes are prepared, so that a
 * migration can bring records into the shape that a new unique index requires. Indexes themselves need no migration:
 * they are built from their declaration.
 */
export type Migration = RecordMigration | FieldRenameMigration;

interface NumberedMigration {
  /** 1, 2, 3 ... without a gap. */
  readonly number: number;
  readonly name: string;
}

/** Rewrites the records of one collection one by one. */
export interface RecordMigration extends NumberedMigration {
  readonly collection: CollectionDefinition<Entity>;
  /**
   * Returns the record in its new shape, or undefined when it needs no change. It must be safe to run twice on the same
   * record. It receives and returns the record with its search fields, where the collection has them.
   */
  rewrite(record: Readonly<Record<string, unknown>>): Record<string, unknown> | undefined;
}

/** Renames top-level fields, search fields included, inside the database. */
export interface FieldRenameMigration extends NumberedMigration {
  readonly renames: readonly FieldRename[];
}

/**
 * One renamed field. The collection is named by a string, so that the migration stays the same when the definition of
 * the collection changes later.
 */
export interface FieldRename {
  readonly collection: string;
  readonly from: string;
  readonly to: string;
}

const renameIn = (names: readonly string[], from: string, to: string): readonly FieldRename[] =>
  names.map((collection) => ({ collection, from, to }));

const assignableNames = ["mcp_servers", "toolkits", "skills", "commands"];

/** Every migration since the first release, in order. */
export const migrations: readonly Migration[] = [
  {
    number: 1,
    name: "search fields, lock versions and target organizations under their new names",
    renames: [
      ...renameIn(["users", "groups"], "folded", "normalized"),
      ...renameIn([...assignableNames, "policies", "connections"], "asked", "lookup"),
      ...renameIn(["tokens"], "kept", "lockVersion"),
      ...renameIn(assignableNames, "named", "lockVersion"),
      ...renameIn(["purges", "legacy_marks"], "of", "targetOrganizationId"),
    ],
  },
  {
    number: 2,
    name: "the normalized names of tokens",
    collection: tokens,
    rewrite: (token) =>
      token["normalizedName"] === undefined && typeof token["name"] === "string"
        ? { ...token, normalizedName: normalize(token["name"]) }
        : undefined,
  },
];
