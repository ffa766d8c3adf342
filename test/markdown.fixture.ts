import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./support/root.ts";

/** Every page of the documentation, as paths below the root. */
export const pages: readonly string[] = [
  "README.md",
  "CONTRIBUTING.md",
  "CHANGELOG.md",
  "SECURITY.md",
  "examples/README.md",
  ...["docs", "docs/decisions", "docs/setup"].flatMap((directory) =>
    readdirSync(join(root, directory))
      .filter((name) => name.endsWith(".md"))
      .map((name) => join(directory, name)),
  ),
];

export const readPage = (path: string): string => readFileSync(join(root, path), "utf8");

/**
 * Returns the text below a heading, up to the next heading.
 * @param heading with its number signs: `## Settings`
 * @throws Error when the page has no such heading
 */
export function readSection(page: string, heading: string): string {
  const [, below] = readPage(page).split(`\n${heading}\n`);
  if (below === undefined) throw new Error(`${page} has no heading ${heading}`);
  return below.split(/\n#+ /)[0] ?? "";
}

/** Returns the cells of the tables in a text, without their heads. */
export function readTableRows(text: string): string[][] {
  const tables = text.match(/(?:^\|.*\n?)+/gm) ?? [];
  return tables.flatMap((table) =>
    table
      .split("\n")
      .filter((line) => line.startsWith("|"))
      .slice(2)
      .map((line) =>
        line
          .split("|")
          .slice(1, -1)
          .map((cell) => cell.trim()),
      ),
  );
}

/** Returns the anchors of a page's headings, as repository hosts form them. */
export function readAnchors(page: string): string[] {
  const text = readPage(page).replace(/^( *)```[\s\S]*?^\1```$/gm, "");
  return [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) => toAnchor(heading));
}

const toAnchor = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, "")
    .trim()
    .replaceAll(" ", "-");

/** A shell block of a page, and the JSON block that directly follows it, if there is one. */
export interface ShellBlock {
  readonly script: string;
  readonly expected?: string;
}

/** Returns the blocks of `sh` of a page in their order; blocks of `bash` are not for tests. */
export function readShellBlocks(page: string): ShellBlock[] {
  const fences = [...readPage(page).matchAll(/^( *)```(\w*)\n([\s\S]*?)^\1```$\n?/gm)].map((match) => ({
    start: match.index,
    end: match.index + match[0].length,
    language: match[2] ?? "",
    text: (match[3] ?? "").replaceAll(new RegExp(`^${match[1] ?? ""}`, "gm"), ""),
  }));
  return fences.flatMap(({ language, text, end }, index) => {
    if (language !== "sh") return [];
    const next = fences[index + 1];
    const isAdjacent = next !== undefined && readPage(page).slice(end, next.start).trim() === "";
    return [{ script: text, ...(isAdjacent && next.language === "json" && { expected: next.text }) }];
  });
}
