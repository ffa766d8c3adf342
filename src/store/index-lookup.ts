import type { Entity } from "./record.ts";
import type { CollectionDefinition, Index } from "./store.ts";

/** Returns the declared index that has the values of this path. */
export const findPathIndex = (path: string, { indexes }: CollectionDefinition<Entity>): Index | undefined =>
  indexes.find((each) => each.path === path && each.element === undefined && each.onlyValue === undefined);

/** Returns the declared index of the records with this value at the path. */
export const findValueIndex = (
  { path, value }: { readonly path: string; readonly value: unknown },
  { indexes }: CollectionDefinition<Entity>,
): Index | undefined => indexes.find((each) => each.path === path && each.onlyValue === value);
