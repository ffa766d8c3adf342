import { patchUrn, userUrn } from "../../test/support/service.ts";
import { mcpRequest, type Protocol } from "../mcp-requests.ts";
import type { LoadRequest, Operation, Send } from "./load.ts";
import { toRequest } from "./operations.ts";

/**
 * Returns operations that create what they remove again: tokens, users with memberships, and the messages of MCP clients with
 * calls of tools.
 * @param upstreamUrl the MCP server whose tools are called
 */
export async function createSoakOperations(send: Send, secret: string, upstreamUrl: string): Promise<Operation[]> {
  const group = { schemas: ["urn:ietf:params:scim:schemas:core:2.0:Group"], displayName: "Everyone" };
  const create = async (path: string, body: object): Promise<{ readonly id: string; readonly token: string }> =>
    JSON.parse(await send(toRequest(secret, "POST", path, { status: 201, body })));
  const { id: groupId } = await create("/scim/v2/Groups", group);
  const { id: userId } = await create("/scim/v2/Users", {
    schemas: [userUrn],
    userName: "caller@example.com",
    active: true,
  });
  const tool = { name: "tool_1", description: "Does its work.", inputSchema: { type: "object" }, risk: "read" };
  const server = {
    ...{ name: "Called", status: "active", transport: "http", url: upstreamUrl, tools: [tool] },
    assignment: { everyone: false, groups: [], users: [userId] },
  };
  await send(toRequest(secret, "PUT", "/api/mcp-servers/called", { status: 201, body: server }));
  const agent = { name: "Agent", type: "agent", scopes: ["connect:read", "connect:call"], userId };
  const { token: mcpSecret } = await create("/api/tokens", agent);
  let count = 0;
  return [
    {
      name: "token: create, use, revoke, rejected",
      run: async (each) => {
        const body = { name: "Short-lived", type: "scim" };
        const { id, token } = JSON.parse(await each(toRequest(secret, "POST", "/api/tokens", { status: 201, body })));
        await each(toRequest(token, "GET", "/scim/v2/Users?count=1"));
        await each(toRequest(secret, "DELETE", `/api/tokens/${id}`, { status: 204 }));
        await each(toRequest(token, "GET", "/scim/v2/Users?count=1", { status: 401 }));
      },
    },
    {
      name: "SCIM: POST, member, DELETE",
      run: async (each) => {
        const body = { schemas: [userUrn], userName: `leaver-${++count}@example.com`, active: true };
        const { id } = JSON.parse(await each(toRequest(secret, "POST", "/scim/v2/Users", { status: 201, body })));
        const Operations = [{ op: "add", path: "members", value: [{ value: id }] }];
        const patch = { schemas: [patchUrn], Operations };
        await each(toRequest(secret, "PATCH", `/scim/v2/Groups/${groupId}`, { status: 204, body: patch }));
        await each(toRequest(secret, "DELETE", `/scim/v2/Users/${id}`, { status: 204 }));
      },
    },
    {
      name: "/mcp: initialize, tools/list, tools/call",
      run: async (each) => {
        const protocol: Protocol = "2025-06-18";
        const clientInfo = { name: "soak", version: "1" };
        const initialize = { protocolVersion: protocol, capabilities: {}, clientInfo };
        await each(withParams(mcpRequest(protocol, "initialize", { secret: mcpSecret }), initialize));
        const initialized = mcpRequest(protocol, "notifications/initialized", { secret: mcpSecret, expectedText: "" });
        await each({ ...withoutId(initialized), status: 202 });
        await each(mcpRequest(protocol, "tools/list", { secret: mcpSecret, expectedText: "called__tool_1" }));
        const params = { name: "called__tool_1", arguments: {} };
        await each(
          mcpRequest(protocol, "tools/call", { secret: mcpSecret, params, expectedText: "has done its work" }),
        );
      },
    },
  ];
}

const withParams = (request: LoadRequest, params: object): LoadRequest => ({
  ...request,
  body: JSON.stringify({ ...JSON.parse(request.body ?? ""), params }),
});

/** A notification has no id. */
function withoutId(request: LoadRequest): LoadRequest {
  const { id: _, ...message } = JSON.parse(request.body ?? "");
  return { ...request, body: JSON.stringify(message) };
}
