import { expect } from "chai";
import { operatorActor } from "../../../src/domain/audit/record.ts";
import { tokens as tokenRecords } from "../../../src/store/collections.ts";
import type { StoreOperation } from "../../../src/store/measured-store.ts";
import { describeOnEngines } from "../../store/engines.fixture.ts";
import type { Agent, Service } from "../../support/service.ts";
import { countOperations, readShownSecret, startCountedService, TestBrowser } from "./browser.fixture.ts";

describeOnEngines("Pages of tokens in /console", (open) => {
  let service: Service;
  let browser: TestBrowser;
  let admin: Agent;
  /** The operations on the store since the last reset, without those of background jobs. */
  const operations: StoreOperation[] = [];
  before(async () => {
    service = await startCountedService(open, operations);
    browser = new TestBrowser(service);
    const { secret } = await service.issueToken({ name: "Security team", scopes: ["all"] });
    await browser.signIn(secret);
    admin = service.clientWithSecret(secret);
  });
  after(() => service.dispose());

  const create = (fields: Readonly<Record<string, string | readonly string[]>>) =>
    browser.submit("/console/tokens/new", "/console/tokens", { expiry: "90", ...fields });
  const read = async (id: string) => (await admin.get(`/api/tokens/${id}`).expect(200)).body;
  const findByName = async (name: string) => {
    const { body } = await admin.get("/api/tokens").query({ limit: 100 }).expect(200);
    return body.data.filter((each: { name: string }) => each.name === name);
  };

  it("list every column, without a secret", async () => {
    const { token, secret } = await service.domain.tokens.create(service.organizationId, operatorActor, {
      ...{ name: "Okta", type: "scim", scopes: ["admin:scim"], expiresAt: new Date(Date.now() + 3 * 86_400_000) },
    });
    const { status, html } = await browser.get("/console/tokens");
    expect(status).to.equal(200);
    const row = html.split("<tr>").find((each) => each.includes(token.id)) ?? "";
    for (const text of [
      ">Okta</a>",
      `${secret.slice(0, 12)}*******`,
      ">scim",
      ">admin:scim<",
      "by operator",
      "in 2 days",
    ])
      expect(row).to.contain(text);
    for (const text of ["Never", ">0<", ">active<", "Expires within 7 days", "Never used"])
      expect(row).to.contain(text);
    expect(html).to.not.contain(secret);
  });

  it("filter by status, type and need for attention, and page with stable links", async () => {
    const { token: old } = await service.domain.tokens.create(service.organizationId, operatorActor, {
      ...{ name: "Old", scopes: ["admin:read"] },
    });
    const createdAt = new Date(Date.now() - 40 * 86_400_000).toISOString();
    await service.store.transaction((tx) =>
      tx
        .for(service.organizationId)
        .open(tokenRecords)
        .replace({ ...old, createdAt, lastUsed: `${createdAt} 192.0.2.9` }, "any"),
    );
    const namesOf = async (query: string): Promise<readonly string[]> =>
      [...(await browser.get(`/console/tokens?${query}`)).html.matchAll(/\/tokens\/tok_\w+">([^<]*)<\/a>/g)].map(
        ([, name = ""]) => name,
      );
    expect(await namesOf("attention=unused&status=&type=")).to.include("Old");
    expect(await namesOf("attention=expiring")).to.deep.equal(["Okta"]);
    expect(await namesOf("type=scim&status=active")).to.deep.equal(["Okta"]);
    expect(await namesOf("status=revoked")).to.deep.equal([]);
    expect((await browser.get("/console/tokens?status=lost")).status).to.equal(400);

    for (let index = 0; index < 51; index++)
      await service.domain.tokens.create(service.organizationId, operatorActor, {
        name: `agent ${index}`,
        type: "agent",
        scopes: ["connect:read"],
      });
    const first = await browser.get("/console/tokens?type=agent");
    const next = /href="(\/console\/tokens\?[^"]*)">Next page/.exec(first.html)?.[1]?.replaceAll("&amp;", "&") ?? "";
    const second = await browser.get(next);
    const agents = [first, second].map(({ html }) => html.match(/>agent \d+<\/a>/g)?.length);
    expect(agents).to.deep.equal([50, 1]);
    expect(second.html).to.contain("First page").and.not.contain("Next page");
    expect((await browser.get(next.replace("type=agent", "type=scim"))).status, "a cursor of another list").to.equal(
      400,
    );
  });

  it("create a token whose secret is shown once, and not again by a reload", async () => {
    const form = await browser.get("/console/tokens/new");
    const fields = {
      ...{
        csrf: form.hidden("csrf"),
        nonce: form.hidden("nonce"),
        name: "ci",
        type: "admin",
        scopes: ["admin:read", "admin:scim"],
      },
      ...{ expiry: "30", allowedIps: "127.0.0.1\n198.51.100.0/24" },
    };
    const created = await browser.post("/console/tokens", fields);
    expect(created.status).to.equal(201);
    expect(created.headers.get("cache-control")).to.equal("no-store");
    const secret = readShownSecret(created);
    expect(created.html).to.contain("curl -sS").and.not.contain("mcp.json");
    const who = await service.clientWithSecret(secret).get("/api/whoami").expect(200);
    expect(who.body.token).to.deep.include({ name: "ci", type: "admin", allowedIps: ["127.0.0.1", "198.51.100.0/24"] });
    expect(Date.parse(who.body.token.expiresAt) - Date.now()).to.be.closeTo(30 * 86_400_000, 60_000);

    const reloaded = await browser.post("/console/tokens", fields);
    expect(reloaded.status).to.equal(409);
    expect(reloaded.html).to.contain("submitted already");
    expect(await findByName("ci")).to.have.length(1);
    expect((await browser.get(`/console/tokens/${who.body.token.id}`)).html).to.contain("ci</h1>");
  });

  it("create one token from two submissions of a form at once", async () => {
    const form = await browser.get("/console/tokens/new");
    const fields = {
      csrf: form.hidden("csrf"),
      nonce: form.hidden("nonce"),
      name: "double",
      type: "scim",
      expiry: "7",
    };
    const responses = await Promise.all([1, 2].map(() => browser.post("/console/tokens", fields)));
    expect(responses.map(({ status }) => status).sort()).to.deep.equal([201, 409]);
    expect(await findByName("double")).to.have.length(1);
  });

  it("create a personal token for a user by name, with the settings of an MCP client", async () => {
    await admin.post("/api/users").send({ userName: "ada@example.com" }).expect(201);
    const created = await create({ name: "ada-cursor", type: "mcp", user: "ADA@example.com", expiry: "never" });
    expect(created.status).to.equal(201);
    const secret = readShownSecret(created);
    const settings = /<code id="mcp-json">([^<]*)</.exec(created.html)?.[1]?.replaceAll("&quot;", '"') ?? "";
    expect(JSON.parse(settings)).to.deep.equal({
      mcpServers: {
        gatehouse: { url: "https://gatehouse.example/mcp", headers: { Authorization: `Bearer ${secret}` } },
      },
    });
    const [token] = await findByName("ada-cursor");
    expect(token).to.include({ type: "mcp", expiresAt: null });
    expect((await browser.get(`/console/tokens/${token.id}`)).html).to.contain("ada@example.com");
  });

  it("create a token that expires after a day, and with the restrictions of the API", async () => {
    const created = await create({
      ...{ name: "restricted", type: "agent", expiry: "date", expiryDate: "2099-12-31" },
      ...{ environment: "production", mcpServers: "github\njira", maxRisk: "read" },
    });
    readShownSecret(created);
    const [token] = await findByName("restricted");
    expect(token).to.deep.include({
      ...{ expiresAt: "2099-12-31T23:59:59.000Z", environment: "production" },
      ...{ mcpServers: ["github", "jira"], maxRisk: "read", scopes: ["connect:write"] },
    });
  });

  for (const [problem, fields, field, text] of [
    ["no name", { name: "", type: "scim" }, "name", "name must have 1 to 200 characters."],
    ["no type", { name: "x" }, "type", "Choose a type."],
    ["an unknown type", { name: "x", type: "root" }, "type", "type must be one of admin, scim, mcp, agent."],
    ["no scope", { name: "x", type: "admin" }, "scopes", "scopes must name at least one scope."],
    [
      "a scope of another type",
      { name: "x", type: "mcp", scopes: ["all"] },
      "scopes",
      "A token of type mcp cannot have",
    ],
    ["a wrong address", { name: "x", type: "scim", allowedIps: "10.0.0.300" }, "allowedIps", "must be an IP address"],
    ["an unknown user", { name: "x", type: "mcp", user: "eve" }, "user", "No user has this user name"],
    ["no day", { name: "x", type: "scim", expiry: "date" }, "expiry", "expiresAt must be a time"],
    ["a day that is not chosen", { name: "x", type: "scim", expiryDate: "2099-12-31" }, "expiry", "On a date"],
    ["a wrong slug", { name: "x", type: "mcp", mcpServers: "A B" }, "mcpServers", "must be 1 to 63 lowercase letters"],
  ] as const)
    it(`show ${problem} at the field ${field}, and keep what was entered`, async () => {
      const { status, html } = await create({ description: "kept as it was", ...fields });
      expect(status).to.equal(400);
      const message = new RegExp(`id="${field}-error">([^<]*)<`).exec(html)?.[1];
      expect(message).to.contain(text);
      expect(html).to.contain(`href="#${field}"`).and.contain(">kept as it was</textarea>");
    });

  it("reject a token with more access than that of the session, at the field", async () => {
    const { secret } = await service.issueToken({ scopes: ["admin:tokens"] });
    const limited = new TestBrowser(service);
    await limited.signIn(secret);
    const form = { name: "more", type: "admin", scopes: ["all"], expiry: "7" };
    const { status, html } = await limited.submit("/console/tokens/new", "/console/tokens", form);
    expect(status).to.equal(400);
    expect(html).to.match(/id="scopes-error">scopes: a credential cannot grant scopes that it does not have/);
  });

  it("rotate a token with a grace period, once for each form", async () => {
    const { id, secret } = await service.issueToken({ name: "rotated", scopes: ["admin:read"] });
    const form = await browser.get(`/console/tokens/${id}/rotate`);
    const fields = { csrf: form.hidden("csrf"), nonce: form.hidden("nonce"), grace: "3600" };
    const rotated = await browser.post(`/console/tokens/${id}/rotate`, fields);
    expect(rotated.status).to.equal(200);
    const next = readShownSecret(rotated);
    for (const each of [secret, next]) await service.clientWithSecret(each).get("/api/whoami").expect(200);
    expect((await browser.post(`/console/tokens/${id}/rotate`, fields)).status).to.equal(409);
    expect((await browser.get(`/console/tokens/${id}`)).html).to.contain("Previous secret valid until");
    const wrong = await browser.submit(`/console/tokens/${id}/rotate`, `/console/tokens/${id}/rotate`, { grace: "99" });
    expect(wrong.status).to.equal(400);
    readShownSecret(
      await browser.submit(`/console/tokens/${id}/rotate`, `/console/tokens/${id}/rotate`, { grace: "0" }),
    );
    await service.clientWithSecret(next).get("/api/whoami").expect(401);
  });

  it("find a token by the beginning of its name, case-insensitively, and by its first characters", async () => {
    const { id, secret } = await service.issueToken({ name: "Ünique Name", scopes: ["admin:read"] });
    const found = async (query: string): Promise<boolean> => {
      const { status, html } = await browser.get(`/console/tokens?${query}`);
      expect(status, query).to.equal(200);
      return html.includes(id);
    };
    const prefix = secret.slice(0, 12);
    for (const query of [
      "name=%C3%BCNIQUE",
      `prefix=${prefix}`,
      `prefix=${prefix}*******`,
      `name=%C3%9Cn&prefix=${prefix.slice(0, 8)}`,
    ])
      expect(await found(query), query).to.equal(true);
    for (const query of ["name=nique", "name=%25", "prefix=wxt_none", `name=other&prefix=${prefix}`])
      expect(await found(query), query).to.equal(false);
    for (const query of ["prefix=wxt_abcdefghijk", "name=%00", `name=${"x".repeat(201)}`])
      expect((await browser.get(`/console/tokens?${query}`)).status, query).to.equal(400);
  });

  it("change name, description, expiry, addresses and scopes, and show what was entered with an error", async () => {
    const { id } = await service.issueToken({ name: "before", scopes: ["admin:write"] });
    const url = `/console/tokens/${id}`;
    const change = async (fields: Readonly<Record<string, string | readonly string[]>>) => {
      const page = await browser.get(`${url}/edit`);
      const hidden = { csrf: page.hidden("csrf"), version: page.hidden("version") };
      return browser.post(`${url}/edit`, { ...hidden, scopes: "admin:write", expiry: "keep", ...fields });
    };
    const fields = { name: "after", description: "Edited", allowedIps: "192.0.2.0/24\n198.51.100.7" };
    expect(
      await change({ ...fields, expiry: "date", expiryDate: "2099-12-31", scopes: ["admin:read", "admin:scim"] }),
    ).to.include({
      ...{ status: 303, location: url },
    });
    expect(await read(id)).to.deep.include({
      ...{ name: "after", description: "Edited", expiresAt: "2099-12-31T23:59:59.000Z" },
      ...{ scopes: ["admin:read", "admin:scim"], allowedIps: ["192.0.2.0/24", "198.51.100.7"] },
    });
    const kept = await browser.get(`${url}/edit`);
    expect(kept.html).to.contain("As before: 2099-12-31").and.contain('value="after"').and.contain("192.0.2.0/24");
    for (const [field, wrong, text] of [
      ["name", { name: "" }, "name must have 1 to 200 characters"],
      ["allowedIps", { allowedIps: "10.0.0.300" }, "must be an IP address"],
      ["scopes", { scopes: "all" }, "scopes can only be reduced"],
      ["scopes", { scopes: [] }, "must name at least one scope"],
      ["expiry", { expiry: "date", expiryDate: "2001-01-01" }, "expiresAt must be in the future"],
      ["expiry", { expiryDate: "2099-01-01" }, "On a date"],
      ["expiry", { expiry: "soon" }, "expiresInDays"],
    ] as const) {
      const { status, html } = await change({ name: "kept", scopes: "admin:read", ...wrong });
      expect(status, text).to.equal(400);
      expect(new RegExp(`id="${field}-error">([^<]*)<`).exec(html)?.[1], text).to.contain(text);
    }
    expect(await read(id)).to.include({ name: "after" });
    await change({ name: "after", scopes: "admin:read", expiry: "never" });
    expect(await read(id)).to.deep.include({ expiresAt: null, allowedIps: [], scopes: ["admin:read"] });
    expect(await read(id)).to.not.have.property("description");
  });

  it("reject a change of a token that was changed meanwhile, and keep what was entered", async () => {
    const { id } = await service.issueToken({ name: "shared", scopes: ["admin:read"] });
    const url = `/console/tokens/${id}`;
    const page = await browser.get(`${url}/edit`);
    const hidden = { csrf: page.hidden("csrf"), version: page.hidden("version") };
    await admin.patch(`/api/tokens/${id}`).send({ description: "By another administrator" }).expect(200);
    const fields = { ...hidden, name: "mine", scopes: "admin:read", expiry: "keep" };
    const { status, html } = await browser.post(`${url}/edit`, fields);
    expect(status).to.equal(412);
    expect(html)
      .to.contain("was changed since this form was opened, and nothing was saved")
      .and.contain('value="mine"');
    expect(await read(id)).to.include({ name: "shared", description: "By another administrator" });
    for (const version of ["", "-1", "1e3", "any", "9".repeat(20)])
      expect((await browser.post(`${url}/edit`, { ...fields, version })).status, version).to.equal(400);
    await admin.delete(`/api/tokens/${id}`).expect(204);
    const revoked = await browser.submit(`${url}/edit`, `${url}/edit`, {
      ...fields,
      version: String((await read(id)).version),
    });
    expect(revoked.status).to.equal(409);
    expect(revoked.html).to.contain("revoked and cannot be changed");
  });

  it("disable, enable and revoke a token, each with a redirect and an audit event of the session's token", async () => {
    const { id, secret } = await service.issueToken({ name: "switched", scopes: ["admin:read"] });
    const url = `/console/tokens/${id}`;
    const client = service.clientWithSecret(secret);
    expect(await browser.submit(url, `${url}/disable`)).to.include({ status: 303, location: url });
    await client.get("/api/whoami").expect(401);
    expect((await browser.get(url)).html)
      .to.contain(">disabled<")
      .and.contain(">Enable<");
    await browser.submit(url, `${url}/enable`);
    await client.get("/api/whoami").expect(200);
    expect((await browser.get(`${url}/revoke`)).html).to.contain("This cannot be undone");
    expect(await browser.submit(`${url}/revoke`, `${url}/revoke`)).to.include({ status: 303, location: url });
    await client.get("/api/whoami").expect(401);
    const page = (await browser.get(url)).html;
    expect(page).to.contain(">revoked<").and.not.contain("Enable").and.not.contain("Rotate");
    const { body } = await admin.get("/api/audit-events").query({ targetId: id, action: "token.revoke" }).expect(200);
    expect(body.data[0].actor).to.deep.include({ type: "token", name: "Security team" });
  });

  it("show the domain's text for a conflict, and pages for what does not exist", async () => {
    const other = await service.createOrganization("other");
    const { id: foreign } = await service.issueToken({ scopes: ["all"] }, other);
    const { id: only, secret } = await service.issueToken(
      { scopes: ["all"] },
      await service.createOrganization("single"),
    );
    for (const path of [foreign, "tok_01M8NTDR4JHCJEVH8EPEWPKVJJ", "x%2F..%2F", `${foreign}/rotate`, "a/b/c"]) {
      const { status, html } = await browser.get(`/console/tokens/${path}`);
      expect(status, path).to.equal(404);
      expect(html).to.contain("Not Found</h1>").and.contain("Sign out");
    }
    const page = await browser.get("/console");
    expect((await browser.post(`/console/tokens/${foreign}/revoke`, { csrf: page.hidden("csrf") })).status).to.equal(
      404,
    );

    const owner = new TestBrowser(service);
    await owner.signIn(secret);
    const { status, html } = await owner.submit(`/console/tokens/${only}/revoke`, `/console/tokens/${only}/revoke`);
    expect(status).to.equal(409);
    expect(html).to.contain("This is the organization's last token with full access.");
  });

  it("render in a number of store operations that does not depend on the number of tokens", async () => {
    const [personal] = await findByName("ada-cursor");
    for (const [page, most] of [
      ["/tokens?type=scim&status=active", 5], // session, token, organization; tokens, ended users
      ["/tokens?type=agent", 5], // 50 of them
      ["/tokens?status=active", 7], // also users, for the status and for the names
      ["/tokens/new", 3],
      [`/tokens/${personal.id}`, 6], // also the token, its user for the status and for the name
      ["/tokens?name=agent", 5],
      ["/tokens?prefix=wxt_", 6],
      [`/tokens/${personal.id}/edit`, 5],
      [`/tokens/${personal.id}/rotate`, 5],
      [`/tokens/${personal.id}/revoke`, 5],
    ] as const) {
      const load = async (): Promise<void> => {
        expect((await browser.get(`/console${page}`)).status).to.equal(200);
      };
      expect(await countOperations(operations, most, load), page).to.be.at.most(most);
    }
    expect(await read(personal.id)).to.include({ name: "ada-cursor" });
  });
});
