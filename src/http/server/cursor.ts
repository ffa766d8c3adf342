import { createHash } from "node:crypto";
import { AppError } from "../../errors.ts";
import type { Position } from "../../store/query.ts";

/** How long a cursor is valid after it was issued, in seconds (RFC 9865 section 4, `cursorTimeout`). */
export const cursorTimeoutSeconds = 3600;
const cursorLengthMax = 8192;

/**
 * Encodes a cursor (RFC 9865): the position after which the next page starts, a fingerprint of the list, and the time of
 * issue. It is not signed, because a forged cursor reveals nothing that the list itself does not show.
 * @param position the last record of the page
 * @param listKey identifies the list: organization, resource type, filter and order
 * @param now in milliseconds since the epoch
 */
export function encodeCursor(position: Position, listKey: readonly unknown[], now = Date.now()): string {
  const { id, value } = position;
  return Buffer.from(JSON.stringify([fingerprint(listKey), now, id, ...(value === undefined ? [] : [value])])).toString(
    "base64url",
  );
}

/**
 * Decodes a cursor to the position after which the page starts.
 * @param listKey as for `encodeCursor`
 * @param now in milliseconds since the epoch
 * @throws AppError invalid-cursor if the cursor was not issued for this list; expired-cursor if it is too old
 */
export function decodeCursor(cursor: string, listKey: readonly unknown[], now = Date.now()): Position {
  const [listFingerprint, issuedAt, id, value] = parseCursor(cursor);
  if (
    listFingerprint !== fingerprint(listKey) ||
    typeof issuedAt !== "number" ||
    typeof id !== "string" ||
    !isSortValue(value)
  ) {
    throw new AppError(
      "invalid-cursor",
      "cursor was not issued for this list, filter and order. Omit it to start from the first page.",
      {
        field: "cursor",
      },
    );
  }
  if (now - issuedAt > cursorTimeoutSeconds * 1000) {
    throw new AppError("expired-cursor", "cursor has expired. Omit it to start from the first page.", {
      field: "cursor",
    });
  }
  return { id, ...(value !== undefined && { value }) };
}

function parseCursor(cursor: string): readonly unknown[] {
  if (cursor.length > cursorLengthMax) return [];
  try {
    const parts: unknown = JSON.parse(Buffer.from(cursor, "base64url").toString());
    return Array.isArray(parts) && parts.length <= 4 ? parts : [];
  } catch {
    return [];
  }
}

const isSortValue = (value: unknown): value is string | number | boolean | null | undefined =>
  value === null || ["string", "number", "boolean", "undefined"].includes(typeof value);

const fingerprint = (listKey: readonly unknown[]): string =>
  createHash("sha256").update(JSON.stringify(listKey)).digest("base64url").slice(0, 16);
