import { expect } from "chai";
import { describeOnEngines } from "../../store/engines.fixture.ts";
import { type Agent, type Service, startService } from "../../support/service.ts";
import { TestBrowser } from "./browser.fixture.ts";
import { readFormFields, submitForm } from "./form-fields.fixture.ts";

describeOnEngines("Policies and files of skills in /console", (open) => {
  let service: Service;
  let browser: TestBrowser;
  let admin: Agent;
  before(async () => {
    service = await startService({ open });
    admin = await service.clientWithScopes(["admin:write"]);
    browser = new TestBrowser(service);
    await browser.signIn((await service.issueToken({ name: "Platform", scopes: ["admin:write"] })).secret);
    for (const slug of ["github", "jira"])
      await admin
        .post("/api/mcp-servers")
        .send({
          ...{ slug, name: slug, transport: "http", url: "https://mcp.example" },
          tools: ["search", "delete_issue", "delete_all"].map((name) => ({ name })),
        })
        .expect(201);
  });
  after(() => service.dispose());

  const submit = (formPath: string, action: string, changes: Readonly<Record<string, string>>) =>
    submitForm(browser, formPath, action, changes);
  const matches = (html: string) =>
    [...html.matchAll(/class="matches"><a [^>]*>(\w+)<\/a><ul[^>]*>(.*?)<\/ul>/g)].map(([, server, tools = ""]) => [
      server,
      [...tools.matchAll(/<code>(\w+)</g)].map(([, name]) => name),
    ]);

  it("shows which tools of the catalog a pattern matches before it is saved, and keeps the entries", async () => {
    const form = { slug: "no-deletes", name: "No deletes", everyone: "true" };
    const preview = (fields: Readonly<Record<string, string>>) =>
      submit("/console/policies/_new", "/console/policies", { ...form, preview: "true", ...fields });
    const all = await preview({ tools: "delete_*" });
    expect(all.status).to.equal(200);
    expect(matches(all.html)).to.deep.equal([
      ["github", ["delete_issue", "delete_all"]],
      ["jira", ["delete_issue", "delete_all"]],
    ]);
    expect(readFormFields(all)).to.include({ tools: "delete_*", name: "No deletes", everyone: "true", effect: "deny" });
    expect(matches((await preview({ tools: "delete_*", mcpServers: "jira" })).html)).to.deep.equal([
      ["jira", ["delete_issue", "delete_all"]],
    ]);
    expect((await preview({ tools: "nothing_*" })).html).to.contain("No tool of 2 compared servers");
    const invalid = await preview({ tools: "Never__x" });
    expect([invalid.status, invalid.html.includes('id="tools-error"')]).to.deep.equal([400, true]);
    expect((await preview({ tools: "" })).html).to.contain("at least one pattern");
    await admin.get("/api/policies/no-deletes").expect(404);
  });

  it("creates, shows and changes a policy, and rejects a pattern that can never match", async () => {
    const url = "/console/policies";
    const never = await submit(`${url}/_new`, url, {
      ...{ slug: "never", name: "Never", mcpServers: "github", tools: "jira__*" },
    });
    expect(never.status).to.equal(400);
    expect(never.html).to.contain('id="tools-error"').and.contain("can match no tool");
    const missing = await submit(`${url}/_new`, url, { slug: "m", name: "M", skills: "lost", users: "lost" });
    expect(missing.html).to.contain('id="users-error"');
    const unknown = await submit(`${url}/_new`, url, { slug: "m", name: "M", skills: "lost" });
    expect(unknown.html).to.contain('id="skills-error"').and.contain("There is no skill");
    const created = await submit(`${url}/_new`, url, {
      ...{ slug: "deletes", name: "Deletes", mcpServers: "github", tools: "github__delete_*", everyone: "true" },
    });
    expect(created.status, created.html).to.equal(303);
    const { html } = await browser.get(`${url}/deletes`);
    expect(matches(html)).to.deep.equal([["github", ["delete_issue", "delete_all"]]]);
    expect(html).to.contain("/console/catalog/mcp-servers/github").and.contain("Everyone");
    const location = created.location ?? "";
    expect((await submit(`${location}/edit`, location, { effect: "allow", enabled: "" })).status).to.equal(303);
    const { body } = await admin.get("/api/policies/deletes").expect(200);
    expect(body).to.deep.include({
      ...{ effect: "allow", enabled: false, subjects: { everyone: true, groups: [], users: [] } },
      resources: { mcpServers: ["github"], tools: ["github__delete_*"], toolkits: [], skills: [], commands: [] },
    });
    const server = await browser.get("/console/catalog/mcp-servers/github");
    expect(server.html).to.contain(`policy <a href="${location}">Deletes</a>`);
  });

  it("blocks the deletion of a server that a policy needs, and offers no way around it", async () => {
    const { body } = await admin.get("/api/mcp-servers/github").expect(200);
    const url = `/console/catalog/mcp-servers/${body.id}`;
    const blocked = await submit(`${url}/delete`, `${url}/delete`, { detach: "true" });
    expect(blocked.status).to.equal(409);
    expect(blocked.html).to.contain("would apply to other tools").and.contain("Deletes</a>");
    await admin.get("/api/mcp-servers/github").expect(200);
  });

  it("adds, renders, changes and deletes the files of a skill", async () => {
    const { body } = await admin.post("/api/skills").send({ slug: "s", name: "Skill", content: "x" }).expect(201);
    const url = `/console/catalog/skills/${body.id}`;
    const invalid = await submit(`${url}/files/edit`, `${url}/files`, { path: "../../etc/passwd", text: "x" });
    expect(invalid.status).to.equal(400);
    expect(invalid.html).to.contain('id="path-error"');
    const content = "# Guide\r\n\r\n<script>alert(1)</script>\r\n";
    const added = await submit(`${url}/files/edit`, `${url}/files`, { path: "docs/guide.md", text: content });
    expect(added.status, added.html).to.equal(303);
    const page = await browser.get(added.location ?? "");
    expect(page.html).to.contain("<h3>Guide</h3>").and.contain("&lt;script>alert(1)");
    const edit = `${url}/files/edit?path=${encodeURIComponent("docs/guide.md")}`;
    expect((await submit(edit, `${url}/files`, { path: "guide.md" })).status).to.equal(303);
    const { files } = (await admin.get("/api/skills/s").expect(200)).body;
    expect(files).to.deep.equal([{ path: "guide.md", content: content.replaceAll("\r\n", "\n") }]);
    const gone = await browser.post(`${url}/files`, {
      csrf: page.hidden("csrf"),
      original: "docs/guide.md",
      path: "a",
    });
    expect(gone.status).to.equal(404);
    const twice = await submit(`${url}/files/edit`, `${url}/files`, { path: "guide.md", text: "y" });
    expect(twice.html).to.contain("duplicate");
    const stale = await submit(`${url}/files/edit?path=guide.md`, `${url}/files`, { version: "1", text: "mine" });
    expect(stale.status).to.equal(412);
    expect(stale.html).to.contain("Nothing was saved").and.contain(">mine</textarea>");
    const fields = { csrf: page.hidden("csrf"), original: "guide.md", version: "3" };
    expect((await browser.post(`${url}/files/delete`, fields)).location).to.equal(url);
    expect((await admin.get("/api/skills/s").expect(200)).body.files).to.equal(undefined);
  });
});
