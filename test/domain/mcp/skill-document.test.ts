import { createHash } from "node:crypto";
import { expect } from "chai";
import fc from "fast-check";
import { parse } from "yaml";
import { type Skill, skillInput } from "../../../schemas/skill.ts";
import { renderSkill, type ServedSkill, toSkillEntry } from "../../../src/domain/mcp/skill-document.ts";

const skill = (fields: object): Skill =>
  ({ name: "Skill", slug: "review", description: "Reviews changes.", content: "# Review\n", ...fields }) as Skill;

function render(fields: object): ServedSkill {
  const rendered = renderSkill(skill(fields));
  if ("problem" in rendered) throw new Error(rendered.problem);
  return rendered;
}
const problemOf = (fields: object): string | undefined => {
  const rendered = renderSkill(skill(fields));
  return "problem" in rendered ? rendered.problem : undefined;
};
const manifestOf = ({ files, uri }: ServedSkill): string => files.get(uri) ?? "";
/** Front matter as a complete YAML parser reads it. */
const readFrontMatter = (manifest: string): unknown => parse(manifest.split("\n---\n")[0]?.slice(4) ?? "");

describe("renderSkill", () => {
  it("builds front matter before the content", () => {
    expect(manifestOf(render({}))).to.equal('---\nname: "review"\ndescription: "Reviews changes."\n---\n\n# Review\n');
  });

  it("quotes slugs that YAML would read as numbers or booleans", () => {
    for (const slug of ["123", "true", "null", "1e3"])
      expect(readFrontMatter(manifestOf(render({ slug })))).to.have.property("name", slug);
  });

  it("merges front matter of the content: the slug and the description of the skill take precedence", () => {
    const content =
      "---\r\nname: Other\r\ndescription: other\r\nlicense: MIT\r\nallowed-tools: [Read, 'a: b']\r\nmetadata:\r\n  version: '1.0'\r\n---\r\n\r\nBody";
    const rendered = render({ content });
    const expected = {
      ...{ name: "review", description: "Reviews changes.", license: "MIT" },
      ...{ "allowed-tools": ["Read", "a: b"], metadata: { version: "1.0" } },
    };
    expect(rendered.frontmatter).to.deep.equal(expected);
    expect(readFrontMatter(manifestOf(rendered))).to.deep.equal(expected);
    expect(manifestOf(rendered).match(/^---$/gm)).to.have.length(2);
    expect(manifestOf(rendered)).to.match(/\n---\n\nBody$/);
  });

  it("uses the description of the content where the skill has none", () => {
    const content = "---\ndescription: From the text\n---\nBody";
    expect(render({ content, description: undefined }).frontmatter).to.have.property("description", "From the text");
  });

  it("leaves a thematic break at the start of the content as it is", () => {
    const content = "---\nText\n---\nMore";
    expect(manifestOf(render({ content }))).to.match(/\n---\n\n---\nText\n---\nMore$/);
  });

  it("writes any description so that a YAML parser reads the same text", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, maxLength: 200, unit: "grapheme" }), (description) => {
        fc.pre(description.trim() !== "");
        expect(readFrontMatter(manifestOf(render({ description })))).to.deep.equal({
          name: "review",
          description: description.trim(),
        });
      }),
    );
  });

  it("has the files of the skill below its URI, with their sizes and digests", () => {
    const rendered = render({ files: [{ path: "references/guide.md", content: "grün" }] });
    expect(toSkillEntry(rendered)).to.deep.equal({
      uri: "skill://review/SKILL.md",
      frontmatter: { name: "review", description: "Reviews changes." },
      resources: [...rendered.files].map(([uri, text]) => ({
        uri,
        digest: `sha256:${createHash("sha256").update(text).digest("hex")}`,
        size: Buffer.byteLength(text),
      })),
    });
    expect([...rendered.files.keys()]).to.deep.equal(["skill://review/SKILL.md", "skill://review/references/guide.md"]);
  });

  const unservable: Readonly<Record<string, readonly [object, RegExp]>> = {
    "two hyphens in a row": [{ slug: "a--b" }, /^slug has two hyphens/],
    "no description": [{ description: undefined }, /^description is required/],
    "a blank description": [{ description: "  " }, /^description is required/],
    "a long description": [{ description: "a".repeat(1025) }, /^description must have 1024/],
    "a file SKILL.md": [{ files: [{ path: "SKILL.md", content: "" }] }, /^files must not contain SKILL\.md/],
    "invalid YAML": [{ content: "---\na: [\n---\n" }, /^content has front matter that is not valid YAML/],
    "metadata that is no text": [{ content: "---\nmetadata: { version: 1.0 }\n---\n" }, /^metadata .* Quote/],
    "compatibility that is no text": [{ content: "---\ncompatibility: 5\n---\n" }, /^compatibility/],
    "a reserved key": [
      { content: '---\nmetadata2: { "__proto__": { a: b } }\n---\n' },
      /^front matter must have no key/,
    ],
    "very long front matter": [{ content: `---\na: ${"b".repeat(17_000)}\n---\n` }, /more than 16384 characters/],
    "deep front matter": [{ content: `---\na: ${"[".repeat(8000)}\n---\n` }, /front matter/],
    "aliases that grow exponentially": [
      {
        content: `---\na0: &a0 [x]\n${Array.from({ length: 30 }, (_, at) => `a${at + 1}: &a${at + 1} [*a${at}, *a${at}]`).join("\n")}\n---\n`,
      },
      /front matter/,
    ],
  };
  for (const [name, [fields, problem]] of Object.entries(unservable))
    it(`serves no skill with ${name}, and says why`, () => expect(problemOf(fields)).to.match(problem));

  it("serves every skill that the API accepts, or has a problem for it", () => {
    const content = fc.oneof(
      fc.string({ maxLength: 50 }),
      fc.string({ maxLength: 50 }).map((text) => `---\n${text}\n---\nBody`),
    );
    fc.assert(
      fc.property(content, (text) => {
        const parsed = skillInput.parse({ slug: "s", name: "S", description: "d", content: text });
        const rendered = renderSkill(parsed as unknown as Skill);
        if ("problem" in rendered) return;
        expect(readFrontMatter(manifestOf(rendered))).to.deep.equal({ ...rendered.frontmatter });
      }),
    );
  });
});
