import { servedTools } from "../../../../schemas/served-tool.ts";
import { resourceNotFound } from "../../../domain/catalog/catalog.ts";
import { selectServedTools } from "../../../domain/mcp/tool-definition.ts";
import { defineOperation, type Operation } from "../kernel/operation.ts";

/** The operation that names the tools of a server that `/mcp` does not serve. */
export const listServedTools: Operation = defineOperation({
  operationId: "listServedTools",
  method: "get",
  path: "/mcp-servers/{id}/served-tools",
  tag: "MCP servers",
  parameters: { id: "The slug or id of the MCP server." },
  summary: "List how /mcp serves the tools of an MCP server",
  description:
    "Lists each stored tool with its name in `/mcp`, or with the problem because of which it is left out there. Who may use the tools is not considered.",
  organization: {
    scopes: ["admin:read"],
    responses: { 200: servedTools },
    handle: async ({ caller: { organizationId }, parameter }, { mcpServers }) => {
      const server = await mcpServers.get(organizationId, parameter("id"));
      if (!server) throw resourceNotFound("MCP server");
      const { toolNames, problems } = await selectServedTools(server);
      const mcpNames = new Map([...toolNames].map(([mcpName, name]) => [name, mcpName]));
      const data = server.tools.map(({ name }) => {
        const [mcpName, problem] = [mcpNames.get(name), problems.get(name)];
        return { name, ...(mcpName !== undefined && { mcpName }), ...(problem !== undefined && { problem }) };
      });
      return { status: 200, body: { data } };
    },
  },
});
