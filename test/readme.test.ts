import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect } from "chai";
import { settings } from "../src/config.ts";
import { root } from "./support/root.ts";

const read = (path: string): string => readFileSync(join(root, path), "utf8");

/** The lines below a heading, up to the next one. */
function sectionOf(text: string, heading: string): string {
  const [, below] = text.split(`\n${heading}\n`);
  if (below === undefined) throw new Error(`README.md has no heading ${heading}`);
  return below.split(/\n#+ /)[0] ?? "";
}

/** The cells of a section's table, without its head. */
function rowsOf(section: string): string[][] {
  const lines = section.split("\n").filter((line) => line.startsWith("|"));
  return lines.slice(2).map((line) =>
    line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

const isPath = (name: string): boolean => name.includes("/") || /\.\w+$/.test(name);

/** The address of a heading within its page, as it is made on the usual hosts. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, "")
    .trim()
    .replaceAll(" ", "-");

describe("README.md", () => {
  const readme = read("README.md");

  it("has the settings of src/config.ts in its table, all of them, in their order and their words", () => {
    const expected = Object.entries(settings).map(([name, { meaning, standard }]) => [
      `\`${name}\``,
      meaning,
      standard === "" ? "" : `\`${standard}\``,
    ]);
    expect(rowsOf(sectionOf(readme, "## Settings"))).to.deep.equal(expected);
  });

  describe("names under Where each change lands only files that are there", () => {
    const rows = rowsOf(sectionOf(readme, "### Where each change lands"));
    it("has rows", () => expect(rows.length).to.be.greaterThan(10));

    for (const [change = "", files = ""] of rows) {
      it(change, () => {
        const named = [...files.matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name).filter(isPath);
        let folder = "";
        for (const name of named) {
          // A name alone lies beside the path before it.
          const path = name.includes("/") ? name : join(folder, name);
          expect(existsSync(join(root, path)), path).to.equal(true);
          folder = dirname(path);
        }
        expect(files, "what it says").to.match(/`[^`]+`/);
      });
    }
  });
});

describe("Links", () => {
  const decisions = readdirSync(join(root, "docs/decisions")).filter((name) => name.endsWith(".md"));
  for (const page of [
    "README.md",
    "CONTRIBUTING.md",
    "examples/README.md",
    ...decisions.map((name) => join("docs/decisions", name)),
  ]) {
    it(`of ${page} lead to files and headings that are there`, () => {
      const links = [...read(page).matchAll(/\]\(<?([^)\s>]+)>?(?:\s"[^"]*")?\)/g)].map(([, target = ""]) => target);
      for (const link of links.filter((target) => !/^[a-z]+:/i.test(target))) {
        const [file = "", anchor] = link.split("#");
        const path = file === "" ? page : join(dirname(page), decodeURIComponent(file));
        expect(existsSync(join(root, path)), `${link} in ${page}`).to.equal(true);
        if (anchor === undefined) continue;
        const headings = [...read(path).matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) => anchorOf(heading));
        expect(headings, `${link} in ${page}`).to.include(anchor);
      }
    });
  }
});
