import type { Entity } from "./collection.ts";

/** The columns that make a record: the envelope and the rest of it as JSON. The generated columns cost a look each. */
export const recordColumns = "organization_id, id, version, created_at, updated_at, body";

/** A row as the record it holds. */
export function toEntity(row: Readonly<Record<string, unknown>>): Entity {
  return {
    ...(JSON.parse(String(row["body"])) as object),
    id: String(row["id"]),
    organizationId: String(row["organization_id"]),
    version: Number(row["version"]),
    createdAt: String(row["created_at"]),
    updatedAt: String(row["updated_at"]),
  };
}

/** What of a record goes into the body column: all but the envelope, which has columns. */
export function toBody(entity: object): string {
  const {
    id: _,
    organizationId: _o,
    version: _v,
    createdAt: _c,
    updatedAt: _u,
    ...body
  } = entity as Record<string, unknown>;
  return JSON.stringify(body);
}
