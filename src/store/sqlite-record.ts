import type { CollectionDefinition, Entity, RecordText } from "./collection.ts";
import type { RowValues, SqlValue } from "./sqlite-driver.ts";
import { splitTwin } from "./twin.ts";
import { quote } from "./where-sql.ts";

const columns = ["organization_id", "id", "version", "created_at", "updated_at", "body"];

/** The columns that make a record: the envelope and the rest of it as JSON. The generated columns cost a look each, the twin a parse. */
export const recordColumns = columns.join(", ");
/** The same of a table that has this name in a query. */
export const recordColumnsOf = (alias: string): string => columns.map((each) => `${alias}.${each}`).join(", ");

/** The values of these columns as the record they make. */
export function toEntity(row: RowValues): Entity {
  // Onto the object that was parsed: a copy of it would cost as much again.
  return Object.assign(JSON.parse(bodyOf(row)) as object, envelopeOf(row));
}

/** The same values as a text. */
export function toText(row: RowValues): RecordText {
  return { ...envelopeOf(row), json: bodyOf(row) };
}

const bodyOf = (row: RowValues): string => String(row[5]);

function envelopeOf([organizationId, id, version, createdAt, updatedAt]: RowValues): Entity {
  return {
    id: String(id),
    organizationId: String(organizationId),
    version: Number(version),
    createdAt: String(createdAt),
    updatedAt: String(updatedAt),
  };
}

/** The columns of a collection that a write sets, but for the organisation and the id, which stay. */
export function writtenColumns({ twin }: CollectionDefinition<Entity>): readonly string[] {
  return ["version", "created_at", "updated_at", "body", ...(twin === undefined ? [] : [quote(twin)])];
}

/** A record as the values of those columns. @throws Error for a record without the twin that its collection has */
export function writtenValues(entity: Entity, definition: CollectionDefinition<Entity>): readonly SqlValue[] {
  const { record, twin } = splitTwin(entity, definition);
  const { id: _, organizationId: _o, version, createdAt, updatedAt, ...body } = record as Entity;
  const json = [body, ...(twin === undefined ? [] : [twin])].map((part) => JSON.stringify(part));
  return [version, createdAt, updatedAt, ...json];
}
