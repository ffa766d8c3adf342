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
    it(`leaves out only the tool whose input schema has ${name}, and says why`, () => {
      const { toolNames, problems } = selectServedTools({ slug: "s", tools: [tool("bad", inputSchema), tool("good")] });
      expect([...toolNames.values()]).to.deep.equal(["good"]);
      expect([...problems.keys()]).to.deep.equal(["bad"]);
      expect(problems.get("bad")).to.match(/^inputSchema/);
    });
  }
});

describe("toToolDefinition", () => {
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
