/** The fields of every stored record. Times are ISO 8601 UTC with milliseconds, so that string order is time order. */
export interface Entity {
  readonly id: string;
  readonly organizationId: string;
  readonly version: number;
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** A record as its envelope and the JSON string of all other fields, without the search fields. */
export interface RawRecord extends Entity {
  readonly json: string;
}

/** A group that a user belongs to (RFC 7643 section 4.1.2, `groups`). All users and responses share the object. */
export interface GroupOfUser {
  readonly id: string;
  readonly displayName: string;
  /** Whether the user is a direct member, and not a member of a nested group. */
  readonly isDirect: boolean;
}

/** Serializes a record. */
export function toRawRecord({ id, organizationId, version, createdAt, updatedAt, ...rest }: Entity): RawRecord {
  return { id, organizationId, version, createdAt, updatedAt, json: JSON.stringify(rest) };
}

/** Returns a record without its content. */
export const toEnvelope = ({ id, organizationId, version, createdAt, updatedAt }: Entity): Entity => ({
  id,
  organizationId,
  version,
  createdAt,
  updatedAt,
});

/** Parses a record. */
export function parseRawRecord({ id, organizationId, version, createdAt, updatedAt, json }: RawRecord): Entity {
  // Assigns to the parsed object, because a copy would double the cost.
  return Object.assign(JSON.parse(json) as object, { id, organizationId, version, createdAt, updatedAt });
}

const envelope: ReadonlySet<string> = new Set([
  ...["id", "organizationId", "version", "createdAt", "updatedAt"],
  "managedBy", // names the owner and is not an attribute
  ...["tokenGeneration", "tokensEndedAt", "lockVersion"], // of the user's tokens
  "labels", // of this service, not of SCIM
]);

/** Returns the attributes of a stored record, without the envelope. It copies once only, because lists call it for each record. */
export function toAttributes(record: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const attributes: Record<string, unknown> = {};
  for (const name of Object.keys(record)) if (!envelope.has(name)) attributes[name] = record[name];
  return attributes;
}
