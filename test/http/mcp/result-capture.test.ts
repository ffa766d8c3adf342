import { createMcpHandler, Server } from "@modelcontextprotocol/server";
import { expect } from "chai";
import { mcpRequest } from "../../../bench/mcp-requests.ts";
import { type JsonRpcResult, passResultTo } from "../../../src/http/mcp/result-capture.ts";

describe("passResultTo", () => {
  let results: JsonRpcResult[];
  let closed: number;
  let handler: ReturnType<typeof createMcpHandler>;
  beforeEach(() => {
    results = [];
    closed = 0;
    handler = createMcpHandler(
      () => {
        const server = new Server({ name: "test", version: "1" }, { capabilities: { tools: {} } });
        server.onclose = () => closed++;
        server.setRequestHandler("tools/list", ({ params }) => {
          if (params?.cursor !== undefined) throw new Error("no such page");
          return { tools: [] };
        });
        passResultTo(server, (result) => results.push(result));
        return server;
      },
      { legacy: "reject" },
    );
  });

  function fetchList(cursor?: string): Promise<Response> {
    const { headers, body = "" } = mcpRequest("2026-07-28", "tools/list");
    const message = JSON.parse(body);
    if (cursor !== undefined) message.params.cursor = cursor;
    return handler.fetch(new Request("http://localhost/mcp", { method: "POST", headers }), { parsedBody: message });
  }

  it("passes a result on, after which the SDK does not keep the server", async () => {
    void fetchList();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(results).to.have.length(1);
    expect(results[0]).to.deep.include({ jsonrpc: "2.0", id: 1 });
    expect(results[0]?.result["tools"]).to.deep.equal([]);
    expect(closed).to.equal(1);
    await handler.close(); // closes every server that the SDK keeps
    expect(closed).to.equal(1);
  });

  it("leaves an error to the SDK", async () => {
    const response = await fetchList("unknown");
    const { error } = (await response.json()) as { error: { message: string } };
    expect(error.message).to.equal("no such page");
    expect(results).to.deep.equal([]);
  });
});
