import { expect } from "chai";
import { operatorActor } from "../../../src/domain/audit/record.ts";
import { consoleSessions, tokens } from "../../../src/store/collections.ts";
import { describeOnEngines } from "../../store/engines.fixture.ts";
import { type Service, startService } from "../../support/service.ts";
import { TestBrowser } from "./browser.fixture.ts";

const minuteMs = 60_000;

describeOnEngines("Sessions of /console", (open) => {
  let service: Service;
  /** Added to the clock of the sessions. */
  let laterMs = 0;
  before(async () => {
    service = await startService({
      open,
      now: () => Date.now() + laterMs,
      environment: { AUTH_SECRET: "correct-horse-battery-staple-0123456789" },
    });
  });
  after(() => service.dispose());
  afterEach(() => {
    laterMs = 0;
  });

  const signIn = async (secret: string): Promise<TestBrowser> => {
    const browser = new TestBrowser(service);
    expect(await browser.signIn(secret)).to.include({ status: 303, location: "/console?signed-in" });
    return browser;
  };
  const adminToken = () => service.issueToken({ scopes: ["all"] });
  const expectEnded = async (browser: TestBrowser): Promise<void> => {
    expect(await browser.get("/console")).to.include({ status: 303, location: "/console/sign-in?ended" });
    expect(browser.cookie).to.equal("");
  };
  const listSessions = async () =>
    (await service.store.for(service.organizationId).open(consoleSessions).list({ limit: 1000 })).items;

  it("require the sign-in, which pages without a session redirect to", async () => {
    const browser = new TestBrowser(service);
    for (const path of ["/console", "/console/"])
      expect(await browser.get(path), path).to.include({ status: 303, location: "/console/sign-in" });
    for (const path of ["tokens", "nowhere"])
      expect(await browser.get(`/console/${path}`), path).to.include({
        ...{ status: 303, location: `/console/sign-in?return=%2F${path}` },
      });
    expect((await browser.get("/console/sign-in")).html).to.contain("<h1>Sign in</h1>");
    expect((await browser.get("/console?signed-in")).location).to.equal("/console/sign-in?no-cookie");
  });

  it("begin with a token, which the browser does not keep, and a cookie that no script and no other site can use", async () => {
    const { secret } = await adminToken();
    const browser = new TestBrowser(service);
    const { headers } = await browser.signIn(` ${secret}\n`);
    expect(headers.get("set-cookie")).to.match(
      /^__Host-gatehouse-console=[\w-]{43}; Max-Age=28800; Path=\/; HttpOnly; Secure; SameSite=Strict$/,
    );
    const [, id = ""] = browser.cookie.split("=");
    const stored = JSON.stringify(await listSessions());
    expect(stored).to.contain("idHash").and.not.contain(id);
    expect((await browser.get("/console")).html).to.contain("This session");
  });

  it("read no credential but the cookie, which no other API reads", async () => {
    const { secret } = await adminToken();
    const browser = await signIn(secret);
    const stranger = new TestBrowser(service);
    for (const headers of [{ Authorization: `Bearer ${secret}` }, { "X-API-Key": secret }])
      expect(await stranger.get("/console", headers)).to.include({ location: "/console/sign-in" });
    for (const path of ["/api/tokens", "/scim/v2/Users", "/mcp"])
      expect((await browser.get(path)).status, path).to.equal(401);
  });

  it("reject what is no valid token, with one message, and count the failure", async () => {
    const { id, secret } = await adminToken();
    await service.domain.tokens.revoke(service.organizationId, operatorActor, id);
    for (const token of [secret, "wxt_unknown", "", "x".repeat(10_000), "\0"]) {
      const browser = new TestBrowser(service);
      const { status, html } = await browser.signIn(token);
      expect({ status, hasText: html.includes("The credential is not valid.") }).to.deep.equal({
        status: 401,
        hasText: true,
      });
      expect(browser.cookie).to.equal("");
    }
  });

  it("reject a token without a scope of the console, and one from another address", async () => {
    const browser = new TestBrowser(service);
    for (const scopes of [["connect:write"], ["admin:scim"]] as const) {
      const { status, html } = await browser.signIn((await service.issueToken({ scopes })).secret);
      expect(status).to.equal(403);
      expect(html).to.contain("The console requires a token with admin:read or admin:tokens, or a personal token");
    }
    const elsewhere = await service.issueToken({ scopes: ["all"], allowedIps: ["192.0.2.0/24"] });
    expect((await browser.signIn(elsewhere.secret)).status).to.equal(403);
    expect(browser.cookie).to.equal("");
  });

  it("of admin:read are read-only and do not show tokens, as in the admin API", async () => {
    const browser = await signIn((await service.issueToken({ scopes: ["admin:read"] })).secret);
    const page = await browser.get("/console");
    expect(page.html).to.contain("This session is read-only").and.not.contain('href="/console/tokens');
    expect((await browser.get("/console/tokens")).status).to.equal(403);
    expect((await browser.post("/console/tokens", { csrf: page.hidden("csrf"), name: "more" })).status).to.equal(403);
  });

  it("get a new id at each sign-in, and the previous one ends, so that no known id can be fixed", async () => {
    const { secret } = await adminToken();
    const browser = new TestBrowser(service);
    browser.cookie = `__Host-gatehouse-console=${"A".repeat(43)}`;
    await browser.signIn(secret);
    const first = browser.cookie;
    expect(first).to.not.contain("AAAA");
    await browser.signIn(secret);
    expect(browser.cookie).to.not.equal(first);
    const thief = new TestBrowser(service);
    thief.cookie = first;
    await expectEnded(thief);
    expect((await browser.get("/console")).status).to.equal(200);
  });

  it("end with the sign-out, which is audited as the sign-in is", async () => {
    const { id, secret } = await adminToken();
    const browser = await signIn(secret);
    const { cookie } = browser;
    const page = await browser.get("/console");
    expect(await browser.post("/console/sign-out", { csrf: page.hidden("csrf") })).to.include({
      status: 303,
      location: "/console/sign-in?signed-out",
    });
    browser.cookie = cookie;
    await expectEnded(browser);
    const admin = await service.clientWithScopes(["all"]);
    const { body } = await admin.get("/api/audit-events").query({ actorId: id }).expect(200);
    expect(body.data.map(({ action }: { action: string }) => action)).to.have.members([
      "console.sign_in",
      "console.sign_out",
    ]);
  });

  it("end after 30 minutes without a request, and 8 hours after the sign-in in any case", async () => {
    const { secret } = await adminToken();
    const idle = await signIn(secret);
    const busy = await signIn(secret);
    for (; laterMs < 8 * 60 * minuteMs - minuteMs; laterMs += 29 * minuteMs)
      expect((await busy.get("/console")).status, `after ${laterMs} ms`).to.equal(200);
    laterMs = 8 * 60 * minuteMs;
    await expectEnded(busy);
    laterMs = 31 * minuteMs;
    await expectEnded(idle);
  });

  const endings: Readonly<Record<string, (tokenId: string) => Promise<unknown>>> = {
    revoked: async (id) => (await service.clientWithScopes(["all"])).delete(`/api/tokens/${id}`).expect(204),
    disabled: async (id) =>
      (await service.clientWithScopes(["all"])).patch(`/api/tokens/${id}`).send({ enabled: false }).expect(200),
    expired: (id) =>
      service.store.transaction(async (tx) => {
        const records = tx.for(service.organizationId).open(tokens);
        const token = await records.get(id);
        if (token) await records.replace({ ...token, expiresAt: new Date(Date.now() - 1).toISOString() }, "any");
      }),
    rotated: async (id) => (await service.clientWithScopes(["all"])).post(`/api/tokens/${id}/rotate`).expect(200),
  };
  for (const [state, end] of Object.entries(endings))
    it(`end with the next request after the token was ${state}`, async () => {
      const { id, secret } = await adminToken();
      const browser = await signIn(secret);
      const page = await browser.get("/console");
      const { cookie } = browser;
      await end(id);
      expect((await browser.post("/console/tokens", { csrf: page.hidden("csrf"), name: "more" })).location).to.equal(
        "/console/sign-in?ended",
      );
      if (state !== "disabled") return;
      const admin = await service.clientWithScopes(["all"]);
      await admin.patch(`/api/tokens/${id}`).send({ enabled: true }).expect(200);
      browser.cookie = cookie;
      await expectEnded(browser);
    });

  it("survive a rotation until the grace period ends", async () => {
    const { id, secret } = await adminToken();
    const browser = await signIn(secret);
    const admin = await service.clientWithScopes(["all"]);
    await admin.post(`/api/tokens/${id}/rotate`).send({ gracePeriodSeconds: 60 }).expect(200);
    expect((await browser.get("/console")).status).to.equal(200);
  });

  it("end when the organization is disabled", async () => {
    const organizationId = await service.createOrganization("closing");
    const { secret } = await service.issueToken({ scopes: ["all"] }, organizationId);
    const browser = await signIn(secret);
    await service.domain.organizationLifecycle.disable(operatorActor, "closing");
    await expectEnded(browser);
  });

  it("obey a list of addresses that is set after the sign-in", async () => {
    const { id, secret } = await adminToken();
    const browser = await signIn(secret);
    const admin = await service.clientWithScopes(["all"]);
    await admin
      .patch(`/api/tokens/${id}`)
      .send({ allowedIps: ["192.0.2.1"] })
      .expect(200);
    const rejected = await browser.get("/console/tokens");
    expect(rejected.status).to.equal(403);
    expect(rejected.html).to.contain('href="/console/sign-in"');
    expect((await browser.get("/console/sign-in")).html).to.contain("Continue with the session of this browser");
  });

  it("count against the rate limits of their token, as the sign-in does", async () => {
    const limited = await startService({ open, environment: { RATE_LIMIT: "api=3/86400" } });
    try {
      const { secret } = await limited.issueToken({ scopes: ["all"] });
      const browser = new TestBrowser(limited);
      await browser.signIn(secret);
      const statuses = [];
      for (let request = 0; request < 3; request++) statuses.push((await browser.get("/console")).status);
      expect(statuses).to.deep.equal([200, 200, 429]);
      expect((await new TestBrowser(limited).signIn(secret)).status).to.equal(429);
    } finally {
      await limited.dispose();
    }
  });

  it("of AUTH_SECRET store no hash of it that a copy of the database could be used to guess", async () => {
    const browser = await signIn("correct-horse-battery-staple-0123456789");
    expect((await browser.get("/console")).html).to.contain("AUTH_SECRET");
    const isUseShown = async () =>
      (await browser.get("/console")).html.includes("<code>AUTH_SECRET</code> was last used from 127.0.0.1");
    while (!(await isUseShown())) await new Promise((resolve) => setTimeout(resolve, 50));
    const session = (await listSessions()).find(({ authSecretProof }) => authSecretProof !== undefined);
    expect(session).to.not.have.property("secretHash");
  });
});

