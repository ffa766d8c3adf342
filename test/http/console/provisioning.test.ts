import { expect } from "chai";
import type { StoreOperation } from "../../../src/store/measured-store.ts";
import { describeOnEngines } from "../../store/engines.fixture.ts";
import { type Agent, patchUrn, type Service, startService } from "../../support/service.ts";
import { countOperations, startCountedService, TestBrowser } from "./browser.fixture.ts";
import { waitForLoggedRequest } from "./logged-request.fixture.ts";

describeOnEngines("Provisioning in /console", (open) => {
  let service: Service;
  let browser: TestBrowser;
  let admin: Agent;
  let okta: { id: string; secret: string };
  let scim: Agent;
  let user: string;
  let rejectedEntry: string;
  before(async () => {
    service = await startService({ open });
    admin = await service.clientWithScopes(["all"]);
    browser = new TestBrowser(service);
    await browser.signIn((await service.issueToken({ name: "Identity admin", scopes: ["admin:write"] })).secret);
    okta = await service.issueToken({ name: "<i>Okta</i>", type: "scim", scopes: ["admin:scim"] });
    scim = service.clientWithSecret(okta.secret);
    const created = await scim.post("/scim/v2/Users").send({ userName: "Ada", favoriteColor: "green" }).expect(201);
    user = created.body.id;
    const rejected = await scim
      .patch(`/scim/v2/Users/${user}`)
      .send({
        schemas: [patchUrn],
        Operations: [
          { op: "replace", path: "displayName", value: "Ada L." },
          { op: "replace", path: "active", value: "PERSONAL" },
        ],
      })
      .expect(400);
    rejectedEntry = await waitForLoggedRequest(admin, rejected.headers["x-request-id"]);
  });
  after(() => service.dispose());

  const requests = async (query: string): Promise<readonly string[]> => {
    const { status, html } = await browser.get(`/console/provisioning/requests?${query}`);
    expect(status, query).to.equal(200);
    return [...html.matchAll(/requests\/req_\w+">([^<]*)</g)].map(([, text = ""]) => text);
  };

  it("shows each connection with its last failure and reason, without any markup of its name", async () => {
    const read = async () => (await browser.get("/console/provisioning")).html;
    let html = await read();
    for (let attempt = 0; attempt < 100 && !html.includes("last request failed"); attempt++) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      html = await read();
    }
    expect(html).to.contain("&lt;i>Okta&lt;/i>").and.not.contain("<i>Okta");
    expect(html).to.contain("last request failed").and.contain("active must be true or false.");
    expect(html).to.contain("2 requests").and.contain("1 failed");
    expect(html).to.match(/ignoredAttribute=favoriteColor"><code>favoriteColor/);
    expect(html).to.contain("Ignore them, and name them in the request log");
  });

  it("finds requests by user, path, status, token, result, ignored attribute and days", async () => {
    const today = new Date().toISOString().slice(0, 10);
    for (const [query, expected] of [
      [`actorId=${okta.id}`, 2],
      ["user=ada", 2],
      [`user=${user}&rejected=true`, 1],
      ["path=/scim/v2/Users&status=201", 1],
      ["path=/scim/v2/Groups", 0],
      ["ignoredAttribute=favoriteColor", 1],
      [`rejected=&from=${today}&to=${today}`, 2],
      ["to=2020-01-31", 0],
      ["group=nothing", 0],
    ] as const)
      expect(await requests(query), query).to.have.length(expected);
    expect((await browser.get("/console/provisioning/requests?user=nobody")).html).to.contain(
      "There is no user nobody",
    );
    expect(await requests("group=%00")).to.deep.equal([]);
    for (const query of [
      "user=%00",
      "status=abc",
      "path=Users",
      "from=1.1.2026",
      "rejected=maybe",
      "unknown=1",
      "cursor=x",
    ])
      expect((await browser.get(`/console/provisioning/requests?${query}`)).status, query).to.equal(400);
  });

  it("shows one request with the failed operation and its masked body", async () => {
    const { html } = await browser.get(`/console/provisioning/requests/${rejectedEntry}`);
    expect(html).to.contain("active must be true or false.").and.contain("400 rejected");
    expect(html).to.match(/2<code class="sub">replace active<\/code>/);
    expect(html).to.contain(`/console/users/${user}`).and.contain(`actorId=${okta.id}`);
    expect(html).to.contain("***").and.not.contain("PERSONAL");
  });

  it("reloads while it waits for a request of a token, shows it when it arrives, and can be stopped", async () => {
    const entra = await service.issueToken({ name: "Entra", type: "scim", scopes: ["admin:scim"] });
    const url = `/console/provisioning/live?token=${entra.id}`;
    const waiting = await browser.get(url);
    expect(waiting.html).to.contain("No request has arrived since");
    const refresh = /^3; url=(.*)$/.exec(waiting.headers.get("refresh") ?? "")?.[1] ?? "";
    expect(refresh).to.match(new RegExp(`^/console/provisioning/live\\?token=${entra.id}&since=\\d+$`));
    const stopped = await browser.get(
      /href="([^"]*stopped=true)"/.exec(waiting.html)?.[1]?.replaceAll("&amp;", "&") ?? "",
    );
    expect(stopped.headers.get("refresh")).to.equal(null);

    const sent = await service.clientWithSecret(entra.secret).get("/scim/v2/Users").query({ count: 1 }).expect(200);
    const mistyped = await service.clientWithSecret("wxt_mistyped").get("/scim/v2/Users").expect(401);
    for (const { headers } of [sent, mistyped]) await waitForLoggedRequest(admin, headers["x-request-id"]);
    const arrived = await browser.get(refresh);
    expect(arrived.html).to.contain("One request has arrived").and.contain("A request of Entra has arrived");
    expect(arrived.html.slice(arrived.html.indexOf("Rejected requests of others"))).to.contain("Credential: malformed");
    expect(arrived.headers.get("refresh"), "a connection test sends more requests").to.contain("since=");
  });

  it("stops to reload 15 minutes after it was opened, so that no session stays alive, and bounds the time", async () => {
    const url = `/console/provisioning/live?token=${okta.id}`;
    expect((await browser.get(`${url}&since=${Date.now() - 16 * 60_000}`)).headers.get("refresh")).to.equal(null);
    const refresh = (await browser.get(`${url}&since=999999999999999`)).headers.get("refresh") ?? "";
    expect(Number(/since=(\d+)/.exec(refresh)?.[1])).to.be.at.most(Date.now());
    for (const query of ["since=-1", "since=x", "stopped=maybe", "token="])
      expect((await browser.get(`${url}&${query}`)).status, query).to.equal(400);
  });

  it("notices requests to other APIs by the last use of the token, for sessions that may see tokens", async () => {
    const owner = new TestBrowser(service);
    await owner.signIn((await service.issueToken({ scopes: ["all"] })).secret);
    const script = await service.issueToken({ name: "script", type: "admin", scopes: ["admin:read"] });
    const url = `/console/provisioning/live?token=${script.id}`;
    expect((await browser.get(url)).status, "a session without admin:tokens").to.equal(404);
    const since = Date.now() - 1000;
    await service.clientWithSecret(script.secret).get("/api/whoami").expect(200);
    let html = "";
    for (let attempt = 0; attempt < 100 && !html.includes("A request of script has arrived"); attempt++) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      ({ html } = await owner.get(`${url}&since=${since}`));
    }
    expect(html).to.contain("The token was used since");
  });

  it("changes the settings, rejects other values and keeps the choices, and saves no form of an older version", async () => {
    const url = "/console/provisioning/settings";
    const choices = { unknownAttributes: "reject", unknownMembers: "ignore", replaceWithoutMatch: "add" };
    const form = await browser.get(url);
    const hidden = { csrf: form.hidden("csrf"), version: form.hidden("version") };
    const read = async () => (await admin.get("/api/organization").expect(200)).body;
    const before = await read();
    const invalid = await browser.post(url, { ...hidden, ...choices, unknownMembers: "maybe" });
    expect(invalid.status).to.equal(400);
    expect(invalid.html).to.contain("unknownMembers must be one of reject, ignore.");
    expect(invalid.html).to.match(/value="reject" checked/);
    expect(await read()).to.deep.equal(before);
    const saved = await browser.post(url, { ...hidden, ...choices });
    expect([saved.status, saved.location]).to.deep.equal([303, "/console/provisioning"]);
    const after = await read();
    expect(after.provisioning).to.deep.equal(choices);
    expect({ name: after.name, tokenPolicy: after.tokenPolicy }).to.deep.equal({
      name: before.name,
      tokenPolicy: before.tokenPolicy,
    });
    const outdated = await browser.post(url, { ...hidden, ...choices, unknownMembers: "reject" });
    expect(outdated.status).to.equal(412);
    expect(outdated.html).to.contain("were changed since you opened the form");
    expect((await read()).provisioning).to.deep.equal(choices);
    expect((await browser.post(url, { csrf: hidden.csrf, ...choices })).status, "without a version").to.equal(400);
    expect((await browser.submit(url, url, { ...choices, version: outdated.hidden("version") })).status).to.equal(303);
  });

  it("needs admin:read to look, admin:write to change, and belongs to the session's organization", async () => {
    const reader = new TestBrowser(service);
    await reader.signIn((await service.issueToken({ scopes: ["admin:read"] })).secret);
    const page = await reader.get("/console/provisioning");
    expect(page.html).to.not.contain("Change settings");
    expect((await reader.get("/console/provisioning/settings")).status).to.equal(403);
    const forged = { csrf: page.hidden("csrf"), version: "1", unknownAttributes: "reject" };
    expect((await reader.post("/console/provisioning/settings", forged)).status).to.equal(403);

    const tokensOnly = new TestBrowser(service);
    await tokensOnly.signIn((await service.issueToken({ scopes: ["admin:tokens"] })).secret);
    const stranger = new TestBrowser(service);
    const other = await service.createOrganization("other");
    await stranger.signIn((await service.issueToken({ scopes: ["all"] }, other)).secret);
    const paths = [`requests/${rejectedEntry}`, `live?token=${okta.id}`];
    for (const path of ["", "/requests", ...paths.map((each) => `/${each}`)])
      expect((await tokensOnly.get(`/console/provisioning${path}`)).status, path).to.equal(403);
    for (const path of [...paths, "requests/req_x", "live?token=tok_x", "live?token=%22onload"])
      expect((await stranger.get(`/console/provisioning/${path}`)).status, path).to.equal(404);
    expect((await stranger.get(`/console/provisioning/requests?actorId=${okta.id}`)).html).to.contain(
      "No request matches",
    );
  });
});

