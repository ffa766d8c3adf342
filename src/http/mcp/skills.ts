import { renderSkill, type ServedSkill, skillUriPrefix, toSkillEntry } from "../../domain/mcp/skill-document.ts";
import { findSkill, listSkills } from "../../domain/mcp/skills.ts";
import type { McpObject } from "../../domain/upstream/upstream-calls.ts";
import type { McpContext, McpServices } from "./context.ts";
import { InvalidParamsError } from "./message.ts";
import { decodePageKey, encodePageKey } from "./page.ts";

/** The name of the extension among the capabilities of a server. */
export const skillsExtension = "io.modelcontextprotocol/skills";

/** Nothing may be kept: what a user may use can change with each request. */
const cacheHint = { ttlMs: 0, cacheScope: "private" } as const;

/** Lists the skills that the user may use (`skills/list`). Those that clients would reject are left out. */
export async function listSkillsPage(
  context: McpContext,
  { api }: McpServices,
  cursor: string | undefined,
): Promise<McpObject> {
  const after = cursor === undefined ? undefined : decodePageKey(cursor);
  const { skills, nextAfter } = await listSkills(api.skills, await context.access(), await context.selection(), after);
  const entries = skills.map(renderSkill).flatMap((each) => ("uri" in each ? [toSkillEntry(each)] : []));
  return { skills: entries, ...(nextAfter !== undefined && { nextCursor: encodePageKey(nextAfter) }), ...cacheHint };
}

/**
 * Returns the entry of one skill (`skills/get`).
 * @throws InvalidParamsError with the same message whether it does not exist, is left out, or the user may not use it
 */
export async function getSkill(context: McpContext, services: McpServices, uri: string): Promise<McpObject> {
  const skill = await findServedSkill(context, services, uri);
  if (skill?.uri === uri) return { skill: toSkillEntry(skill), ...cacheHint };
  throw new InvalidParamsError(`Unknown skill: ${uri.slice(0, 200)}. List the skills again.`);
}

/** Reads a file of a skill. @returns undefined if there is none that the user may use */
export async function readSkillFile(
  context: McpContext,
  services: McpServices,
  uri: string,
): Promise<McpObject | undefined> {
  const text = (await findServedSkill(context, services, uri))?.files.get(uri);
  return text === undefined ? undefined : { uri, mimeType: toMediaType(uri), text };
}

async function findServedSkill(
  context: McpContext,
  { api }: McpServices,
  uri: string,
): Promise<ServedSkill | undefined> {
  const [slug = ""] = uri.startsWith(skillUriPrefix) ? uri.slice(skillUriPrefix.length).split("/") : [];
  if (slug === "" || slug.length > slugLengthMax) return undefined;
  const skill = await findSkill(api.skills, await context.access(), await context.selection(), slug);
  const rendered = skill && renderSkill(skill);
  return rendered && "uri" in rendered ? rendered : undefined;
}

const slugLengthMax = 63;

const mediaTypes: ReadonlyMap<string, string> = new Map([
  ["md", "text/markdown"],
  ["json", "application/json"],
  ["yaml", "application/yaml"],
  ["yml", "application/yaml"],
  ["py", "text/x-python"],
  ["sh", "application/x-sh"],
  ["js", "text/javascript"],
  ["ts", "text/typescript"],
  ["html", "text/html"],
  ["css", "text/css"],
  ["csv", "text/csv"],
  ["xml", "application/xml"],
  ["svg", "image/svg+xml"],
]);

/** Files of skills are texts, so that unknown ones are plain text. */
const toMediaType = (uri: string): string =>
  mediaTypes.get(uri.slice(uri.lastIndexOf(".") + 1).toLowerCase()) ?? "text/plain";
