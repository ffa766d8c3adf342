import { expect } from "chai";
import { describeOnEngines } from "../../store/engines.fixture.ts";
import { type Agent, type Service, startService } from "../../support/service.ts";

const server = {
  name: "Server",
  status: "active",
  transport: "http",
  url: "https://mcp.example/",
  tools: [{ name: "get" }],
};

describeOnEngines("DELETE with detach=true", (open) => {
  let service: Service;
  let admin: Agent;
  before(async () => {
    service = await startService({ open });
    admin = await service.clientWithScopes(["admin:write"]);
    for (const slug of ["files", "mail", "chat"]) await admin.put(`/api/mcp-servers/${slug}`).send(server).expect(201);
  });
  after(() => service.dispose());

  it("removes only the reference, and keeps what stands beside it", async () => {
    const entries = ["files", "chat", "mail"].map((mcpServer) => ({ mcpServer, tools: ["get"] }));
    await admin.put("/api/toolkits/three").send({ name: "Three", entries }).expect(201);
    await admin.delete("/api/mcp-servers/chat").query({ detach: true }).expect(204);
    const { body } = await admin.get("/api/toolkits/three").expect(200);
    expect(body.entries).to.deep.equal(entries.filter(({ mcpServer }) => mcpServer !== "chat"));
  });

  it("is rejected, and changes nothing, if a policy would apply to tools of other servers", async () => {
    const policy = {
      ...{ name: "No deletions", effect: "deny", subjects: { everyone: true } },
      resources: { mcpServers: ["mail"], tools: ["delete_*"] },
    };
    await admin.put("/api/policies/deletions").send(policy).expect(201);
    await admin
      .put("/api/toolkits/one")
      .send({ name: "One", entries: [{ mcpServer: "mail" }] })
      .expect(201);
    const { body } = await admin.delete("/api/mcp-servers/mail").query({ detach: true }).expect(409);
    expect(body.blockers.map(({ type, slug }: { type: string; slug: string }) => [type, slug])).to.deep.equal([
      ["policy", "deletions"],
    ]);
    expect(body.detail).to.contain("would apply to other tools");
    const { body: toolkit } = await admin.get("/api/toolkits/one").expect(200);
    expect(toolkit).to.include({ version: 1 });
    await admin.delete("/api/policies/deletions").expect(204);
    await admin.delete("/api/mcp-servers/mail").query({ detach: true }).expect(204);
  });

  it("removes a group and a user from assignments and from subjects of policies", async () => {
    const { body: group } = await admin.post("/api/groups").send({ displayName: "Crew" }).expect(201);
    const { body: user } = await admin.post("/api/users").send({ userName: "ada" }).expect(201);
    const to = { everyone: false, groups: [group.id], users: [user.id] };
    await admin.put("/api/skills/shared").send({ name: "Shared", content: "x", assignment: to }).expect(201);
    await admin.put("/api/policies/crew").send({ name: "Crew", effect: "deny", subjects: to }).expect(201);
    await admin.delete(`/api/groups/${group.id}`).query({ detach: true }).expect(204);
    await admin.delete(`/api/users/${user.id}`).query({ detach: true }).expect(204);
    const none = { everyone: false, groups: [], users: [] };
    expect((await admin.get("/api/skills/shared").expect(200)).body.assignment).to.deep.equal(none);
    expect((await admin.get("/api/policies/crew").expect(200)).body.subjects).to.deep.equal(none);
  });

  it("removes the only subject of a policy for tools of any server, which then applies to no user", async () => {
    const { body: group } = await admin.post("/api/groups").send({ displayName: "Readers" }).expect(201);
    const policy = {
      ...{ name: "No deletions", effect: "deny", subjects: { groups: [group.id] } },
      resources: { tools: ["*__delete_*"], skills: ["checked"] },
    };
    const all = { everyone: true, groups: [], users: [] };
    const skill = { name: "Checked", content: "x", assignment: all };
    await admin.put("/api/skills/checked").send(skill).expect(201);
    await admin.put("/api/policies/any-server").send(policy).expect(201);
    await admin.delete(`/api/groups/${group.id}`).query({ detach: true }).expect(204);
    await admin.delete("/api/skills/checked").query({ detach: true }).expect(204);
    const { body } = await admin.get("/api/policies/any-server").expect(200);
    expect(body.subjects).to.deep.equal({ everyone: false, groups: [], users: [] });
    expect(body.resources).to.deep.include({ tools: ["*__delete_*"], skills: [] });
    await admin.put("/api/mcp-servers/store").send({ ...server, tools: [{ name: "delete_all" }], assignment: all });
    const { body: user } = await admin.post("/api/users").send({ userName: "grace" }).expect(201);
    const { body: access } = await admin.get(`/api/users/${user.id}/access?kind=mcp-servers`).expect(200);
    expect(JSON.stringify(access)).to.contain("delete_all").and.not.contain("any-server");
  });
});
