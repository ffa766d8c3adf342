import type { CollectionDefinition, Entity, RecordText } from "./collection.ts";
import type { RowValues, SqlValue } from "./sqlite-driver.ts";
import { splitTwin } from "./twin.ts";
import { quote } from "./where-sql.ts";

const columns = ["organization_id", "id", "version", "created_at", "updated_at", "body"];

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

/** The columns that a query has to give to be asked by `asTexts`. */
export const textColumns = "id, version, created_at, updated_at, body";

/**
 * A query for records that gives them, in their order, as two texts, one of the envelopes and one of the bodies: most
 * of what a record of a page costs is in handing its values over one by one. The envelopes are apart so that whoever
 * keeps an id does not keep the page.
 */
export const asTexts = (select: string): string =>
  `SELECT group_concat(concat_ws(char(31), id, version, created_at, updated_at), char(30)), group_concat(body, char(30)) FROM (${select})`;

/** What stands between records, and between the values of an envelope. No JSON text holds it, nor any id or time. */
export const [recordSeparator, unitSeparator] = ["\u001e", "\u001f"];

/** The records of an organisation that such a query gave. */
export function textsIn([envelopes, bodies]: RowValues, organizationId: string): RecordText[] {
  if (typeof envelopes !== "string" || typeof bodies !== "string") return [];
  const jsons = bodies.split(recordSeparator);
  return envelopes.split(recordSeparator).map((envelope, at) => {
    const [id = "", version, createdAt = "", updatedAt = ""] = envelope.split(unitSeparator);
    return { id, organizationId, version: Number(version), createdAt, updatedAt, json: jsons[at] ?? "" };
  });
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
