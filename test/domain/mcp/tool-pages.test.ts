import { expect } from "chai";
import { type ListedText, ToolPages } from "../../../src/domain/mcp/tool-pages.ts";
import { DeferredTools } from "../../../src/http/mcp/deferred-tools.ts";

const tool = (name: string): ListedText => ({ length: 12, toText: () => JSON.stringify({ name }) });
const renderWith = (pages: ToolPages, tools: readonly ListedText[]): unknown => JSON.parse(`[${pages.render(tools)}]`);

describe("ToolPages", () => {
  it("returns the same bytes for the same tools in the same order", () => {
    const pages = new ToolPages();
    const tools = ["a", "b", "c"].map(tool);
    expect(pages.render([...tools])).to.equal(pages.render(tools));
    expect(renderWith(pages, tools)).to.deep.equal([{ name: "a" }, { name: "b" }, { name: "c" }]);
    expect(renderWith(pages, [])).to.deep.equal([]);
  });

  it("never returns a page with another tool, even if its ends and its length are the same", () => {
    const pages = new ToolPages();
    const [a, b, c, d, e] = ["a", "b", "c", "d", "e"].map(tool) as [ListedText, ...ListedText[]];
    const lists = [
      [a, b, c, d, e],
      [a, d, c, b, e],
      [a, tool("B"), c, tool("D"), e],
    ] as readonly ListedText[][];
    for (let round = 0; round < 2; round++)
      for (const list of lists)
        expect(renderWith(pages, list)).to.deep.equal(list.map((each) => JSON.parse(each.toText())));
  });

  it("keeps nothing if it must not", () => {
    const pages = new ToolPages(false);
    const tools = [tool("a")];
    expect(pages.render(tools)).to.not.equal(pages.render(tools));
  });
});

describe("DeferredTools", () => {
  it("inserts the tools where the list is, and not where a string of the client looks like it", () => {
    const deferred = new DeferredTools(new ToolPages());
    deferred.defer([tool("a"), tool("ü")]);
    const id = '"tools":[]';
    const response = { id, result: { tools: [], nextCursor: "x" }, jsonrpc: "2.0" };
    const text = Buffer.concat([...deferred.insertInto(JSON.stringify(response))]).toString();
    const tools = [{ name: "a" }, { name: "ü" }];
    expect(JSON.parse(text)).to.deep.equal({ ...response, result: { ...response.result, tools } });
  });

  it("leaves an error as it is", () => {
    const deferred = new DeferredTools(new ToolPages());
    deferred.defer([tool("a")]);
    const error = JSON.stringify({ jsonrpc: "2.0", id: 1, error: { code: -32603, message: "Internal error" } });
    expect(Buffer.concat([...deferred.insertInto(error)]).toString()).to.equal(error);
  });
});
