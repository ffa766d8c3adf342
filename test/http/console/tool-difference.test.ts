import { expect } from "chai";
import fc from "fast-check";
import { mergeForm, toSeen } from "../../../src/http/console/catalog/form-values.ts";
import {
  collapseSameLines,
  compareLines,
} from "../../../src/http/console/catalog/mcp-servers/refresh/line-difference.ts";
import { toVisibleText } from "../../../src/http/console/catalog/mcp-servers/refresh/visible-text.ts";
import { fromValueLine, toValueLine } from "../../../src/http/console/value-lines.ts";
import { repetitionsOf } from "../../support/repetitions.ts";

const numRuns = repetitionsOf(1000);
const lines = fc.array(fc.constantFrom("a", "b", "c", ""), { maxLength: 12 }).map((each) => each.join("\n"));

describe("What the forms and the comparison of tools in /console compute", () => {
  it("a difference without its added lines is the first text, and without its removed lines the second one", () => {
    fc.assert(
      fc.property(lines, lines, fc.nat(100), (before, after, remaining) => {
        const difference = compareLines(before, after, { remaining });
        const textOf = (dropped: string) =>
          difference
            .filter(({ kind }) => kind !== dropped)
            .map(({ text }) => text)
            .join("\n");
        expect([textOf("added"), textOf("removed")]).to.deep.equal([before, after]);
      }),
      { numRuns },
    );
  });

  it("a difference is the shortest one within the budget, and a whole replacement beyond it", () => {
    const budget = { remaining: 10 };
    const kinds = (before: string, after: string) => compareLines(before, after, budget).map(({ kind }) => kind[0]);
    expect(kinds("a\nb\nc", "a\nx\nc").join("")).to.equal("sras");
    expect(budget.remaining).to.equal(9);
    expect(kinds("1\n2\n3\n4", "2\nx\n3\ny").join("")).to.equal("rrrraaaa");
  });

  it("equal lines far from every difference are replaced by their number", () => {
    const same = Array.from({ length: 20 }, () => ({ kind: "same", text: "x" }) as const);
    const collapsed = collapseSameLines([...same, { kind: "added", text: "y" }, ...same]);
    expect([collapsed[0], collapsed.at(-1), collapsed.length]).to.deep.equal([17, 17, 9]);
  });

  it("every character that is not seen is shown by its code point", () => {
    const text = "a\u200bb\u202ec\u{e0041}d\u00ade\u0007f\n\tg\u{1f600}h\u3164";
    expect(toVisibleText(text)).to.equal("a[U+200B]b[U+202E]c[U+E0041]d[U+00AD]e[U+0007]f\n\tg\u{1f600}h[U+3164]");
  });

  it("a list with one value per line is read back as it was, whatever the values are", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (value) => {
        const line = toValueLine(value);
        expect(line)
          .to.equal(line.trim())
          .and.not.match(/[\n\r]/);
        expect(line).to.not.equal("");
        expect(fromValueLine(line, "args")).to.equal(value);
      }),
      { numRuns },
    );
    for (const value of ['"', '"a', '""', " ", "\n", "\r", "a\u2028b", '"a"b"'])
      expect(fromValueLine(toValueLine(value), "args"), JSON.stringify(value)).to.equal(value);
  });

  it("a merge keeps every entry, and adopts the stored value of a field that was not changed", () => {
    const seen = toSeen({ one: "1", two: "2", three: "3" });
    const merge = mergeForm(
      seen,
      { one: "mine", two: "2", three: "mine" },
      { one: "theirs", two: "theirs", three: "3" },
    );
    expect(merge.values).to.deep.equal({ one: "mine", two: "theirs", three: "mine" });
    expect(merge.changed).to.deep.equal([
      { field: "one", stored: "theirs", isKept: false },
      { field: "two", stored: "theirs", isKept: true },
    ]);
    for (const forged of ["", "one=x&one=y", "__proto__=x", "%%%"])
      expect(mergeForm(forged, { one: "mine" }, { one: "theirs" }).values).to.deep.equal({ one: "mine" });
  });
});
