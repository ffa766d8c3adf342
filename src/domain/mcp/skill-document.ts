import { hash } from "node:crypto";
import { parseDocument } from "yaml";
import type { Skill } from "../../../schemas/skill.ts";
import { isMcpObject, type McpObject } from "../upstream/upstream-calls.ts";

/** A skill as the skills extension of MCP (SEP-2640) serves it: `SKILL.md` with front matter, and further files. */
export interface ServedSkill {
  /** The URI of `SKILL.md`. */
  readonly uri: string;
  readonly frontmatter: McpObject;
  /** The text of each file by its URI, in the order of the URIs. */
  readonly files: ReadonlyMap<string, string>;
}

/** Why a skill cannot be served. Clients would reject it. */
export interface SkillProblem {
  readonly problem: string;
}

export const skillUriPrefix = "skill://";
const manifestName = "SKILL.md";

/**
 * Builds the files of a skill. Front matter in its content is merged: the slug becomes the name, and the description of
 * the skill takes precedence over one in the content. All values are quoted as JSON, which YAML reads the same way, so
 * that `123` and `true` stay strings.
 */
export function renderSkill({ slug, description, content, files = [] }: Skill): ServedSkill | SkillProblem {
  const split = splitFrontMatter(content);
  if ("problem" in split) return split;
  const { name: _, description: textDescription, ...others } = split.fields;
  const frontmatter = { name: slug, description: description?.trim() || textDescription, ...others };
  const problem = findProblem(frontmatter, files);
  if (problem !== undefined) return { problem };
  const lines = Object.entries(frontmatter).map(([key, value]) => `${toKey(key)}: ${toYaml(value)}`);
  const root = `${skillUriPrefix}${slug}/`;
  const texts = new Map([[`${root}${manifestName}`, `---\n${lines.join("\n")}\n---\n\n${split.body}`]]);
  for (const file of files) texts.set(root + file.path, file.content);
  return {
    uri: `${root}${manifestName}`,
    frontmatter,
    files: new Map([...texts].sort(([one], [other]) => (one < other ? -1 : 1))),
  };
}

/** The entry of a skill in a list: its front matter, and the size and digest of each file, by which clients verify it. */
export const toSkillEntry = ({ uri, frontmatter, files }: ServedSkill): McpObject => ({
  uri,
  frontmatter,
  resources: [...files].map(([fileUri, text]) => ({
    uri: fileUri,
    digest: `sha256:${hash("sha256", text, "hex")}`,
    size: Buffer.byteLength(text),
  })),
});

/** In characters. Front matter has a few lines, and a YAML parser can take long for more. */
const frontMatterLengthMax = 16 * 1024;

function splitFrontMatter(content: string): { readonly fields: McpObject; readonly body: string } | SkillProblem {
  const text = content.replace(/^\ufeff/, "");
  const [whole, yaml] = /^---[\t ]*\r?\n((?:.*\r?\n)*?)---[\t ]*(?:\r?\n|$)/.exec(text) ?? [];
  if (whole === undefined || yaml === undefined) return { fields: {}, body: text };
  if (yaml.length > frontMatterLengthMax)
    return { problem: `content has front matter of more than ${frontMatterLengthMax} characters` };
  try {
    const document = parseDocument(yaml, { schema: "core", logLevel: "silent", prettyErrors: false });
    const [error] = document.errors;
    if (error) return { problem: `content has front matter that is not valid YAML: ${error.message}` };
    const fields: unknown = document.toJS({ maxAliasCount: 20 });
    // A line that begins a text can be a thematic break of Markdown.
    if (!isMcpObject(fields)) return { fields: {}, body: text };
    return { fields, body: text.slice(whole.length).replace(/^(?:\r?\n)+/, "") };
  } catch {
    return { problem: "content has front matter that is too complex" };
  }
}

const namePattern = /^[a-z0-9]+(?:-[a-z0-9]+)*$/;
/** In characters (code points), by the extension and by Agent Skills (https://agentskills.io). */
const [descriptionLengthMax, compatibilityLengthMax] = [1024, 500];
const depthMax = 8;

function findProblem(frontmatter: McpObject, files: NonNullable<Skill["files"]>): string | undefined {
  const { name, description, compatibility, metadata } = frontmatter;
  if (!namePattern.test(String(name)))
    return "slug has two hyphens in a row, and the name of a skill has single ones. Create the skill with another slug";
  if (typeof description !== "string" || description === "")
    return "description is required: clients select a skill by it";
  if (countCharacters(description) > descriptionLengthMax)
    return `description must have ${descriptionLengthMax} characters or fewer`;
  if (compatibility !== undefined && !isShortText(compatibility))
    return `compatibility in the front matter must be a string of 1 to ${compatibilityLengthMax} characters`;
  if (metadata !== undefined && !isStringMap(metadata))
    return "metadata in the front matter must map strings to strings. Quote its values";
  if (hasReservedKey(frontmatter, 0)) return `front matter must have no key __proto__ and at most ${depthMax} levels`;
  if (files.some(({ path }) => path.toLowerCase() === manifestName.toLowerCase()))
    return "files must not contain SKILL.md, which is built from content";
  return undefined;
}

const countCharacters = (text: string): number => [...text].length;
const isShortText = (value: unknown): boolean =>
  typeof value === "string" && value !== "" && countCharacters(value) <= compatibilityLengthMax;
const isStringMap = (value: unknown): boolean =>
  isMcpObject(value) && Object.values(value).every((each) => typeof each === "string");

function hasReservedKey(value: unknown, depth: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (depth > depthMax || Object.hasOwn(value, "__proto__")) return true;
  return Object.values(value).some((each) => hasReservedKey(each, depth + 1));
}

const toKey = (key: string): string =>
  /^[a-z][a-z-]*$/.test(key) && !/^(?:true|false|null)$/.test(key) ? key : toYaml(key);

/** JSON on one line, with spaces where YAML 1.1 needs them, and without characters that YAML does not allow. */
const toYaml = (value: unknown): string =>
  (JSON.stringify(value, null, 1) ?? "null")
    .replace(/\n */g, " ")
    .replace(
      /[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]/g,
      (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
    );
