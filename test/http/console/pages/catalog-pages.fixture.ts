import type { Page } from "playwright-core";
import type { PreparePages } from "./console-page.fixture.ts";

const guide = `# Triage

Read the *issue*, then **decide**. See [the guide](https://example.com/guide) and ![a chart](https://example.com/c.png).

1. Search for duplicates with \`search\`.
2. Set the priority.

| Priority | Response | Owner of the issue |
|----------|---------:|--------------------|
| high | 1 hour | \`on-call\` |
| low | 5 days | the team of the repository |

| Jan | Feb | Mar | Apr | May | Jun | Jul | Aug | Sep | Oct | Nov | Dec |
|---|---|---|---|---|---|---|---|---|---|---|---|
| 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10 | 11 | 12 |

> Never close an issue without a comment.

\`\`\`js
const priority = severity * users;
\`\`\`

<script>alert("shown as text")</script>
`;

/** Creates servers with tools of every risk, a toolkit, a skill, a command, policies, and a connection. */
export const prepareCatalogPages: PreparePages = async ({ service, admin, url, user, goTo }) => {
  const create = async (path: string, body: object): Promise<{ id: string }> =>
    (await admin.post(`/api/${path}`).send(body).expect(201)).body;
  const inputSchema = { type: "object", properties: { query: { type: "string" } }, required: ["query"] };
  const server = await create("mcp-servers", {
    ...{ slug: "github", name: "GitHub", description: "Issues and pull requests.", status: "active" },
    ...{ environment: "production", transport: "http", url: "https://mcp.github.example/mcp" },
    auth: {
      ...{ type: "oauth2", authorizationUrl: "https://github.example/authorize" },
      ...{ tokenUrl: "https://github.example/token", clientId: "gatehouse", scopes: ["repo", "user"] },
    },
    assignment: { users: [user.id] },
    tools: [
      { name: "search_issues", description: "Searches **issues**.", inputSchema, annotations: { readOnlyHint: true } },
      { name: "create_issue", description: "Creates an issue.", inputSchema },
      { name: "comment_on_issue", description: "Adds a comment.", inputSchema },
      { name: "delete_repository", description: "Deletes a repository.", annotations: { destructiveHint: true } },
      { name: "delete_issue", risk: "destructive", enabled: false },
    ],
  });
  await create("mcp-servers", {
    slug: "files",
    name: "Files",
    transport: "stdio",
    command: "npx",
    args: ["-y", "files"],
  });
  const skill = await create("skills", {
    ...{ slug: "triage", name: "Triage of issues", content: guide, assignment: { everyone: true } },
    files: [{ path: "scripts/label.py", content: "print('bug')\n" }],
  });
  const command = await create("commands", {
    ...{ slug: "summarize", name: "Summarize", template: "Summarize {{issue}} for {{audience}}." },
    arguments: [{ name: "issue", required: true, description: "Its key" }, { name: "audience" }],
  });
  const toolkit = await create("toolkits", {
    ...{ slug: "support", name: "Support", skills: ["triage"], commands: ["summarize"] },
    entries: [{ mcpServer: "github", tools: ["search_issues", "create_issue"] }, { mcpServer: "files" }],
  });
  const policy = await create("policies", {
    ...{ slug: "no-deletes", name: "Nobody deletes", effect: "deny", subjects: { everyone: true } },
    resources: { mcpServers: ["github"], tools: ["delete_*"] },
  });
  const plugin = await service.clientWithScopes(["connect:write"]);
  await plugin
    .put("/api/connections/github")
    .set("x-user-email", user.userName)
    .send({ status: "connected", account: "ada-lovelace" })
    .expect(201);
  const { body: connections } = await admin.get("/api/connections").expect(200);
  const servers = "/catalog/mcp-servers";
  const submitInvalid = async (page: Page): Promise<void> => {
    await page.getByLabel("Name", { exact: true }).fill("Jira");
    await page.getByLabel("Slug", { exact: true }).fill("Jira");
    await page.getByLabel("URL", { exact: true }).fill("jira.example");
    await page.getByRole("button", { name: "Create MCP server" }).click();
    await page.getByText("The MCP server was not saved").waitFor();
  };
  return [
    { title: "mcp-servers", visit: goTo(servers) },
    { title: "mcp-server", visit: goTo(`${servers}/${server.id}`) },
    { title: "mcp-server-create", visit: goTo(`${servers}/_new`) },
    { title: "mcp-server-create-invalid", visit: submitInvalid },
    { title: "mcp-server-edit", visit: goTo(`${servers}/${server.id}/edit`) },
    {
      title: "mcp-server-lost-update",
      visit: async (page) => {
        await page.goto(`${url}${servers}/${server.id}/edit`);
        const description = `Changed at ${Date.now()}`;
        await admin.patch(`/api/mcp-servers/${server.id}`).send({ name: "GitHub Cloud", description }).expect(200);
        await page.getByLabel("Name", { exact: true }).fill("GitHub Enterprise");
        await page.getByRole("button", { name: "Save" }).click();
        await page.getByText("Nothing was saved").waitFor();
        await admin.patch(`/api/mcp-servers/${server.id}`).send({ name: "GitHub" }).expect(200);
      },
    },
    { title: "mcp-server-delete", visit: goTo(`${servers}/${server.id}/delete`) },
    { title: "mcp-server-tool", visit: goTo(`${servers}/${server.id}/tools?name=search_issues`) },
    { title: "mcp-server-tool-edit", visit: goTo(`${servers}/${server.id}/tools/edit?name=search_issues`) },
    { title: "mcp-server-connections", visit: goTo(`${servers}/${server.id}/connections`) },
    {
      title: "mcp-server-connection-delete",
      visit: goTo(`${servers}/${server.id}/connections/delete?id=${connections.data[0].id}`),
    },
    { title: "mcp-server-secrets", visit: goTo(`${servers}/${server.id}/secrets`) },
    {
      title: "mcp-server-refresh-failed",
      visit: async (page) => {
        await page.goto(`${url}${servers}/${server.id}`);
        await page.getByRole("button", { name: "Compare with the server" }).click();
        await page.getByRole("alert").waitFor();
      },
    },
    { title: "toolkits", visit: goTo("/catalog/toolkits") },
    { title: "toolkit", visit: goTo(`/catalog/toolkits/${toolkit.id}`) },
    { title: "toolkit-create", visit: goTo("/catalog/toolkits/_new") },
    { title: "toolkit-edit", visit: goTo(`/catalog/toolkits/${toolkit.id}/edit`) },
    { title: "toolkit-delete", visit: goTo(`/catalog/toolkits/${toolkit.id}/delete`) },
    { title: "skills", visit: goTo("/catalog/skills") },
    { title: "skill", visit: goTo(`/catalog/skills/${skill.id}`) },
    { title: "skill-create", visit: goTo("/catalog/skills/_new") },
    { title: "skill-edit", visit: goTo(`/catalog/skills/${skill.id}/edit`) },
    { title: "skill-delete", visit: goTo(`/catalog/skills/${skill.id}/delete`) },
    { title: "skill-file", visit: goTo(`/catalog/skills/${skill.id}/files?path=scripts%2Flabel.py`) },
    { title: "skill-file-edit", visit: goTo(`/catalog/skills/${skill.id}/files/edit?path=scripts%2Flabel.py`) },
    { title: "commands", visit: goTo("/catalog/commands") },
    { title: "command", visit: goTo(`/catalog/commands/${command.id}`) },
    { title: "command-create", visit: goTo("/catalog/commands/_new") },
    { title: "command-edit", visit: goTo(`/catalog/commands/${command.id}/edit`) },
    { title: "command-delete", visit: goTo(`/catalog/commands/${command.id}/delete`) },
    { title: "policies", visit: goTo("/policies") },
    { title: "policy", visit: goTo(`/policies/${policy.id}`) },
    { title: "policy-create", visit: goTo("/policies/_new") },
    { title: "policy-edit", visit: goTo(`/policies/${policy.id}/edit`) },
    { title: "policy-delete", visit: goTo(`/policies/${policy.id}/delete`) },
    {
      title: "policy-preview",
      visit: async (page) => {
        await page.goto(`${url}/policies/${policy.id}/edit`);
        await page.getByRole("button", { name: "Show which tools match" }).click();
        await page.getByRole("heading", { name: "Matching tools" }).waitFor();
      },
    },
  ];
};
