import { z } from "zod";

/**
 * An export file: JSON Lines in UTF-8. The first line is the header, the last one the trailer; in between are records and
 * memberships in a fixed order. Two exports of the same data are equal byte by byte, whatever the engine.
 */
export const exportFormat = "gatehouse-export";
/** The version of the file format. It changes when an older release could misread a file. */
export const exportFormatVersion = 1;

export const exportHeader = z.strictObject({
  format: z.literal(exportFormat, `must be ${exportFormat}`),
  version: z.int(),
  /** The number of the last schema migration of the store. */
  migration: z.int(),
  /** Whether the file has audit events and the request log. */
  logs: z.boolean(),
  /** Whether the file has the encrypted credentials of MCP servers. */
  credentials: z.boolean(),
  /** Whether the file has all organizations, and so the records that belong to none. */
  complete: z.boolean(),
});
export type ExportHeader = Readonly<z.infer<typeof exportHeader>>;

const id = z.string().regex(/^[a-z]{3}_[A-Za-z0-9_]{1,100}$/, "must be an id");

/** A line with one record. */
export const recordLine = z.strictObject({
  collection: z.string(),
  record: z.looseObject({ id, organizationId: z.string() }),
});

/** The most members in one line. The members of a larger group are in several lines. */
export const membersPerLine = 500;

/** A line with members of one group, in id order. */
export const membershipLine = z.strictObject({
  memberships: z.strictObject({
    organizationId: id,
    groupId: id.startsWith("grp_", "must be the id of a group"),
    memberIds: z
      .array(id.regex(/^(?:usr|grp)_/, "must be the id of a user or a group"))
      .min(1)
      .max(membersPerLine),
  }),
});
export type MembershipLine = Readonly<z.infer<typeof membershipLine>>["memberships"];

/** The last line: how many records of each collection, and memberships, the file has, and the digest of all lines before. */
export const exportTrailer = z.strictObject({
  end: z.literal(true),
  counts: z.record(z.string(), z.int()),
  /** SHA-256 of all bytes before this line, in hexadecimal. */
  sha256: z.string(),
});
export type ExportTrailer = Readonly<z.infer<typeof exportTrailer>>;

/** The name of the memberships in the counts of a trailer. */
export const membershipCount = "memberships";

/**
 * Serializes a line. The names in objects are sorted, because engines add a field at different places. Inside arrays the
 * names keep their order: no engine changes it, and it means something in the JSON Schemas of tools.
 */
export function toLine(value: object): string {
  return `${JSON.stringify(sortNames(value))}\n`;
}

function sortNames(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  const entries = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
  return Object.fromEntries(entries.map(([name, each]) => [name, sortNames(each)]));
}
