import type { Entity } from "../../record.ts";
import { pathInSearchFields } from "../../search-fields.ts";
import type { CollectionDefinition, Index } from "../../store.ts";

/** Returns the SQL expression of a path: an envelope column, a generated column, or json_extract. */
export function toColumnSql(path: string, definition: CollectionDefinition<Entity>): string {
  const envelope = envelopeColumns[path];
  if (envelope) return envelope;
  const index = definition.indexes.find((each) => each.path === path && each.element === undefined);
  if (index) return quoteIdentifier(indexColumn(index));
  const { column, jsonPath } = locatePath(path, definition);
  return `json_extract(${column}, ${jsonPath})`;
}

/** Locates a path that is not an envelope column: in the body or in the search-fields column. */
export function locatePath(
  path: string,
  definition: CollectionDefinition<Entity>,
): { readonly column: string; readonly jsonPath: string } {
  const searchFieldPath = pathInSearchFields(path, definition);
  if (searchFieldPath === undefined) return { column: "body", jsonPath: toJsonPath(path) };
  return { column: quoteIdentifier(definition.searchFields ?? ""), jsonPath: toJsonPath(searchFieldPath) };
}

/** The columns of the envelope by path. */
export const envelopeColumns: Readonly<Record<string, string>> = {
  id: "id",
  version: "version",
  createdAt: "created_at",
  updatedAt: "updated_at",
};

/** Returns the column of a declared index on a path: an envelope column or a generated one. */
export function indexColumn(index: Index): string {
  return envelopeColumns[index.path] ?? `p_${toNamePart(index.path)}`;
}

/** Returns the name of the side table of a declared index on a field of array elements. */
export function elementTable(definition: CollectionDefinition<Entity>, index: Index): string {
  return `${definition.name}__${toNamePart(index.path)}_${toNamePart(index.element ?? "")}`;
}

/** Encodes a path as part of a name. `a.b` and `a_b` stay distinct. */
const toNamePart = (path: string): string => path.replaceAll("_", "__").replaceAll(".", "_");

export const quoteIdentifier = (name: string): string => `"${name}"`;

/** Converts a path to an SQL literal of a JSON path. condition.ts has validated it, so quoting is enough. The path "" is the root. */
export const toJsonPath = (path: string): string =>
  `'$${(path === "" ? [] : path.split(".")).map((part) => `."${part}"`).join("")}'`;
