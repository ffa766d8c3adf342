import { createHash } from "node:crypto";
import type { Position } from "../domain/query.ts";
import { AppError } from "../errors.ts";

/** How long a cursor may be used after it was given out, in seconds (RFC 9865 section 4, `cursorTimeout`). */
export const cursorSeconds = 3600;
const lengthMax = 8192;

/**
 * The cursor of RFC 9865: where the page before ended, for which list, and when. It needs no secret: whoever makes one
 * up learns nothing that the list itself would not say.
 * @param list what the list is: organisation, resource type, filter and order
 */
export function cursorOf(position: Position, list: readonly unknown[], now = Date.now()): string {
  const { id, value } = position;
  return Buffer.from(JSON.stringify([fingerprint(list), now, id, ...(value === undefined ? [] : [value])])).toString(
    "base64url",
  );
}

/**
 * Where the page begins that this cursor stands for.
 * @throws AppError invalid-cursor for one that was not given out for this list; expired-cursor for an old one
 */
export function positionOf(cursor: string, list: readonly unknown[], now = Date.now()): Position {
  const [mark, givenAt, id, value] = partsOf(cursor);
  if (mark !== fingerprint(list) || typeof givenAt !== "number" || typeof id !== "string" || !isSortValue(value)) {
    throw new AppError("invalid-cursor", "The cursor does not belong to this list, filter and order.", {
      field: "cursor",
    });
  }
  if (now - givenAt > cursorSeconds * 1000) {
    throw new AppError("expired-cursor", "The cursor is too old. Begin again without one.", { field: "cursor" });
  }
  return { id, ...(value !== undefined && { value }) };
}

function partsOf(cursor: string): readonly unknown[] {
  if (cursor.length > lengthMax) return [];
  try {
    const parts: unknown = JSON.parse(Buffer.from(cursor, "base64url").toString());
    return Array.isArray(parts) && parts.length <= 4 ? parts : [];
  } catch {
    return [];
  }
}

const isSortValue = (value: unknown): value is string | number | boolean | null | undefined =>
  value === null || ["string", "number", "boolean", "undefined"].includes(typeof value);

const fingerprint = (list: readonly unknown[]): string =>
  createHash("sha256").update(JSON.stringify(list)).digest("base64url").slice(0, 16);
