import { isDeepStrictEqual } from "node:util";

/** A stored user or group as a door speaks of it: without the envelope. */
export function attributesOf(stored: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { id: _, organizationId: _o, version: _v, createdAt: _c, updatedAt: _u, ...attributes } = stored;
  return attributes;
}

/** Whether a change would change nothing: then version and date stay (RFC 7644 section 3.5.2). */
export function sameAttributes(before: object, after: object): boolean {
  return isDeepStrictEqual(before, after);
}
