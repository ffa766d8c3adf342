import { expect } from "chai";
import { describeOnEngines } from "../../store/engines.fixture.ts";
import { type Agent, type Service, startService } from "../../support/service.ts";
import { readShownSecret, TestBrowser } from "./browser.fixture.ts";

describeOnEngines("Personal tokens in /console/my-tokens", (open) => {
  let service: Service;
  let admin: Agent;
  let ada: string;
  let grace: string;
  let graces: string;
  before(async () => {
    service = await startService({ open });
    admin = await service.clientWithScopes(["all"]);
    const create = async (userName: string): Promise<string> =>
      (await admin.post("/api/users").send({ userName }).expect(201)).body.id;
    [ada, grace] = [await create("ada"), await create("grace")];
    ({ id: graces } = await service.issueToken({
      name: "graces",
      type: "mcp",
      scopes: ["connect:read"],
      userId: grace,
    }));
  });
  after(() => service.dispose());

  const signIn = async (more: object = {}) => {
    const input = { name: "own", type: "agent", scopes: ["connect:write"], userId: ada, ...more } as const;
    const issued = await service.issueToken(input);
    const browser = new TestBrowser(service);
    expect((await browser.signIn(issued.secret)).status).to.equal(303);
    return { browser, ...issued };
  };
  const statusOf = async (id: string): Promise<string> =>
    (await admin.get(`/api/tokens/${id}`).expect(200)).body.status;

  it("are the only section of a session that was opened with one", async () => {
    const { browser } = await signIn();
    expect(await browser.get("/console")).to.include({ status: 303, location: "/console/my-tokens" });
    const { html } = await browser.get("/console/my-tokens");
    expect(html).to.contain("<h1>My tokens</h1>").and.contain(">own</a>").and.not.contain("graces");
    expect(html.match(/<nav aria-label="Console">.*?<\/nav>/s)?.[0].match(/<a /g)).to.have.length(1);
    for (const page of [
      "tokens",
      "tokens/new",
      "users",
      `users/${ada}`,
      "groups",
      "audit",
      "settings",
      "setup",
      "nowhere",
    ])
      expect((await browser.get(`/console/${page}`)).status, page).to.equal(403);
    const { browser: administrator } = { browser: new TestBrowser(service) };
    await administrator.signIn((await service.issueToken({ scopes: ["all"] })).secret);
    expect((await administrator.get("/console/my-tokens")).location).to.equal("/console/tokens");
    expect((await administrator.get("/console/MY-TOKENS")).status).to.equal(403);
  });

  it("are created for the session's user only, within the rights of the session", async () => {
    const { browser } = await signIn({ environment: "staging" });
    const create = (fields: object) =>
      browser.submit("/console/my-tokens/new", "/console/my-tokens", { type: "mcp", expiry: "7", ...fields });
    const form = (await browser.get("/console/my-tokens/new")).html;
    expect(form).to.contain('value="agent"').and.not.contain('value="admin"').and.not.contain('name="user"');
    const more = await create({ name: "more" });
    expect(more.status).to.equal(400);
    expect(more.html).to.contain("access outside its own environment");
    expect((await create({ name: "all", type: "admin", scopes: ["all"], environment: "staging" })).status).to.equal(
      400,
    );
    const created = await create({ name: "laptop", environment: "staging", user: "grace" });
    expect(created.status).to.equal(201);
    const who = await service.clientWithSecret(readShownSecret(created)).get("/api/whoami").expect(200);
    expect(who.body).to.deep.include({ userId: ada });
    expect(created.html).to.contain(`/console/my-tokens/${who.body.token.id}`);
  });

  it("are changed, rotated, disabled and revoked by their user", async () => {
    const { browser, id } = await signIn({ name: "all day" });
    const { id: other } = await service.issueToken({
      name: "phone",
      type: "mcp",
      scopes: ["connect:read"],
      userId: ada,
    });
    const url = `/console/my-tokens/${other}`;
    const change = { name: "Phone", scopes: "connect:read", expiry: "keep" };
    const page = await browser.get(`${url}/edit`);
    const fields = { csrf: page.hidden("csrf"), version: page.hidden("version"), ...change };
    expect(await browser.post(`${url}/edit`, fields)).to.include({ status: 303, location: url });
    expect((await browser.get("/console/my-tokens?name=PHO")).html)
      .to.contain(">Phone</a>")
      .and.not.contain(">all day</a>");
    readShownSecret(await browser.submit(`${url}/rotate`, `${url}/rotate`, { grace: "0" }));
    await browser.submit(url, `${url}/disable`);
    expect(await statusOf(other)).to.equal("disabled");
    await browser.submit(`${url}/revoke`, `${url}/revoke`);
    expect(await statusOf(other)).to.equal("revoked");
    const own = `/console/my-tokens/${id}`;
    readShownSecret(await browser.submit(`${own}/rotate`, `${own}/rotate`, { grace: "0" }));
    expect((await browser.get("/console/my-tokens")).location).to.equal("/console/sign-in?ended&return=%2Fmy-tokens");
  });

  it("of other users, and tokens of the organization, do not exist", async () => {
    const { browser } = await signIn();
    const { id: organization } = await service.issueToken({ scopes: ["admin:read"] });
    for (const id of [graces, organization]) {
      for (const path of ["", "/edit", "/rotate", "/revoke"])
        expect((await browser.get(`/console/my-tokens/${id}${path}`)).status).to.equal(404);
      const csrf = (await browser.get("/console/my-tokens")).hidden("csrf");
      const { hidden } = await browser.get("/console/my-tokens/new");
      for (const [path, fields] of [
        ["edit", { name: "stolen", scopes: "connect:read", version: "1", expiry: "keep" }],
        ["rotate", { grace: "0", nonce: hidden("nonce") }],
        ["disable", {}],
        ["enable", {}],
        ["revoke", {}],
      ] as const)
        expect((await browser.post(`/console/my-tokens/${id}/${path}`, { csrf, ...fields })).status, path).to.equal(
          404,
        );
      expect(await statusOf(id)).to.equal("active");
    }
    expect((await browser.get(`/console/my-tokens?userId=${grace}`)).html).to.not.contain("graces");
  });

  it("are listed and read by a session of connect:read, which can rotate only its own token", async () => {
    const { browser, id } = await signIn({ name: "reader", type: "mcp", scopes: ["connect:read"] });
    const { id: other } = await service.issueToken({ type: "mcp", scopes: ["connect:read"], userId: ada });
    expect((await browser.get("/console/my-tokens")).html).to.not.contain("Create token");
    const { html } = await browser.get(`/console/my-tokens/${id}`);
    expect(html).to.contain("/rotate").and.not.contain("/revoke").and.not.contain("Disable");
    expect((await browser.get(`/console/my-tokens/${other}`)).html).to.not.contain("/rotate");
    for (const path of ["new", `${id}/edit`, `${id}/revoke`, `${other}/rotate`])
      expect((await browser.get(`/console/my-tokens/${path}`)).status, path).to.equal(403);
    const csrf = (await browser.get("/console/my-tokens")).hidden("csrf");
    for (const path of ["", `/${id}/edit`, `/${id}/revoke`, `/${id}/disable`, `/${other}/rotate`])
      expect((await browser.post(`/console/my-tokens${path}`, { csrf, grace: "0" })).status, path).to.equal(403);
    readShownSecret(
      await browser.submit(`/console/my-tokens/${id}/rotate`, `/console/my-tokens/${id}/rotate`, { grace: "3600" }),
    );
    expect(await statusOf(other)).to.equal("active");
  });

  it("end the session with their user's deactivation", async () => {
    const { body: leaver } = await admin.post("/api/users").send({ userName: "leaver" }).expect(201);
    const { browser } = await signIn({ userId: leaver.id });
    await admin.patch(`/api/users/${leaver.id}`).send({ active: false }).expect(200);
    expect((await browser.get("/console/my-tokens")).location).to.contain("/console/sign-in?ended");
  });

  it("need a user: a connect token of the organization cannot sign in", async () => {
    const { secret } = await service.issueToken({ type: "agent", scopes: ["connect:write"] });
    expect((await new TestBrowser(service).signIn(secret)).status).to.equal(403);
  });

  it("count against the rate limit of the user API", async () => {
    const limited = await startService({ open, environment: { RATE_LIMIT: "connect=2/86400" } });
    try {
      const client = await limited.clientWithScopes(["all"]);
      const { body: user } = await client.post("/api/users").send({ userName: "ada" }).expect(201);
      const { secret } = await limited.issueToken({ type: "mcp", scopes: ["connect:read"], userId: user.id });
      const browser = new TestBrowser(limited);
      await browser.signIn(secret);
      const statuses = [];
      for (let request = 0; request < 2; request++) statuses.push((await browser.get("/console/my-tokens")).status);
      expect(statuses).to.deep.equal([200, 429]);
    } finally {
      await limited.dispose();
    }
  });
});
