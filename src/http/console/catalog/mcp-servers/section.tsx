import { type McpServer, mcpServerInput } from "../../../../../schemas/mcp-server.ts";
import { mcpServerType } from "../../../../domain/catalog/resource-types.ts";
import { summarizeAssignment } from "../assignment.tsx";
import type { CatalogSection } from "../section.ts";
import { renderMcpServer } from "./details.tsx";
import { mcpServerForm } from "./form.tsx";

/** The pages of MCP servers. */
export const mcpServerSection: CatalogSection<McpServer> = {
  resourceType: mcpServerType,
  path: "/catalog/mcp-servers",
  heading: "MCP servers",
  name: "McpServer",
  catalogFrom: (services) => services.mcpServers,
  inputSchema: mcpServerInput,
  filters: [
    {
      name: "status",
      label: "Status",
      options: { active: "Active", draft: "Draft" },
      toCondition: (value) => ({ op: "eq", path: "status", value }),
    },
    {
      name: "environment",
      label: "Environment",
      toCondition: (value) => ({ op: "eq", path: "environment", value }),
    },
  ],
  columns: [
    { name: "Environment", render: ({ environment }) => environment ?? "" },
    { name: "Transport", render: ({ transport }) => transport },
    { name: "Tools", render: ({ tools }) => tools.length },
    { name: "Assigned to", render: ({ assignment }) => summarizeAssignment(assignment) },
  ],
  toggle: {
    isOn: ({ status }) => status === "active",
    on: { status: "active", action: "Activate", change: { status: "active" } },
    off: { status: "draft", action: "Set to draft", change: { status: "draft" } },
  },
  form: mcpServerForm,
  renderDetails: renderMcpServer,
};
