import { expect } from "chai";
import { boundValues } from "../../../src/domain/audit/bounded-values.ts";

describe("boundValues", () => {
  const long = "x".repeat(2000);

  it("returns objects without a long string as they are, because copying thousands of them takes long", () => {
    const tools = [{ name: "a", inputSchema: { type: "object" } }];
    expect(boundValues({ tools })["tools"]).to.equal(tools);
  });

  it("replaces long strings at any depth by their length and digest, and changes no input", () => {
    const files = [
      { path: "a.md", content: long },
      { path: "b.md", content: "short" },
    ];
    const bounded = boundValues({ files })["files"] as readonly { path: string; content: unknown }[];
    expect(bounded).to.have.nested.property("[0].content.length", 2000);
    expect(bounded[0]?.path).to.equal("a.md");
    expect(bounded[1]).to.equal(files[1]);
    expect(files[0]?.content).to.equal(long);
  });

  it("replaces the longest fields until the rest has at most 40,000 characters of JSON", () => {
    const words = (count: number): readonly string[] => Array.from({ length: count }, () => "x".repeat(97)); // 100 with quotes and comma
    const [tools, tags] = [words(500), words(300)];
    const bounded = boundValues({ tools, tags });
    expect(bounded["tools"]).to.include({ length: 50_001 });
    expect(bounded["tags"]).to.equal(tags);
  });

  it("keeps values that have exactly 40,000 characters of JSON", () => {
    const list = [...Array.from({ length: 40 }, () => "x".repeat(900)), ""];
    const missing = 40_000 - JSON.stringify({ list }).length;
    const words = Array.from({ length: Math.ceil(missing / 1000) }, () => "");
    const rest = 40_000 - JSON.stringify({ list: [...list, ...words] }).length;
    const filled = words.map((_, at) => "x".repeat(Math.floor((rest + at) / words.length)));
    const exact = { list: [...list, ...filled] };
    expect(JSON.stringify(exact)).to.have.length(40_000);
    expect(boundValues(exact)).to.deep.equal(exact);
    expect(boundValues({ list: [...exact.list.slice(0, -1), `${exact.list.at(-1)}x`] })["list"]).to.have.property(
      "sha256",
    );
  });
});
