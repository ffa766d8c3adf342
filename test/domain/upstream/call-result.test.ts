import { specTypeSchemas } from "@modelcontextprotocol/server";
import { expect } from "chai";
import fc from "fast-check";
import { toCallResult } from "../../../src/domain/upstream/call-result.ts";
import { UpstreamError } from "../../../src/domain/upstream/upstream-error.ts";

const text = { type: "text", text: "done" };

describe("CallToolResult of an MCP server", () => {
  it("keeps the fields of the protocol", () => {
    const annotations = { audience: ["user"], priority: 0.5, lastModified: "2026-01-01T00:00:00Z" };
    const link = { type: "resource_link", uri: "file:///a", name: "a", size: 1, icons: [{ src: "https://a.example" }] };
    const image = { type: "image", data: "aGk=", mimeType: "image/png" };
    const content = [{ ...text, annotations }, link, image];
    expect(toCallResult("files", { content, isError: false }).content).to.deep.equal(content);
  });

  it("leaves out optional fields of a wrong type, because clients would reject the whole result", () => {
    const received = {
      content: [
        { ...text, annotations: { priority: 7 }, _meta: "none" },
        { type: "resource_link", uri: "file:///a", name: "a", title: 5, size: "large", icons: [{ src: 1 }] },
        { type: "resource", resource: { uri: "file:///b", text: "b", mimeType: null } },
      ],
      _meta: [],
    };
    expect(JSON.parse(JSON.stringify(toCallResult("files", received)))).to.deep.equal({
      content: [
        text,
        { type: "resource_link", uri: "file:///a", name: "a" },
        { type: "resource", resource: { uri: "file:///b", text: "b" } },
      ],
    });
  });

  it("is rejected, with the place, when a required field is missing or wrong", () => {
    for (const [item, place] of [
      [{ type: "text", text: 5 }, "content.0.text"],
      [{ type: "image", data: "not Base64!", mimeType: "image/png" }, "content.0.data"],
      [{ type: "video", data: "" }, "content.0.type"],
    ] as const)
      expect(() => toCallResult("files", { content: [item] })).to.throw(UpstreamError, `is not valid at ${place}`);
  });

  it("is one that the protocol's own schema accepts, whatever the server sends", () => {
    const field = fc.oneof(
      fc.string(),
      fc.double(),
      fc.boolean(),
      fc.constant(null),
      fc.array(fc.string()),
      fc.object(),
    );
    const item = fc.record(
      {
        type: fc.constantFrom("text", "image", "audio", "resource_link", "resource"),
        ...{ text: fc.oneof(fc.string(), field), data: fc.constantFrom("aGk=", "", "a b", "%"), mimeType: field },
        ...{ uri: fc.oneof(fc.string(), field), name: fc.oneof(fc.string(), field), title: field, size: field },
        resource: fc.record({ uri: fc.string(), text: field, blob: field, mimeType: field }, { requiredKeys: ["uri"] }),
        annotations: fc.oneof(field, fc.record({ audience: field, priority: field, lastModified: field })),
        ...{ icons: fc.array(fc.record({ src: fc.oneof(fc.string(), field), sizes: field })), _meta: field },
      },
      { requiredKeys: ["type"] },
    );
    const result = fc.record({ content: fc.array(item), isError: field, _meta: field }, { requiredKeys: ["content"] });
    fc.assert(
      fc.property(result, (received) => {
        let accepted: unknown;
        try {
          accepted = toCallResult("files", received);
        } catch (error) {
          expect(error).to.be.instanceOf(UpstreamError);
          return;
        }
        expect(specTypeSchemas.CallToolResult["~standard"].validate(accepted)).to.not.have.property("issues");
      }),
      { numRuns: 300 },
    );
  });
});
