const groupId = "grp_01K9Z3V5W8X2Y4A6B8C0D2E4F6";
const entity = {
  version: 3,
  createdAt: "2026-05-04T09:30:00.000Z",
  updatedAt: "2026-06-11T14:05:12.482Z",
};
const labels = { team: "support" };

const server = {
  labels,
  slug: "github",
  name: "GitHub",
  description: "Repositories, issues and pull requests",
  status: "active",
  environment: "production",
  transport: "http",
  url: "https://mcp.example.com/github",
  auth: { type: "apiKey", header: "Authorization" },
  tools: [
    { name: "search_issues", title: "Search issues", risk: "read", enabled: true },
    { name: "delete_repository", title: "Delete a repository", risk: "destructive", enabled: false },
  ],
};
const toolkit = {
  labels,
  slug: "triage",
  name: "Triage",
  entries: [{ mcpServer: "github", tools: ["search_issues"] }],
  skills: ["bug-reports"],
  commands: ["summarize"],
  leastPrivilege: true,
};
const skill = {
  labels,
  slug: "bug-reports",
  name: "Bug reports",
  content: "# Bug reports\n\nAsk for the steps first.",
};
const command = {
  labels,
  slug: "summarize",
  name: "Summarize",
  template: "Summarize {{topic}} in five lines.",
  arguments: [{ name: "topic", description: "the topic to summarize", required: true }],
  active: true,
};
const policy = {
  labels,
  slug: "no-deletions",
  name: "No deletions",
  effect: "deny",
  subjects: { everyone: true, groups: [], users: [] },
  resources: { mcpServers: [], tools: ["github__delete_*"], toolkits: [], skills: [], commands: [] },
  enabled: true,
};
const assignment = { everyone: false, groups: [groupId], users: [] };

/** An example of each main schema, by the schema's name in the document. */
export const examples: Readonly<Record<string, object>> = {
  McpServerInput: { ...server, assignment },
  McpServer: { id: "srv_01K9Z3V5W8X2Y4A6B8C0D2E4F6", ...entity, ...server, assignment },
  McpServerPatch: { status: "draft", environment: null },
  ToolkitInput: { ...toolkit, assignment },
  Toolkit: { id: "tkt_01K9Z3V5W8X2Y4A6B8C0D2E4F6", ...entity, ...toolkit, assignment },
  SkillInput: { ...skill, assignment },
  Skill: { id: "skl_01K9Z3V5W8X2Y4A6B8C0D2E4F6", ...entity, ...skill, assignment },
  CommandInput: { ...command, assignment },
  Command: { id: "cmd_01K9Z3V5W8X2Y4A6B8C0D2E4F6", ...entity, ...command, assignment },
  PolicyInput: policy,
  Policy: { id: "pol_01K9Z3V5W8X2Y4A6B8C0D2E4F6", ...entity, ...policy },
  Problem: {
    type: "urn:gatehouse:problem:invalid-value",
    title: "Bad Request",
    status: 400,
    detail: "slug must be 1 to 63 lowercase letters, digits and inner hyphens.",
    instance: "urn:gatehouse:request:req_01K9Z3V5W8X2Y4A6B8C0D2E4F6",
    errors: [{ pointer: "/slug", detail: "slug must be 1 to 63 lowercase letters, digits and inner hyphens." }],
  },
};
