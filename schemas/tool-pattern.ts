import { z } from "zod";

/**
 * A pattern of tools: `*` matches any characters and `?` matches one. With `__` it matches the whole of `server__tool`,
 * without `__` the name of the tool.
 */
export const toolPattern = z
  .string()
  .regex(/^[A-Za-z0-9_.*?-]{1,200}$/, "must be a tool such as github__delete_* or delete_*")
  .refine(
    (pattern) => canMatchTool(pattern),
    "can never match a tool. Use a tool such as github__delete_* or delete_*",
  );

/** Whether the pattern names the server too, so that it matches `server__tool` and not the tool's name alone. */
export const hasServerPart = (pattern: string): boolean => pattern.includes("__");

/**
 * Whether a tool can exist that the pattern matches. It is exact but for the characters that a `*` beside a hyphen needs,
 * so it never rejects a pattern that can match.
 * @param pattern of the characters of a tool pattern
 * @param slug limits the tools to those of this server
 */
export function canMatchTool(pattern: string, slug?: string): boolean {
  if (!hasServerPart(pattern)) return canBeToolName(pattern);
  const afterSlugs = slug === undefined ? afterAnySlug(pattern) : consume([pattern], slug);
  return consume(afterSlugs, "__").some(canBeToolName);
}

const [slugLengthMax, toolNameLengthMax] = [63, 128];

/** Whether the pattern, whose characters are all allowed in the name of a tool, can match one. */
const canBeToolName = (pattern: string): boolean => pattern !== "" && lengthMin(pattern) <= toolNameLengthMax;

/** What can remain of the pattern after its beginning has matched a slug. */
function afterAnySlug(pattern: string): readonly string[] {
  const remainders: string[] = [];
  for (let end = 1; end <= pattern.length; end++) {
    const head = pattern.slice(0, end);
    if (!/^[a-z0-9*?][a-z0-9*?-]*$/.test(head)) break;
    if (head.endsWith("-") || lengthMin(head) > slugLengthMax) continue;
    remainders.push(head.endsWith("*") ? pattern.slice(end - 1) : pattern.slice(end)); // a star can match more
  }
  return remainders;
}

/** What can remain of the patterns after they have matched the characters. */
function consume(patterns: readonly string[], characters: string): readonly string[] {
  let remainders = patterns;
  for (const character of characters) {
    const next = new Set<string>();
    for (const pattern of remainders) {
      const afterStars = pattern.replace(/^\*+/, "");
      if (afterStars !== pattern) next.add(`*${afterStars}`);
      if (afterStars.startsWith("?") || afterStars.startsWith(character)) next.add(afterStars.slice(1));
    }
    remainders = [...next];
  }
  return remainders;
}

const lengthMin = (pattern: string): number => pattern.replaceAll("*", "").length;
