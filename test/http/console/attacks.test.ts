import { expect } from "chai";
import { describeOnEngines } from "../../store/engines.fixture.ts";
import { type Service, startService } from "../../support/service.ts";
import { TestBrowser } from "./browser.fixture.ts";

describeOnEngines("Attacks on /console", (open) => {
  let service: Service;
  let secret: string;
  let browser: TestBrowser;
  let target: string;
  before(async () => {
    service = await startService({ open });
    ({ secret } = await service.issueToken({ name: "Security team", scopes: ["all"] }));
    ({ id: target } = await service.issueToken({ name: "target", scopes: ["admin:read"] }));
    browser = new TestBrowser(service);
    await browser.signIn(secret);
  });
  after(() => service.dispose());

  /** Submits the revocation of the target with the cookie and the right hidden field. */
  const revoke = async (headers: Readonly<Record<string, string>>, csrf?: string): Promise<number> => {
    const page = await browser.get(`/console/tokens/${target}/revoke`);
    const fields = { csrf: csrf ?? page.hidden("csrf") };
    return (await browser.post(`/console/tokens/${target}/revoke`, fields, headers)).status;
  };
  const statusOfTarget = async (): Promise<string> =>
    (await service.clientWithSecret(secret).get(`/api/tokens/${target}`)).body.status;

  for (const [attack, headers] of [
    ["a form of another site", { "Sec-Fetch-Site": "cross-site", Origin: "https://attacker.example" }],
    ["a page on another port of the same host, to which the cookie is attached", { "Sec-Fetch-Site": "same-site" }],
    [
      "a page whose browser lies about its origin",
      { "Sec-Fetch-Site": "cross-site", Origin: "https://gatehouse.example" },
    ],
    ["a form without an origin", {}],
    ["a form with an opaque origin", { Origin: "null" }],
    ["an old browser on another site", { Origin: "https://attacker.example" }],
    ["an old browser on another port", { Origin: "https://gatehouse.example:8443" }],
    ["a link that was typed", { "Sec-Fetch-Site": "none" }],
  ] as const)
    it(`${attack} changes nothing`, async () => {
      expect(await revoke(headers)).to.equal(403);
      const signIn = await new TestBrowser(service).post("/console/sign-in", { token: secret }, headers);
      expect(signIn.status, "a sign-in with a token of the attacker").to.equal(403);
      expect(signIn.headers.get("set-cookie")).to.equal(null);
      expect(await statusOfTarget()).to.equal("active");
    });

  it("a form without the hidden field, with a wrong one, or with that of another session changes nothing", async () => {
    const thief = new TestBrowser(service);
    await thief.signIn(secret);
    const stolen = await thief.get("/console/tokens/new");
    const sameOrigin = { "Sec-Fetch-Site": "same-origin" };
    for (const csrf of ["", "x", "A".repeat(43), stolen.hidden("csrf")])
      expect(await revoke(sameOrigin, csrf)).to.equal(403);
    const own = await browser.get("/console/tokens/new");
    const fields = { csrf: own.hidden("csrf"), name: "stolen nonce", type: "scim", expiry: "7" };
    for (const nonce of ["", "x", stolen.hidden("nonce"), `${own.hidden("nonce")}x`])
      expect((await browser.post("/console/tokens", { ...fields, nonce })).status).to.equal(400);
    expect(await statusOfTarget()).to.equal("active");
  });

  it("a GET changes nothing", async () => {
    for (const action of ["enable", "disable"])
      expect((await browser.get(`/console/tokens/${target}/${action}`)).status).to.equal(404);
    await browser.get(`/console/tokens/${target}/revoke?csrf=x`);
    await browser.get("/console/sign-out");
    expect(await statusOfTarget()).to.equal("active");
    expect((await browser.get("/console")).status).to.equal(200);
  });

  it("a script in a name, a description, a filter or a path is text", async () => {
    const script = `"><script>alert(1)</script><img src=x onerror='alert(1)'>`;
    const { id } = await service.issueToken({ name: script, description: script, scopes: ["admin:read"] });
    const form = { name: script, description: script, type: script, user: script, expiry: script };
    const pages = [
      ...(await Promise.all(
        ["", `/${id}`, `/${id}/rotate`, `/${id}/revoke`].map((path) => browser.get(`/console/tokens${path}`)),
      )),
      await browser.get(`/console/tokens?status=${encodeURIComponent(script)}`),
      await browser.get(`/console/${encodeURIComponent(script)}`),
      await browser.submit("/console/tokens/new", "/console/tokens", form),
    ];
    for (const { html } of pages) {
      expect(html).to.not.contain("<script>").and.not.contain("<img");
      expect(html.match(/<script/g)).to.have.length(1);
    }
  });

  it("a frame, an injected script and a shared cache are prevented by headers, and only here", async () => {
    const paths = ["/console", "/console/sign-in", "/console/tokens", "/console/nowhere", `/console/tokens/${target}`];
    for (const path of paths) {
      const { headers } = await browser.get(path);
      expect(headers.get("content-security-policy"), path).to.equal(
        "default-src 'none';script-src 'self';style-src 'self';img-src 'self';connect-src 'self';form-action 'self';" +
          "frame-ancestors 'none';base-uri 'none';require-trusted-types-for 'script';trusted-types 'none'",
      );
      expect(headers.get("x-frame-options")).to.equal("DENY");
      expect(headers.get("cache-control")).to.equal("no-store");
      expect(headers.get("referrer-policy")).to.equal("no-referrer");
      expect(headers.get("x-content-type-options")).to.equal("nosniff");
    }
    const { headers } = await browser.get("/api/whoami");
    expect(headers.get("content-security-policy")).to.not.contain("trusted-types");
  });

  it("no page contains an inline script, an inline style or the session id", async () => {
    const [, sessionId = ""] = browser.cookie.split("=");
    for (const path of ["/console", "/console/tokens", "/console/tokens/new", `/console/tokens/${target}/rotate`]) {
      const { html } = await browser.get(path);
      expect(/<style|<[a-z][^>]*\s(?:style|on[a-z]+)=|="javascript:/i.exec(html)?.[0]).to.equal(undefined);
      expect(html).to.not.contain(sessionId);
    }
  });

  it("a large form is rejected", async () => {
    const { status } = await browser.post("/console/sign-in", { token: "x".repeat(100_000) });
    expect(status).to.equal(413);
  });

  it("an error page shows no internal detail", async () => {
    await service.store.close().catch(() => undefined);
    const { status, html } = await browser.get("/console/tokens");
    expect(status).to.equal(503);
    expect(html)
      .to.contain("Service Unavailable")
      .and.not.match(/\bat .*\.js|Error:/);
  });
});
