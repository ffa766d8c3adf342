import type { PreparePages } from "./console-page.fixture.ts";

/** Creates resources that are granted to the user, denied and inactive. */
export const prepareAccessPages: PreparePages = async ({ admin, user, goTo }) => {
  const { body: group } = await admin.post("/api/groups").send({ displayName: "Data team" }).expect(201);
  const { body: parent } = await admin.post("/api/groups").send({ displayName: "Everyone in research" }).expect(201);
  await admin.put(`/api/groups/${group.id}/members/${user.id}`).expect(201);
  await admin.put(`/api/groups/${parent.id}/members/${group.id}`).expect(201);
  const server = { transport: "http", url: "https://mcp.example", status: "active", environment: "production" };
  const tools = [
    { name: "run_query", risk: "read" },
    { name: "create_table" },
    { name: "drop_table", risk: "destructive" },
    { name: "export", enabled: false },
  ];
  const servers = [
    { slug: "warehouse", name: "Warehouse", ...server, tools, assignment: { groups: [parent.id] } },
    { slug: "payroll", name: "Payroll", ...server, assignment: { everyone: true } },
    { slug: "new-crm", name: "New CRM", ...server, status: "draft", assignment: { users: [user.id] } },
  ];
  for (const each of servers) await admin.post("/api/mcp-servers").send(each).expect(201);
  const policies = [
    { slug: "no-destruction", name: "No destruction", resources: { tools: ["drop_*"] } },
    { slug: "payroll-closed", name: "Payroll closed", resources: { mcpServers: ["payroll"] } },
  ];
  for (const each of policies)
    await admin
      .post("/api/policies")
      .send({ ...each, effect: "deny", subjects: { everyone: true } })
      .expect(201);
  const url = `/users/${user.id}/access`;
  return [
    {
      title: "access",
      visit: async (page) => {
        await goTo(url)(page);
        await page.getByText("2 of 4 allowed").click();
      },
    },
    { title: "access-none", visit: goTo(`${url}?kind=commands`) },
    { title: "decision-form", visit: goTo(`${url}/decision`) },
    {
      title: "decision",
      visit: goTo(
        `${url}/decision?kind=mcp-servers&resource=warehouse&tool=drop_table&memberOf=&withoutPolicy=no-destruction`,
      ),
    },
    { title: "decision-invalid", visit: goTo(`${url}/decision?kind=skills&resource=none`) },
  ];
};