describeOnEngines("The pages of provisioning in /console", (open) => {
  let service: Service;
  let browser: TestBrowser;
  let token: string;
  const operations: StoreOperation[] = [];
  before(async () => {
    service = await startCountedService(open, operations);
    browser = new TestBrowser(service);
    await browser.signIn((await service.issueToken({ scopes: ["admin:write"] })).secret);
    for (let index = 0; index < 60; index++)
      ({ id: token } = await service.issueToken({ name: `idp-${index}`, type: "scim", scopes: ["admin:scim"] }));
  });
  after(() => service.dispose());

  it("render in a bounded number of store operations, and page their lists", async () => {
    for (const [page, most] of [
      ["provisioning", 8], // session, token, organization; statuses, tokens; rejected, last requests; settings
      ["provisioning/requests", 4],
      ["provisioning/requests?user=nobody", 5], // by name, then by address
      [`provisioning/live?token=${token}`, 6],
      ["provisioning/settings", 4],
    ] as const) {
      const load = async (): Promise<void> => {
        expect((await browser.get(`/console/${page}`)).status).to.equal(200);
      };
      expect(await countOperations(operations, most, load), page).to.be.at.most(most);
    }
    const { html } = await browser.get("/console/provisioning");
    expect(html.match(/no request yet/g)).to.have.length(50);
    expect(html).to.contain("Next page");
  });
});
