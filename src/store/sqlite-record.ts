import type { CollectionDefinition, Entity, RecordText } from "./collection.ts";
import type { Connection, RowValues, Sql, SqlValue } from "./sqlite-driver.ts";
import { splitTwin } from "./twin.ts";
import { quote } from "./where-sql.ts";

const envelopeColumns = ["organization_id", "id", "version", "created_at", "updated_at"];
const columns = [...envelopeColumns, "body"];

/** The columns that make a record: the envelope and the rest of it as JSON. The generated columns cost a look each, the twin a parse. */
export const recordColumns = columns.join(", ");
/** The same of a table that has this name in a query. */
export const recordColumnsOf = (alias: string): string => columns.map((each) => `${alias}.${each}`).join(", ");

/** The values of these columns as a record. */
export function toText([organizationId, id, version, createdAt, updatedAt, body]: RowValues): RecordText {
  return {
    id: String(id),
    organizationId: String(organizationId),
    version: Number(version),
    createdAt: String(createdAt),
    updatedAt: String(updatedAt),
    json: String(body),
  };
}

/** The record of a text. */
export function toEntity({ id, organizationId, version, createdAt, updatedAt, json }: RecordText): Entity {
  // Onto the object that was parsed: a copy of it would cost as much again.
  return Object.assign(JSON.parse(json) as object, { id, organizationId, version, createdAt, updatedAt });
}

/** Reads the records of a query for `recordColumns`, in its order. */
export type ReadRows = (connection: Connection, select: Sql) => RecordText[];

export const readEach: ReadRows = (connection, { text, values }) => connection.allValues(text, values).map(toText);

/**
 * Reads them as one row of two texts, one of the envelopes and one of the bodies: most of what a record of a page costs
 * is in handing its values over one by one. The envelopes are apart so that whoever keeps an id does not keep the page.
 * For records that are small: while they are read, all of them are held twice.
 */
export const readAsOne: ReadRows = (connection, { text, values }) => {
  const [envelopes, bodies] = connection.getValues(asOne(text), values) ?? [];
  if (typeof envelopes !== "string" || typeof bodies !== "string") return [];
  const jsons = bodies.split(recordSeparator);
  return envelopes.split(recordSeparator).map((envelope, at) => {
    const row: unknown[] = envelope.split(unitSeparator);
    row.push(jsons[at]);
    return toText(row);
  });
};

const asOne = (select: string): string =>
  `SELECT group_concat(concat_ws(char(31), ${envelopeColumns.join(", ")}), char(30)), group_concat(body, char(30)) FROM (${select})`;

/** What stands between records, and between the values of an envelope. No JSON text holds it, nor any id or time. */
export const [recordSeparator, unitSeparator] = ["\u001e", "\u001f"];

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
