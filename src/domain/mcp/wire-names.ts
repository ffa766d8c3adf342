import { createHash } from "node:crypto";

/** Model APIs allow 64 characters, and clients put the name of the server that they are configured with before it. */
const wireNameLengthMax = 56;
const headLength = 47;

/**
 * Assigns each tool of a server its name in `/mcp`: `server__tool`, with letters, digits, hyphens and underscores only
 * and at most 56 characters. A name that is too long, or equal to another one once dots are replaced, ends with a digest
 * of the complete name instead. The names of tools that need no change never depend on other tools.
 * @param slug of the server
 * @param toolNames the names of all tools of the server
 * @returns tool names by wire name. A tool that gets no unique name is left out.
 */
export function assignWireNames(slug: string, toolNames: readonly string[]): ReadonlyMap<string, string> {
  const assigned = new Map<string, string>();
  const isUnchanged = (name: string): boolean => toPlainName(slug, name) === `${slug}__${name}`;
  for (const name of toolNames) if (isUnchanged(name)) assigned.set(`${slug}__${name}`, name);
  const changed = toolNames.filter((name) => !isUnchanged(name));
  const counts = new Map<string, number>();
  for (const name of changed) {
    const plain = toPlainName(slug, name);
    if (plain !== undefined) counts.set(plain, (counts.get(plain) ?? 0) + 1);
  }
  for (const name of changed) {
    const plain = toPlainName(slug, name);
    const isUnique = plain !== undefined && counts.get(plain) === 1 && !assigned.has(plain);
    const wireName = isUnique ? plain : toDigestName(slug, name);
    if (!assigned.has(wireName)) assigned.set(wireName, name);
  }
  return assigned;
}

/** Where the server of a tool can be found by the tool's name in `/mcp`. */
export type ServerLookup = { readonly slug: string } | { readonly slugPrefix: string };

/** Reads the server from a wire name, so that a call costs the same with any number of servers. */
export function parseWireName(wireName: string): ServerLookup | undefined {
  const [, slug] = /^([a-z0-9-]{1,63})__[A-Za-z0-9_-]+$/.exec(wireName) ?? [];
  if (slug !== undefined) return { slug };
  const [, slugPrefix] = new RegExp(`^([a-z0-9-]{${headLength}})_[0-9a-f]{8}$`).exec(wireName) ?? [];
  return slugPrefix === undefined ? undefined : { slugPrefix };
}

/** @returns undefined if the name is too long */
function toPlainName(slug: string, name: string): string | undefined {
  const plain = `${slug}__${name.replaceAll(".", "_")}`;
  return plain.length <= wireNameLengthMax ? plain : undefined;
}

function toDigestName(slug: string, name: string): string {
  const digest = createHash("sha256").update(`${slug}__${name}`).digest("hex").slice(0, 8);
  return `${`${slug}__${name.replaceAll(".", "_")}`.slice(0, headLength)}_${digest}`;
}