describe("Sign-in of /console", () => {
  it("is limited by address after too many failures, and never for a valid token", async () => {
    const service = await startService({ environment: { RATE_LIMIT: "failures=3/86400" } });
    try {
      const statuses = [];
      for (let attempt = 0; attempt < 5; attempt++)
        statuses.push((await new TestBrowser(service).signIn("wrong")).status);
      expect(statuses).to.deep.equal([401, 401, 401, 429, 429]);
      const browser = new TestBrowser(service);
      browser.cookie = `__Host-gatehouse-console=${"A".repeat(43)}`;
      expect((await browser.get("/console")).status, "a guessed session").to.equal(429);
      const { secret } = await service.issueToken({ scopes: ["all"] });
      expect((await new TestBrowser(service).signIn(secret)).status).to.equal(303);
    } finally {
      await service.dispose();
    }
  });

  it("does not exist with CONSOLE=off", async () => {
    const service = await startService({ environment: { CONSOLE: "off" } });
    try {
      for (const path of ["/console", "/console/sign-in", "/console/assets/console.css"])
        expect((await new TestBrowser(service).get(path)).status, path).to.equal(404);
    } finally {
      await service.dispose();
    }
  });

  it("has links below the path of PUBLIC_URL, which a proxy removes", async () => {
    const service = await startService({ environment: { PUBLIC_URL: "https://example.com/gatehouse/" } });
    try {
      const browser = new TestBrowser(service);
      const { html } = await browser.get("/console/sign-in");
      const paths = [...html.matchAll(/(?:href|action|src)="(\/[^"?]*)/g)].map(([, path]) => path);
      expect(paths).to.include("/gatehouse/console/sign-in").and.include("/gatehouse/console/assets/console.css");
      const { secret } = await service.issueToken({ scopes: ["all"] });
      expect((await browser.signIn(secret)).location).to.equal("/gatehouse/console?signed-in");
    } finally {
      await service.dispose();
    }
  });
});
