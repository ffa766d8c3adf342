import { expect } from "chai";
import type { StoreOperation } from "../../../src/store/measured-store.ts";
import { describeOnEngines } from "../../store/engines.fixture.ts";
import type { Agent, Service } from "../../support/service.ts";
import { countOperations, startCountedService, TestBrowser } from "./browser.fixture.ts";

describeOnEngines("Access of a user in /console", (open) => {
  let service: Service;
  let browser: TestBrowser;
  let admin: Agent;
  let ada: string;
  let staff: string;
  let engineers: string;
  const operations: StoreOperation[] = [];
  before(async () => {
    service = await startCountedService(open, operations);
    admin = await service.clientWithScopes(["all"]);
    const create = async (path: string, body: object): Promise<string> =>
      (await admin.post(`/api/${path}`).send(body).expect(201)).body.id;
    ada = await create("users", { userName: "ada" });
    engineers = await create("groups", { displayName: "Engineers" });
    staff = await create("groups", { displayName: "Staff" });
    await admin.put(`/api/groups/${engineers}/members/${ada}`).expect(201);
    await admin.put(`/api/groups/${staff}/members/${engineers}`).expect(201);
    const server = { transport: "http", url: "https://mcp.example", status: "active", environment: "production" };
    const tools = [
      { name: "search", risk: "read" },
      { name: "drop_table", risk: "destructive" },
    ];
    await create("mcp-servers", { slug: "github", name: "GitHub", ...server, tools, assignment: { groups: [staff] } });
    await create("mcp-servers", {
      slug: "jira",
      name: "Jira",
      ...server,
      status: "draft",
      assignment: { everyone: true },
    });
    for (let index = 10; index < 65; index++)
      await create("skills", {
        slug: `skill-${index}`,
        name: `Skill ${index}`,
        content: "",
        assignment: { users: [ada] },
      });
    await create("skills", { slug: "payroll", name: "Payroll", content: "" });
    const resources = { skills: ["skill-10"] };
    await create("policies", {
      slug: "no-ten",
      name: "No ten",
      effect: "deny",
      subjects: { everyone: true },
      resources,
    });
    await create("policies", {
      ...{ slug: "no-drop", name: "No drop", effect: "deny", subjects: { users: [ada] } },
      resources: { tools: ["drop_*"] },
    });
    browser = new TestBrowser(service);
    await browser.signIn((await service.issueToken({ name: "Auditor", scopes: ["admin:read"] })).secret);
  });
  after(() => service.dispose());

  const show = (query = "", by = browser) => by.get(`/console/users/${ada}/access${query}`);
  const check = async (query: object, by = browser) =>
    show(`/decision?${new URLSearchParams({ kind: "mcp-servers", resource: "github", ...query })}`, by);
  /** Returns the outcome of each check in a section of the page. */
  const outcomes = (html: string, title: string): string =>
    [
      ...(html.split(`>${title}</h2>`)[1]?.split("</section>")[0] ?? "").matchAll(
        /<strong>(\w+)[^<]*<\/strong> <span class="outcome">(\w+)/g,
      ),
    ]
      .map(([, name, outcome]) => `${name} ${outcome}`)
      .join(", ");

  it("lists what is granted or denied, with every group on the path, the policies, and each tool with its risk", async () => {
    const { html } = await show();
    const row = html.split("<tr>").find((each) => each.includes(">GitHub<")) ?? "";
    expect(row).to.contain(
      `Assigned through <a href="/console/groups/${engineers}">Engineers</a> in <a href="/console/groups/${staff}">Staff</a>`,
    );
    expect(row)
      .to.contain("1 of 2 allowed")
      .and.contain("read; allowed")
      .and.contain("destructive; denied by a policy (<code>no-drop</code>)");
    expect(html.split("<tr>").find((each) => each.includes(">Jira<")))
      .to.contain(">inactive<")
      .and.contain("Assigned to everyone");
    expect((await show("?kind=skills&name=skill-10")).html)
      .to.match(/Policy <a href="\/console\/policies\/pol_\w+">No ten<\/a> <code>no-ten<\/code> denies it to everyone/)
      .and.contain("Assigned to the user");
    expect((await browser.get(`/console/users/${ada}`)).html).to.contain(`/console/users/${ada}/access`);
  });

  it("filters by kind and name, and pages, each resource once", async () => {
    const slugs = (html: string): readonly string[] =>
      [...html.matchAll(/<code class="sub">([^<]*)</g)].map(([, slug = ""]) => slug);
    const first = (await show("?kind=skills")).html;
    const next = /href="([^"]*)">Next page/.exec(first)?.[1]?.replaceAll("&amp;", "&") ?? "";
    const all = [...slugs(first), ...slugs((await browser.get(next)).html)];
    expect(all).to.have.length(55).and.to.not.include("payroll");
    expect(new Set(all).size).to.equal(55);
    expect(slugs((await show("?kind=skills&name=LL-2")).html)).to.have.length(10);
    expect((await show("?kind=commands")).html).to.contain("None matches.");
    for (const query of ["?kind=policies", "?name=%00", "?cursor=x", "?kind=skills&kind=toolkits"])
      expect((await show(query)).status, query).to.equal(400);
    expect((await browser.get(next.replace("kind=skills", "kind=toolkits"))).status).to.equal(400);
  });

  it("explains check by check why the user can use a tool or not", async () => {
    const { html } = await check({ tool: "drop_table" });
    expect(html)
      .to.contain("Cannot use it")
      .and.contain('(policy <a href="/console/policies/no-drop"><code>no-drop</code></a>)');
    expect(outcomes(html, "Now")).to.equal(
      "User passed, Resource passed, Assignment passed, Policy passed, Tool failed",
    );
    expect((await check({ tool: "github__search" })).html).to.contain(">Can use it<");
    expect((await check({ kind: "skills", resource: "Payroll" })).html).to.contain(
      "It is not assigned to everyone, to the user",
    );
  });

  it("shows what a membership, a disabled policy or an assignment would change, and writes none of it", async () => {
    const { html } = await check({ kind: "skills", resource: "payroll", assigned: "true" });
    expect(outcomes(html, "Now")).to.contain("Assignment failed");
    expect(outcomes(html, "With the assumed change")).to.contain("Assignment passed").and.not.contain("failed");
    const policy = (await check({ tool: "drop_table", withoutPolicy: "no-drop" })).html;
    expect(outcomes(policy, "Now")).to.contain("Tool failed");
    expect(outcomes(policy, "With the assumed change")).to.contain("Tool passed");
    const { body: user } = await admin.post("/api/users").send({ userName: "eve" }).expect(201);
    const eve = await browser.get(
      `/console/users/${user.id}/access/decision?kind=mcp-servers&resource=github&memberOf=engineers`,
    );
    expect(outcomes(eve.html, "Now")).to.contain("Assignment failed");
    expect(outcomes(eve.html, "With the assumed change")).to.contain("Assignment passed");
    expect((await admin.get(`/api/groups/${engineers}/members`).expect(200)).body.data).to.have.length(1);
    expect((await check({ kind: "skills", resource: "payroll" })).html).to.contain("Cannot use it");
  });

  it("checks the restrictions of a token only in a session that may see tokens", async () => {
    const { id } = await service.issueToken({
      ...{
        name: "ada-cursor",
        type: "agent",
        scopes: ["connect:write"],
        userId: ada,
        environment: "staging",
        maxRisk: "read",
      },
    });
    expect((await check({ tokenId: id })).status).to.equal(403);
    expect((await check({})).html).to.not.contain("ada-cursor");
    const security = new TestBrowser(service);
    await security.signIn((await service.issueToken({ scopes: ["admin:read", "admin:tokens"] })).secret);
    const { html } = await check({ tool: "search", tokenId: id }, security);
    expect(html).to.contain("ada-cursor").and.contain("It is restricted to another environment.");
  });

  it("shows an error at the field of what does not exist, and keeps what was entered", async () => {
    for (const [field, query] of [
      ["resource", { resource: "none" }],
      ["resource", { resource: " " }],
      ["tool", { tool: "<script>" }],
      ["memberOf", { memberOf: "none" }],
      ["withoutPolicy", { withoutPolicy: "none" }],
      ["kind", { kind: "policies" }],
    ] as const) {
      const { status, html } = await check({ tool: "search", ...query });
      expect(status, field).to.equal(400);
      expect(html, field).to.contain(`id="${field}-error"`).and.contain(`href="#${field}"`);
      expect(html).to.contain('name="tool" value="').and.not.contain("<script>");
    }
  });

  it("needs admin:read, and belongs to the session's organization", async () => {
    const tokensOnly = new TestBrowser(service);
    await tokensOnly.signIn((await service.issueToken({ scopes: ["admin:tokens"] })).secret);
    const stranger = new TestBrowser(service);
    await stranger.signIn(
      (await service.issueToken({ scopes: ["all"] }, await service.createOrganization("other"))).secret,
    );
    for (const page of ["", "/decision?kind=mcp-servers&resource=github"]) {
      expect((await show(page, tokensOnly)).status).to.equal(403);
      expect((await show(page, stranger)).status).to.equal(404);
    }
  });

  it("renders in a number of store operations that does not depend on the number of resources", async () => {
    for (const [page, most] of [
      // session, token, organization, user, groups, policies, paths (one per level), resources, names of groups
      ["?kind=mcp-servers", 11],
      ["?kind=skills", 10],
      ["/decision?kind=mcp-servers&resource=github&tool=search", 11],
      ["/decision?kind=skills&resource=skill-11&assigned=true", 17],
    ] as const) {
      const load = async (): Promise<void> => {
        expect((await show(page)).status).to.equal(200);
      };
      expect(await countOperations(operations, most, load), page).to.be.at.most(most);
    }
  });
});
