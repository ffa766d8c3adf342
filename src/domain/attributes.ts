import { isDeepStrictEqual } from "node:util";

const envelope: ReadonlySet<string> = new Set([
  ...["id", "organizationId", "version", "createdAt", "updatedAt"],
  "managedBy", // says whose it is, and is no attribute
]);

/** A stored user or group as a door speaks of it: without the envelope. Lists are made of these: it copies once. */
export function attributesOf(stored: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const attributes: Record<string, unknown> = {};
  for (const name of Object.keys(stored)) if (!envelope.has(name)) attributes[name] = stored[name];
  return attributes;
}

/** Whether a change would change nothing: then version and date stay (RFC 7644 section 3.5.2). */
export function sameAttributes(before: object, after: object): boolean {
  return isDeepStrictEqual(before, after);
}
