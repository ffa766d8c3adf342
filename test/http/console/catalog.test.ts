import { expect } from "chai";
import type { StoreOperation } from "../../../src/store/measured-store.ts";
import { describeOnEngines } from "../../store/engines.fixture.ts";
import type { Agent, Service } from "../../support/service.ts";
import { countOperations, startCountedService, TestBrowser } from "./browser.fixture.ts";
import { readFormFields, submitForm } from "./form-fields.fixture.ts";

describeOnEngines("The catalog in /console", (open) => {
  let service: Service;
  let browser: TestBrowser;
  let admin: Agent;
  let ada: string;
  let group: string;
  const operations: StoreOperation[] = [];
  const scope = "/console/catalog";
  before(async () => {
    service = await startCountedService(open, operations);
    admin = await service.clientWithScopes(["all"]);
    ({ id: ada } = (await admin.post("/api/users").send({ userName: "Ada" })).body);
    ({ id: group } = (await admin.post("/api/groups").send({ displayName: "R&D, Berlin" })).body);
    browser = new TestBrowser(service);
    const { secret } = await service.issueToken({ name: "Platform", scopes: ["admin:write"] });
    await browser.signIn(secret);
  });
  after(() => service.dispose());

  /** Creates a resource through the API. */
  const create = async (path: string, body: object): Promise<{ id: string; version: number }> =>
    (await admin.post(`/api/${path}`).send(body).expect(201)).body;
  const read = async (path: string) => (await admin.get(`/api/${path}`).expect(200)).body;
  const submit = (formPath: string, action: string, changes: Readonly<Record<string, string>>) =>
    submitForm(browser, formPath, action, changes);
  const rows = (html: string): readonly string[] =>
    [...html.matchAll(/<th scope="row"><a [^>]*>([^<]*)</g)].map(([, text = ""]) => text);
  const nextOf = (html: string): string => /href="([^"]*)">Next page/.exec(html)?.[1]?.replaceAll("&amp;", "&") ?? "";

  it("creates an MCP server with every field, as the API does", async () => {
    const response = await submit(`${scope}/mcp-servers/_new`, `${scope}/mcp-servers`, {
      ...{ name: "Git\u00e9 <b>", slug: "git", description: "Line 1\r\nLine 2", status: "active", environment: "prod" },
      ...{ transport: "http", url: "https://git.example/mcp", timeoutSeconds: "60", command: "ignored with http" },
      ...{ authType: "oauth2", authorizationUrl: "https://id.example/a", tokenUrl: "https://id.example/t" },
      ...{ clientId: "client", clientAuthentication: "post", oauthScopes: "repo\r\nuser", groups: "r&D, berlin" },
      users: `ada\r\n`,
    });
    expect(response.status, response.html).to.equal(303);
    const { id, version: _, createdAt: _c, updatedAt: _u, ...server } = await read("mcp-servers/git");
    expect(response.location).to.equal(`${scope}/mcp-servers/${id}`);
    expect(server).to.deep.equal({
      ...{ slug: "git", name: "Git\u00e9 <b>", description: "Line 1\nLine 2", status: "active", environment: "prod" },
      ...{ transport: "http", url: "https://git.example/mcp", timeoutSeconds: 60, tools: [], labels: {} },
      auth: {
        ...{ type: "oauth2", authorizationUrl: "https://id.example/a", tokenUrl: "https://id.example/t" },
        ...{ clientId: "client", clientAuthentication: "post", scopes: ["repo", "user"] },
      },
      assignment: { everyone: false, groups: [group], users: [ada] },
    });
    const { html } = await browser.get(`${scope}/mcp-servers/git`);
    expect(html).to.contain("Git\u00e9 &lt;b>").and.contain("https://id.example/t");
    expect(html).to.contain(`/console/groups/${group}">R&amp;D, Berlin`).and.contain(`/console/users/${ada}">Ada`);
    expect(html).to.contain("Not set").and.contain("Version 1");
    const events = await admin.get("/api/audit-events").query({ action: "mcp-server.create", targetId: id });
    expect(events.body.data[0].actor).to.include({ type: "token", name: "Platform" });
  });

  it("shows the errors of the schema at the fields, with status 400 and the entered values", async () => {
    const url = `${scope}/mcp-servers`;
    const { status, html } = await submit(`${url}/_new`, url, {
      ...{ name: " ", slug: "Not a slug", url: "ftp://git.example", timeoutSeconds: "soon", authType: "oauth2" },
      ...{ tokenUrl: "javascript:alert(1)", oauthScopes: 'a"b', users: "nobody@example.com", environment: "P" },
    });
    expect(status).to.equal(400);
    const fields = [...html.matchAll(/id="(\w+)-error"/g)].map(([, field]) => field);
    expect(fields).to.have.members([
      ...["name", "slug", "url", "timeoutSeconds", "environment", "authorizationUrl", "tokenUrl", "clientId"],
      ...["oauthScopes", "users"],
    ]);
    expect(html).to.contain("ftp://git.example").and.contain("nobody@example.com").and.contain('value="Not a slug"');
    await admin.get("/api/mcp-servers/not").expect(404);
    const nul = await submit(`${url}/_new`, url, { name: "a\0b", slug: "nul", url: "https://a.example" });
    expect([nul.status, nul.html.includes("NUL")]).to.deep.equal([400, true]);
  });

  it("rejects a slug in use at its field, with status 409", async () => {
    await create("commands", { slug: "taken", name: "Taken", template: "x" });
    const url = `${scope}/commands`;
    const { status, html } = await submit(`${url}/_new`, url, { slug: "taken", name: "Other", template: "x" });
    expect(status).to.equal(409);
    expect(html).to.contain('id="slug-error"').and.contain("already used");
  });

  it("changes only the fields that were changed in the form, and writes nothing without a change", async () => {
    const original = {
      ...{ slug: "stdio", name: "Local", description: " two\r\nlines ", transport: "stdio", command: "npx" },
      ...{ args: ["-y", " padded ", "two\nlines", '"quoted"', ""], tools: [{ name: "read" }] },
    };
    const { id } = await create("mcp-servers", original);
    const url = `${scope}/mcp-servers/${id}`;
    expect((await submit(`${url}/edit`, url, {})).status).to.equal(303);
    expect((await read("mcp-servers/stdio")).version).to.equal(1);
    expect((await submit(`${url}/edit`, url, { name: "Renamed" })).status).to.equal(303);
    const server = await read("mcp-servers/stdio");
    expect(server).to.deep.include({ name: "Renamed", description: " two\r\nlines ", args: original.args });
    expect(server.tools).to.have.length(1);
    const changed = await submit(`${url}/edit`, url, {
      args: '-y\r\n" padded "\r\n"two\\nlines"\r\n"\\"quoted\\""\r\n""\r\nx',
    });
    expect(changed.status).to.equal(303);
    expect((await read("mcp-servers/stdio")).args).to.deep.equal([...original.args, "x"]);
  });

  it("edits toolkits, commands and skills with their lists", async () => {
    await create("mcp-servers", { slug: "jira", name: "Jira", transport: "http", url: "https://jira.example" });
    await create("skills", { slug: "triage", name: "Triage", content: "x" });
    const response = await submit(`${scope}/toolkits/_new`, `${scope}/toolkits`, {
      ...{ slug: "support", name: "Support", entries: "jira: search, create\r\ngit:", skills: "triage" },
      ...{ leastPrivilege: "true", everyone: "true", labels: "team: a: b\r\nurgent" },
    });
    expect(response.status, response.html).to.equal(303);
    const toolkit = await read("toolkits/support");
    expect(toolkit).to.deep.include({
      entries: [
        { mcpServer: "jira", tools: ["search", "create"] },
        { mcpServer: "git", tools: [] },
      ],
      ...{ skills: ["triage"], commands: [], leastPrivilege: true, labels: { team: "a: b", urgent: "" } },
      assignment: { everyone: true, groups: [], users: [] },
    });
    for (const label of ["team", "team:a: b"])
      expect(rows((await browser.get(`${scope}/toolkits?label=${label}`)).html)).to.deep.equal(["Support"]);
    expect(rows((await browser.get(`${scope}/toolkits?label=team:c`)).html)).to.deep.equal([]);
    const url = `${scope}/toolkits/${toolkit.id}`;
    const missing = await submit(`${url}/edit`, url, { entries: "jira\r\nlost" });
    expect(missing.html).to.contain("There is no mcp-server &quot;lost&quot;.").and.contain('id="entries-error"');
    expect((await submit(`${url}/edit`, url, { entries: "jira", leastPrivilege: "" })).status).to.equal(303);
    expect((await read("toolkits/support")).entries).to.deep.equal([{ mcpServer: "jira" }]);
    expect((await browser.get(url)).html).to.contain('/console/catalog/skills/triage"');

    await submit(`${scope}/commands/_new`, `${scope}/commands`, {
      ...{ slug: "fix", name: "Fix", template: "\r\n Fix {{issue}} ", active: "" },
      arguments: "issue (required): The issue: its key\r\nnote",
    });
    const command = await read("commands/fix");
    expect(command).to.deep.include({
      ...{ template: "\n Fix {{issue}} ", active: false },
      arguments: [
        { name: "issue", description: "The issue: its key", required: true },
        { name: "note", required: false },
      ],
    });
    const page = await browser.get(`${scope}/commands/${command.id}/edit`);
    expect(readFormFields(page)).to.include({ template: "\r\n Fix {{issue}} " });
    const undeclared = await submit(`${scope}/commands/_new`, `${scope}/commands`, {
      ...{ slug: "bad", name: "Bad", template: "{{unknown}}" },
    });
    expect(undeclared.html).to.contain('id="template-error"');
    const content = `# Steps\r\n\r\n${"\u6f22".repeat(99_000)}`;
    const large = await submit(`${scope}/skills/_new`, `${scope}/skills`, {
      slug: "long",
      name: "Long",
      text: content,
    });
    expect(large.status).to.equal(303);
    expect((await read("skills/long")).content).to.equal(content.replaceAll("\r\n", "\n"));
  });

  it("keeps the entries of a lost update, adopts what only the other request changed, and names the rest", async () => {
    const { id } = await create("commands", { slug: "race", name: "Race", template: "one", description: "before" });
    const url = `${scope}/commands/${id}`;
    const form = readFormFields(await browser.get(`${url}/edit`));
    await admin.patch(`/api/commands/${id}`).send({ name: "Theirs", description: "theirs" }).expect(200);
    const lost = await browser.post(url, { ...form, name: "Mine", template: "mine" });
    expect(lost.status).to.equal(412);
    expect(await read("commands/race")).to.include({ name: "Theirs", template: "one", version: 2 });
    const merged = readFormFields(lost);
    expect(merged).to.include({ name: "Mine", template: "mine", description: "theirs", version: "2" });
    expect(lost.html).to.contain("Nothing was saved").and.contain('<code class="stored">Theirs</code>');
    expect(lost.html).to.match(/Description<\/a> has the stored value now/);
    expect((await browser.post(url, merged)).status).to.equal(303);
    expect(await read("commands/race")).to.include({ name: "Mine", template: "mine", description: "theirs" });
  });

  it("enables and disables without a change of other fields", async () => {
    const { id } = await create("commands", { slug: "toggled", name: "Toggled", template: "x" });
    const url = `${scope}/commands/${id}`;
    const toggle = (action: string) => browser.submit(url, `${url}/${action}`);
    expect((await toggle("disable")).location).to.equal(url);
    expect(await read("commands/toggled")).to.include({ active: false, version: 2 });
    await toggle("disable");
    expect(await read("commands/toggled")).to.include({ active: false, version: 2 });
    await toggle("enable");
    expect(await read("commands/toggled")).to.include({ active: true, version: 3 });
  });

  it("deletes after showing what refers to a resource, and removes the references on request", async () => {
    await create("skills", { slug: "used", name: "Used", content: "x" });
    const toolkit = await create("toolkits", { slug: "uses", name: "Uses", skills: ["used"] });
    const { id, version } = await read("skills/used");
    const url = `${scope}/skills/${id}`;
    expect((await browser.get(url)).html).to.contain(`/console/catalog/toolkits/${toolkit.id}">Uses</a>`);
    const confirm = await browser.get(`${url}/delete`);
    expect(confirm.html).to.contain(`/console/catalog/toolkits/${toolkit.id}">Uses</a>`);
    const blocked = await browser.post(`${url}/delete`, { csrf: confirm.hidden("csrf"), version: `${version}` });
    expect(blocked.status).to.equal(409);
    expect(blocked.html).to.contain("still referenced").and.contain(`toolkits/${toolkit.id}`);
    const stale = await browser.post(`${url}/delete`, { csrf: confirm.hidden("csrf"), version: "99", detach: "true" });
    expect(stale.status).to.equal(412);
    const done = await browser.post(`${url}/delete`, {
      ...{ csrf: confirm.hidden("csrf"), version: `${version}`, detach: "true" },
    });
    expect(done.location).to.equal(`${scope}/skills`);
    await admin.get("/api/skills/used").expect(404);
    expect((await read("toolkits/uses")).skills).to.deep.equal([]);
    expect((await browser.get(`${url}/delete`)).status).to.equal(404);
  });

  it("lists page by page, filtered by name, slug, status and environment", async () => {
    for (let index = 10; index < 65; index++)
      await create("mcp-servers", {
        ...{ slug: `many-${index}`, name: `Many ${index}`, transport: "http", url: "https://many.example" },
        ...(index % 2 === 0 ? { status: "active" } : { environment: "lab" }),
      });
    const list = async (query: string) => rows((await browser.get(`${scope}/mcp-servers?${query}`)).html);
    const first = (await browser.get(`${scope}/mcp-servers?search=many`)).html;
    const names = [...rows(first), ...rows((await browser.get(nextOf(first))).html)];
    expect(names).to.deep.equal(Array.from({ length: 55 }, (_, at) => `Many ${at + 10}`));
    expect(await list("search=MANY-11")).to.deep.equal(["Many 11"]);
    expect(await list("search=any+12&status=active")).to.deep.equal(["Many 12"]);
    expect(await list("environment=lab&status=")).to.have.length(27);
    expect(await list("search=%25_")).to.deep.equal([]);
    for (const query of ["status=maybe", "search=%00", "cursor=x", "order=name"])
      expect((await browser.get(`${scope}/mcp-servers?${query}`)).status, query).to.equal(400);
  });

  it("shows and changes user-owned resources without an assignment", async () => {
    const plugin = await service.clientWithScopes(["connect:write"]);
    const { body } = await plugin
      .post("/api/skills")
      .set("x-user-email", "Ada")
      .send({ slug: "own", name: "Own", content: "x" })
      .expect(201);
    const url = `${scope}/skills/${body.id}`;
    expect((await browser.get(url)).html).to.contain(`/console/users/${ada}`);
    expect((await browser.get(`${url}/edit`)).html).to.not.contain('name="everyone"');
    expect((await submit(`${url}/edit`, url, { name: "Checked", everyone: "true" })).status).to.equal(303);
    expect(await read(`skills/${body.id}`)).to.include({ name: "Checked", ownerId: ada });
    expect(rows((await browser.get(`${scope}/skills?ownerId=${ada}`)).html)).to.deep.equal(["Checked"]);
  });

  it("needs admin:read to read and admin:write to change, and belongs to the session's organization", async () => {
    const { id } = await create("skills", { slug: "guarded", name: "Guarded", content: "x" });
    const reader = new TestBrowser(service);
    await reader.signIn((await service.issueToken({ scopes: ["admin:read"] })).secret);
    const page = await reader.get(`${scope}/skills/${id}`);
    expect(page.status).to.equal(200);
    expect(page.html).to.not.contain("/edit").and.not.contain("/delete").and.not.contain("Add a file");
    expect((await reader.get(`${scope}/skills`)).html).to.not.contain("_new");
    const csrf = page.hidden("csrf");
    for (const path of ["", `/${id}`, `/${id}/delete`]) {
      const body = { csrf, name: "x", slug: "x", text: "x", version: "1" };
      expect((await reader.post(`${scope}/skills${path}`, body)).status, path).to.equal(403);
    }
    for (const path of ["/_new", `/${id}/edit`, `/${id}/delete`])
      expect((await reader.get(`${scope}/skills${path}`)).status, path).to.equal(403);
    const tokensOnly = new TestBrowser(service);
    await tokensOnly.signIn((await service.issueToken({ scopes: ["admin:tokens"] })).secret);
    for (const path of ["/catalog/skills", `/catalog/skills/${id}`, "/policies"])
      expect((await tokensOnly.get(`/console${path}`)).status, path).to.equal(403);
    const stranger = new TestBrowser(service);
    await stranger.signIn(
      (await service.issueToken({ scopes: ["all"] }, await service.createOrganization("other"))).secret,
    );
    for (const path of [`skills/${id}`, `skills/${id}/edit`, "skills/guarded", "skills/%00", "skills/SKL_X"])
      expect((await stranger.get(`${scope}/${path}`)).status, path).to.equal(404);
    const strangerCsrf = (await stranger.get(`${scope}/skills/_new`)).hidden("csrf");
    const stolen = await stranger.post(`${scope}/skills/${id}/delete`, { csrf: strangerCsrf, version: "1" });
    expect(stolen.status).to.equal(404);
    expect((await browser.post(`${scope}/skills/${id}/delete`, { csrf: "x", version: "1" })).status).to.equal(403);
    expect((await read("skills/guarded")).name).to.equal("Guarded");
  });

  it("render in a bounded number of store operations", async () => {
    for (const [page, most] of [
      ["catalog/mcp-servers", 4], // session, token, organization, servers
      ["catalog/mcp-servers/git", 15], // also users, groups, five collections of referrers, policies, two credentials
      ["catalog/toolkits/support", 9],
      ["policies", 4],
    ] as const) {
      const load = async (): Promise<void> => {
        expect((await browser.get(`/console/${page}`)).status).to.equal(200);
      };
      expect(await countOperations(operations, most, load), page).to.be.at.most(most);
    }
  });
});
