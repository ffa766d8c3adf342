import { mcpServerRefresh, mcpServerRefreshInput } from "../../../../schemas/mcp-server-refresh.ts";
import { defineOperation } from "../kernel/operation.ts";

/** Compares the tools in the catalog with those that the MCP server offers. */
export const refreshMcpServer = defineOperation({
  operationId: "refreshMcpServer",
  method: "post",
  path: "/mcp-servers/{id}/refresh",
  tag: "MCP servers",
  parameters: { id: "The slug or id of an MCP server with transport `http`." },
  body: mcpServerRefreshInput,
  isBodyOptional: true,
  summary: "Refresh the tools of an MCP server",
  description:
    "Reads the tools of the server with the organization's credential and returns the difference from the catalog. Changes are applied when a request approves them by their digests, or at once if the organization's `mcp.approveChanges` is `automatic`. The risk of a new tool is derived from its annotations. A refresh of the server that is in progress, or a change of its `url`, `transport` or `auth` in the meantime, is 409. The rate limit `server-refreshes` counts these requests of the organization.",
  errorCodes: ["conflict", "limit-reached", "upstream-failed"],
  organization: {
    scopes: ["admin:write"],
    responses: { 200: mcpServerRefresh },
    handle: async ({ caller, parameter, body }, { catalogRefresh }) => ({
      status: 200,
      body: await catalogRefresh.refresh(caller, parameter("id"), body.approve),
    }),
  },
});
