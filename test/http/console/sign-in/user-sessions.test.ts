import { expect } from "chai";
import { operatorActor } from "../../../../src/domain/audit/record.ts";
import { consoleSessions } from "../../../../src/store/collections.ts";
import { describeOnEngines } from "../../../store/engines.fixture.ts";
import { trackSecret } from "../../../support/secrets.ts";
import { readShownSecret, TestBrowser } from "../browser.fixture.ts";
import { adaClaims, openAdasBrowser, type SignInSetup, setUpSignIn } from "./sign-in.fixture.ts";

describeOnEngines("Sessions of users who signed in through an OpenID Provider", (open) => {
  let setup: SignInSetup;
  beforeEach(async () => {
    setup = await setUpSignIn(open);
  });
  afterEach(() => setup.dispose());

  const expectEnded = async (browser: TestBrowser): Promise<void> =>
    void expect(await browser.get("/console/users")).to.include({
      status: 303,
      location: "/console/sign-in?ended&return=%2Fusers",
    });

  it("begin with a button, and continue on a page of the console, which the browser opens by itself", async () => {
    const browser = new TestBrowser(setup.service);
    const { host } = new URL(setup.provider.issuer);
    expect((await browser.get("/console/sign-in")).html).to.contain(`Sign in with ${host}`);
    const response = await setup.signIn(browser);
    expect(response.status).to.equal(200);
    expect(response.html).to.contain('content="0; url=/console?signed-in"');
    expect(response.headers.getSetCookie()).to.have.length(2);
    expect(response.headers.getSetCookie()[0]).to.match(
      /^__Host-gatehouse-console=[\w-]{43}; Max-Age=28800; Path=\/; HttpOnly; Secure; SameSite=Strict$/,
    );
    expect(browser.attemptCookie).to.equal("");
    expect((await browser.get("/console")).html).to.contain("ada@example.com");
  });

  it("request a code with PKCE, a state and a nonce, and keep only a signed cookie in the browser", async () => {
    const browser = new TestBrowser(setup.service);
    const { searchParams } = new URL(await setup.begin(browser));
    expect(Object.fromEntries(searchParams)).to.deep.include({
      ...{ tenant: "1", response_type: "code", scope: "openid email profile", code_challenge_method: "S256" },
      client_id: setup.provider.clientId,
      redirect_uri: "https://gatehouse.example/console/sign-in/default/callback",
    });
    for (const name of ["state", "nonce", "code_challenge"]) expect(searchParams.get(name), name).to.have.length(43);
    const page = await browser.post("/console/sign-in/default", {});
    expect(page.headers.getSetCookie()[0]).to.match(
      /^__Host-gatehouse-sign-in=[\w.-]+; Max-Age=600; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
    );
  });

  it("request the scope with the name of the groups claim from a provider that lists it", async () => {
    const { provider } = setup;
    provider.setDocument({ ...provider.document(), scopes_supported: ["openid", "offline_access", "groups"] });
    const { searchParams } = new URL(await setup.begin(new TestBrowser(setup.service)));
    expect(searchParams.get("scope")).to.equal("openid email profile groups");
  });

  for (const [role, scopes, statuses] of [
    ["readers", ["admin:read"], { users: 200, tokens: 403 }],
    ["writers", ["admin:read", "admin:scim", "admin:write"], { users: 200, tokens: 403 }],
    ["security", ["admin:tokens", "all", "connect:call"], { users: 200, tokens: 200 }],
  ] as const)
    it(`have the scopes of the role that the group ${role} of the ID token has`, async () => {
      const browser = new TestBrowser(setup.service);
      await setup.signIn(browser, { ...adaClaims, groups: [role] });
      const { html } = await browser.get("/console");
      for (const scope of scopes) expect(html).to.contain(`<li>${scope}</li>`);
      expect((await browser.get("/console/users")).status).to.equal(statuses.users);
      expect((await browser.get("/console/tokens")).status).to.equal(statuses.tokens);
    });

  it("are those of the user, who is the actor of the audit events", async () => {
    const browser = await openAdasBrowser(setup);
    const page = await browser.get("/console");
    await browser.post("/console/sign-out", { csrf: page.hidden("csrf") });
    const { body } = await setup.admin.get("/api/audit-events").query({ actorType: "user" }).expect(200);
    const actor = { type: "user", id: setup.user.id, name: "ada@example.com" };
    for (const event of body.data) expect(event.actor).to.deep.equal(actor);
    expect(body.data.map(({ action }: { action: string }) => action)).to.deep.equal([
      "console.sign_out",
      "console.sign_in",
    ]);
  });

  it("create tokens of the user's scopes, and none with more", async () => {
    const browser = await openAdasBrowser(setup);
    const fields = { name: "by Ada", type: "admin", scopes: ["admin:read"], expiry: "30" };
    const created = await browser.submit("/console/tokens/new", "/console/tokens", fields);
    expect(created.status).to.equal(201);
    trackSecret(readShownSecret(created));
    const { body } = await setup.admin.get("/api/tokens").expect(200);
    const token = body.data.find(({ name }: { name: string }) => name === "by Ada");
    expect(token.createdBy).to.deep.equal({ type: "user", id: setup.user.id, name: "ada@example.com" });
  });

  it("of a role below full access neither show nor create tokens", async () => {
    const browser = new TestBrowser(setup.service);
    await setup.signIn(browser, { ...adaClaims, groups: ["writers"] });
    const page = await browser.get("/console");
    const fields = { csrf: page.hidden("csrf"), nonce: "x", name: "more", type: "admin", scopes: ["all"] };
    expect((await browser.post("/console/tokens", fields)).status).to.equal(403);
  });

  const endings: Readonly<Record<string, (setup: SignInSetup) => Promise<unknown>>> = {
    "the user was deactivated": ({ admin, user }) =>
      admin.patch(`/api/users/${user.id}`).send({ active: false }).expect(200),
    "the user was deactivated and activated again": async ({ admin, user }) => {
      await admin.patch(`/api/users/${user.id}`).send({ active: false }).expect(200);
      await admin.patch(`/api/users/${user.id}`).send({ active: true }).expect(200);
    },
    "the user was deleted": ({ admin, user }) => admin.delete(`/api/users/${user.id}`).expect(204),
    "the sign-in was removed": ({ admin }) =>
      admin.patch("/api/organization").send({ consoleSignIn: null }).expect(200),
    "the role was taken from the group": ({ configure, provider: { issuer } }) =>
      configure({
        issuer,
        roles: {
          read: { idTokenGroups: ["readers"], groups: [] },
          write: { idTokenGroups: [], groups: [] },
          full: { idTokenGroups: [] },
        },
      }),
    "users are matched in another way": ({ configure }) => configure({ matchUsersBy: "externalId" }),
    "the organization was disabled": ({ service }) =>
      service.domain.organizationLifecycle.disable(operatorActor, "default"),
  };
  for (const [cause, end] of Object.entries(endings))
    it(`end with the next request after ${cause}`, async () => {
      const browser = await openAdasBrowser(setup);
      const { cookie } = browser;
      await end(setup);
      await expectEnded(browser);
      browser.cookie = cookie;
      await expectEnded(browser);
      const { items } = await setup.service.store
        .for(setup.service.organizationId)
        .open(consoleSessions)
        .list({ limit: 10 });
      expect(items).to.have.length(0);
    });

  it("follow the groups of the directory, direct and inherited, at each request", async () => {
    const { admin, user } = setup;
    const { body: group } = await admin.post("/api/groups").send({ displayName: "Admins" }).expect(201);
    const { body: team } = await admin.post("/api/groups").send({ displayName: "Team" }).expect(201);
    await admin.put(`/api/groups/${team.id}/members/${user.id}`).expect(201);
    const nobody = { idTokenGroups: [], groups: [] };
    const roles = { read: nobody, write: { idTokenGroups: [], groups: [group.id] }, full: { idTokenGroups: [] } };
    await setup.configure({ roles });
    const browser = new TestBrowser(setup.service);
    expect((await setup.signIn(browser)).status, "before the membership").to.equal(403);
    await admin.put(`/api/groups/${group.id}/members/${team.id}`).expect(201);
    await setup.signIn(browser);
    expect((await browser.get("/console/users")).status).to.equal(200);
    await admin.delete(`/api/groups/${team.id}/members/${user.id}`).expect(204);
    await expectEnded(browser);
  });

  it("store the hash of the session id only, and of the ID token only the groups that grant a role", async () => {
    const browser = new TestBrowser(setup.service);
    await setup.signIn(browser, { ...adaClaims, groups: ["security", "a-private-group"] });
    const { items } = await setup.service.store
      .for(setup.service.organizationId)
      .open(consoleSessions)
      .list({ limit: 10 });
    const stored = JSON.stringify(items);
    expect(stored).to.contain("security").and.not.contain("a-private-group");
    expect(stored).to.not.contain(browser.cookie.split("=")[1]);
  });
});

describeOnEngines("Rate limits of sessions of users", (open) => {
  it("count against the rate limit of the user, whatever the number of sessions", async () => {
    const setup = await setUpSignIn(open, { RATE_LIMIT: "api=12/86400" });
    try {
      const first = await openAdasBrowser(setup);
      const second = await openAdasBrowser(setup);
      const statuses = [];
      for (let request = 0; request < 6; request++)
        for (const browser of [first, second]) statuses.push((await browser.get("/console")).status);
      expect(statuses.filter((each) => each === 429)).to.have.length(2);
    } finally {
      await setup.dispose();
    }
  });
});
