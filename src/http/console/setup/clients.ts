import { type McpClient, mcpClients, writeClientSettings } from "../../../domain/mcp/client-settings.ts";
import type { SetupGuide } from "./guide.ts";

/** The clients that use the APIs directly. @param publicUrl the URL of the service, without a slash at the end */
export function toClientGuides(publicUrl: string): readonly SetupGuide[] {
  return [
    {
      ...{ slug: "terraform", name: "Terraform", kind: "client" },
      summary: "The provider of Gatehouse in Terraform or OpenTofu, for the catalog as code.",
      token: { name: "Terraform", type: "admin", scopes: ["admin:write"] },
      steps: [
        { text: "Store the secret of the token where your pipeline keeps its secrets." },
        {
          text: "Set the variables that the provider `gatehouse` reads:",
          fields: [
            ["GATEHOUSE_ENDPOINT", `\`${publicUrl}\``],
            ["GATEHOUSE_TOKEN", "the secret of the token"],
          ],
        },
        { text: "Add the provider to the configuration, and run `terraform init` and `terraform plan`." },
      ],
      examples: [
        { title: "In a file such as main.tf", text: terraformProvider },
        {
          title: "In a shell",
          text: `export GATEHOUSE_ENDPOINT=${publicUrl}\nread -rs GATEHOUSE_TOKEN && export GATEHOUSE_TOKEN\nterraform plan`,
        },
      ],
    },
    {
      ...{ slug: "curl", name: "curl and scripts", kind: "client" },
      summary: "The admin API with any HTTP client.",
      token: { name: "Script", type: "admin", scopes: ["admin:read"] },
      steps: [
        { text: "Enter the secret of the token into a variable, so that it is not in the history of the shell." },
        { text: "Send it in the header `Authorization: Bearer`. Any valid token can read `/api/whoami`." },
        { text: `The reference of all operations is at \`${publicUrl}/reference\`.` },
      ],
      examples: [
        {
          title: "In a shell",
          text: `read -rs GATEHOUSE_TOKEN\ncurl -sS ${publicUrl}/api/whoami -H "Authorization: Bearer $GATEHOUSE_TOKEN"\ncurl -sS ${publicUrl}/api/users -H "Authorization: Bearer $GATEHOUSE_TOKEN"`,
        },
      ],
    },
    {
      ...{ slug: "mcp-clients", name: "MCP clients", kind: "client" },
      summary: "Cursor, VS Code, Claude and other clients of the gateway.",
      token: { name: "MCP client", type: "agent", scopes: ["connect:read", "connect:call"] },
      steps: [
        {
          text: "Create a token for one user, by the field **User** of the form: it acts as that user only. Without `connect:call` it lists tools and calls none.",
        },
        {
          text: "Store its secret as `GATEHOUSE_TOKEN` in the environment of the client, or enter it when the client prompts.",
        },
        {
          text: "Add the server to the client:",
          fields: [
            ["URL", `\`${publicUrl}/mcp\``],
            ["Header", "`Authorization: Bearer`, a space and the secret of the token"],
          ],
        },
      ],
      examples: mcpClients
        .filter((client) => client !== "mcp-remote") // the same as for Claude Desktop
        .map((client) => ({ title: clientTitles[client], text: writeClientSettings(client, `${publicUrl}/mcp`) })),
    },
  ];
}

const clientTitles: Readonly<Record<McpClient, string>> = {
  cursor: "Cursor: ~/.cursor/mcp.json",
  vscode: "VS Code: .vscode/mcp.json",
  "claude-desktop": "Claude Desktop: claude_desktop_config.json",
  "claude-code": "Claude Code",
  inspector: "MCP Inspector",
  "mcp-remote": "mcp-remote",
};

const terraformProvider = `terraform {
  required_providers {
    gatehouse = {
      source = "gatehouse/gatehouse"
    }
  }
}

provider "gatehouse" {}`;
