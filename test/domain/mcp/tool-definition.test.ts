import { expect } from "chai";
import type { Tool } from "../../../schemas/mcp-server.ts";
import { selectServedTools, toToolDefinition } from "../../../src/domain/mcp/tool-definition.ts";

const tool = (name: string, inputSchema?: unknown): Tool => ({
  ...{ name, risk: "write", enabled: true },
  ...(inputSchema !== undefined && { inputSchema }),
});

describe("selectServedTools", () => {
  const breaking: Readonly<Record<string, unknown>> = {
    "a root that is no object": { type: "string" },
    "no root type": { anyOf: [{ type: "object" }] },
    "the schema true": true,
    "the schema null": null,
    "required: null": { type: "object", required: null },
    "properties: null": { type: "object", properties: null },
    "a reference to nothing": { type: "object", properties: { a: { $ref: "#/$defs/none" } } },
    "a reference to another document": { type: "object", properties: { a: { $ref: "https://example.com/schema" } } },
    "a regular expression that JavaScript lacks": { type: "object", properties: { a: { pattern: "(?P<y>a)" } } },
  };
  for (const [name, inputSchema] of Object.entries(breaking)) {
    it(`leaves out only the tool whose input schema has ${name}, and says why`, async () => {
      const { toolNames, problems } = await selectServedTools({
        slug: "s",
        tools: [tool("bad", inputSchema), tool("good")],
      });
      expect([...toolNames.values()]).to.deep.equal(["good"]);
      expect([...problems.keys()]).to.deep.equal(["bad"]);
      expect(problems.get("bad")).to.match(/^inputSchema/);
    });
  }
});

describe("selectServedTools, output schemas", () => {
  it("leaves out only the tool whose output schema clients cannot compile, and allows a root of any type", async () => {
    const withOutput = (name: string, outputSchema: unknown): Tool => ({ ...tool(name), outputSchema });
    const { toolNames, problems } = await selectServedTools({
      slug: "s",
      tools: [
        withOutput("bad", { type: "object", properties: { a: { pattern: "(?P<y>a)" } } }),
        withOutput("dangling", { $ref: "#/$defs/none" }),
        withOutput("list", { type: "array", items: { type: "string" } }),
      ],
    });
    expect([...toolNames.values()]).to.deep.equal(["list"]);
    expect([...problems])
      .to.have.length(2)
      .and.satisfy((all: string[][]) => all.every(([, text]) => text?.startsWith("outputSchema.")));
  });
});

describe("toToolDefinition", () => {
  it("has the output schema and the annotations of the server", () => {
    const definition = toToolDefinition("s__t", {
      ...tool("t"),
      outputSchema: { type: "object", properties: { any: true } },
      annotations: { title: "T", idempotentHint: true, openWorldHint: false },
    });
    expect(definition["outputSchema"]).to.deep.equal({ type: "object", properties: { any: {} } });
    expect(definition["annotations"]).to.deep.equal({
      ...{ title: "T", idempotentHint: true, openWorldHint: false },
      ...{ readOnlyHint: false, destructiveHint: false },
    });
  });

  it("never claims less risk than the catalog, which a server could otherwise do to avoid confirmations", () => {
    const claimed = { readOnlyHint: true, destructiveHint: false };
    const hintsFor = (risk: Tool["risk"], annotations: Tool["annotations"]) =>
      toToolDefinition("s__t", { ...tool("t"), risk, annotations })["annotations"];
    expect(hintsFor("destructive", claimed)).to.deep.equal({ readOnlyHint: false, destructiveHint: true });
    expect(hintsFor("write", { destructiveHint: true })).to.deep.equal({ readOnlyHint: false, destructiveHint: true });
    expect(hintsFor("read", claimed)).to.deep.equal(claimed);
  });

  it("has no field with the value null or undefined", () => {
    const definition = toToolDefinition("s__plain", tool("plain"));
    expect(definition).to.deep.equal({
      name: "s__plain",
      inputSchema: { type: "object", properties: {} },
      annotations: { readOnlyHint: false, destructiveHint: false },
    });
  });

  it("replaces properties with the schemas true and false by objects of the same meaning", () => {
    const { inputSchema } = toToolDefinition(
      "s__t",
      tool("t", { type: "object", properties: { any: true, none: false, text: { type: "string" } } }),
    );
    expect(inputSchema).to.deep.equal({
      type: "object",
      properties: { any: {}, none: { not: {} }, text: { type: "string" } },
    });
  });

  it("derives the hints from the risk", () => {
    for (const [risk, hints] of [
      ["read", { readOnlyHint: true, destructiveHint: false }],
      ["destructive", { readOnlyHint: false, destructiveHint: true }],
    ] as const)
      expect(toToolDefinition("s__t", { ...tool("t"), risk })["annotations"]).to.deep.equal(hints);
  });
});
