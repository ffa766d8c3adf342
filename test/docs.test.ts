import { existsSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect } from "chai";
import { auditAction } from "../schemas/audit-action.ts";
import { cliCommands } from "../src/cli/help.ts";
import { settings } from "../src/config/settings.ts";
import { traceVariables } from "../src/config/traces.ts";
import { httpStatuses } from "../src/http/server/error-mapping.ts";
import { pages, readAnchors, readPage, readSection, readShellBlocks, readTableRows } from "./markdown.fixture.ts";
import { runCli } from "./support/process.ts";
import { root } from "./support/root.ts";

const isPath = (name: string): boolean => /^[\w.@/-]+$/.test(name) && (name.includes("/") || /\.\w+$/.test(name));
const isInRepository = (name: string): boolean => /^(src|schemas|test|docs|bench|examples|scripts)\//.test(name);

/** Returns the names of files in back quotes; a name without a directory is beside the path before it. */
function readFileNames(text: string): string[] {
  let directory = "";
  return [...text.matchAll(/`([^`]+)`/g)]
    .map(([, name = ""]) => name)
    .filter(isPath)
    .map((name) => {
      const path = name.includes("/") ? name : join(directory, name);
      directory = dirname(path);
      return path;
    });
}

describe("README.md", () => {
  it("has at most 200 lines", () => {
    expect(readPage("README.md").split("\n").length).to.be.at.most(201);
  });

  it("links every page of docs", () => {
    for (const name of readdirSync(join(root, "docs")).filter((each) => each.endsWith(".md")))
      expect(readPage("README.md")).to.include(`](docs/${name}`);
  });
});

describe("docs/configuration.md", () => {
  it("lists every setting of src/config/settings.ts, in order, with its description and default", () => {
    const expected = Object.entries(settings).map(([name, { description, defaultValue }]) => [
      `\`${name}\``,
      description,
      defaultValue === "" ? "" : `\`${defaultValue}\``,
    ]);
    expect(readTableRows(readSection("docs/configuration.md", "## Settings"))).to.deep.equal(expected);
  });
});

describe("docs/configuration.md, Traces", () => {
  it("lists every variable of OpenTelemetry that the service checks", () => {
    const rows = readTableRows(readSection("docs/configuration.md", "## Traces"));
    const names = rows.flatMap(([cell = ""]) => [...cell.matchAll(/`(OTEL_\w+)`/g)].map(([, name = ""]) => name));
    expect(names).to.have.members([...traceVariables, "OTEL_SERVICE_NAME"]);
  });
});

describe("docs/cli.md", () => {
  it("has a section for every command of the usage, and for nothing else", async () => {
    const { stdout } = await runCli({}, "help");
    const names = [...cliCommands.keys()];
    for (const name of names) expect(stdout).to.match(new RegExp(`^ +gatehouse ${name}\\b`, "m"));
    const documented = [...readPage("docs/cli.md").matchAll(/^## (.*)$/gm)].map(([, heading]) => heading);
    expect(documented).to.have.members(names);
  });
});

describe("docs/api.md", () => {
  it("lists every error code with its HTTP status", () => {
    const rows = readTableRows(readSection("docs/api.md", "## Errors")).map(([code = "", status]) => [
      code.replaceAll("`", ""),
      Number(status),
    ]);
    expect(Object.fromEntries(rows)).to.deep.equal(httpStatuses);
  });
});

describe("docs/audit.md", () => {
  it("lists every action of audit events, and names no other one", () => {
    const section = readPage("docs/audit.md").split("## Export")[0] ?? "";
    const rows = section.split("\n").filter((line) => line.startsWith("| "));
    const catalog = ["mcp-server", "toolkit", "skill", "command", "policy"];
    const short = catalog.flatMap((type) => ["create", "update", "delete"].map((verb) => `${type}.${verb}`));
    const listed = rows.flatMap((row) => [...row.matchAll(/`([a-z-]+(?:\.[a-z_-]+)+)`/g)].map(([, name = ""]) => name));
    const fields = listed.filter((name) => name.startsWith("details."));
    expect([...new Set([...short, ...listed])].filter((name) => !fields.includes(name))).to.have.members(
      auditAction.options,
    );
  });
});

describe("docs/decisions/README.md", () => {
  const rows = readTableRows(readPage("docs/decisions/README.md"));

  it("lists every decision in order, with its status and dates", () => {
    const files = readdirSync(join(root, "docs/decisions")).filter((name) => /^\d/.test(name));
    expect(rows.map(([link = ""]) => /\((.*)\)/.exec(link)?.[1])).to.deep.equal(files.sort());
    for (const [, status, decidedAt, changedAt] of rows) {
      expect(status).to.match(/^(proposed|accepted|replaced by \[)/);
      expect(decidedAt).to.match(/^\d{4}-\d\d-\d\d$/);
      expect(changedAt).to.match(/^\d{4}-\d\d-\d\d$/);
    }
  });
});

describe("CONTRIBUTING.md, Where each change lands", () => {
  const rows = readTableRows(readSection("CONTRIBUTING.md", "## Where each change lands"));

  it("has rows", () => expect(rows.length).to.be.greaterThan(25));

  for (const [change = "", files = ""] of rows) {
    it(`names existing files for ${change}`, () => {
      const names = readFileNames(files);
      expect(names, files).to.not.deep.equal([]);
      for (const name of names) expect(existsSync(join(root, name)), name).to.equal(true);
    });
  }
});

describe("Every page", () => {
  for (const page of pages) {
    it(`${page} links to existing files and headings`, () => {
      const links = [...readPage(page).matchAll(/\]\(<?([^)\s>]+)>?(?:\s"[^"]*")?\)/g)].map(
        ([, target = ""]) => target,
      );
      for (const link of links.filter((target) => !/^[a-z]+:/i.test(target))) {
        const [file = "", anchor] = link.split("#");
        const path = file === "" ? page : join(dirname(page), decodeURIComponent(file));
        expect(existsSync(join(root, path)), `${link} in ${page}`).to.equal(true);
        if (anchor !== undefined) expect(readAnchors(path), `${link} in ${page}`).to.include(anchor);
      }
    });

    // Decisions may speak of files of their time.
    if (page.startsWith("docs/decisions/0")) continue;
    it(`${page} names existing files`, () => {
      const names = [...readPage(page).matchAll(/`([^`\n]+)`/g)].map(([, name = ""]) => name).filter(isPath);
      for (const name of names.filter(isInRepository).filter((each) => !isGenerated(each)))
        expect(existsSync(join(root, name)), `${name} in ${page}`).to.equal(true);
    });
  }

  it("with blocks of sh runs in test/docs-commands.test.ts", () => {
    const withCommands = pages.filter((page) => readShellBlocks(page).length > 0);
    const tested = readPage("test/docs-commands.test.ts");
    for (const page of withCommands) expect(tested, page).to.include(`"${page}"`);
  });
});

/** Files that a command writes and that are not in the repository. */
const isGenerated = (name: string): boolean => name === "examples/api.d.ts";
