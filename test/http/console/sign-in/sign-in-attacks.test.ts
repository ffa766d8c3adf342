import { randomBytes } from "node:crypto";
import { expect } from "chai";
import { generateKeyPair, SignJWT, UnsecuredJWT } from "jose";
import { describeOnEngines } from "../../../store/engines.fixture.ts";
import { startOpenIdProvider } from "../../../support/openid-provider.ts";
import { TestBrowser } from "../browser.fixture.ts";
import { adaClaims, type SignInSetup, settingsOf, setUpSignIn } from "./sign-in.fixture.ts";

describeOnEngines("Attacks on the sign-in through an OpenID Provider", (open) => {
  let setup: SignInSetup;
  before(async () => {
    setup = await setUpSignIn(open);
  });
  after(() => setup.dispose());
  afterEach(() => {
    setup.provider.setTokenResponse(undefined);
    setup.provider.setDocument(undefined);
    setup.provider.setUserInfo(undefined);
  });

  /** Expects that a callback opens no session. @returns the page */
  const expectRejected = async (browser: TestBrowser, callback: URL, status: number): Promise<string> => {
    const response = await browser.get(callback.pathname + callback.search);
    expect({ status: response.status, cookie: browser.cookie }).to.deep.equal({ status, cookie: "" });
    return response.html;
  };
  const listCauses = async (): Promise<readonly string[]> => {
    const causes = [];
    for (let attempt = 0; attempt < 100 && causes.length === 0; attempt++) {
      const { body } = await setup.admin.get("/api/audit-events").query({ action: "authentication.refused" });
      causes.push(...body.data.map(({ details }: { details: { cause: string } }) => details.cause));
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return causes;
  };

  it("login CSRF: a response that was requested in another browser opens no session", async () => {
    const [attacker, victim] = [new TestBrowser(setup.service), new TestBrowser(setup.service)];
    const callback = setup.provider.approve(await setup.begin(attacker), adaClaims);
    await expectRejected(victim, callback, 400);
    await setup.begin(victim);
    await expectRejected(victim, callback, 400);
    expect((await attacker.get(callback.pathname + callback.search)).status, "in its own browser").to.equal(200);
  });

  it("login CSRF: no page of another origin can begin a sign-in", async () => {
    const browser = new TestBrowser(setup.service);
    for (const headers of [{ "Sec-Fetch-Site": "cross-site" }, { Origin: "https://attacker.example" }, {}]) {
      const response = await browser.post("/console/sign-in/default", {}, headers);
      expect(response.status).to.equal(403);
    }
    expect(browser.attemptCookie).to.equal("");
  });

  it("replay: a response is used once, also if the code were valid again", async () => {
    const browser = new TestBrowser(setup.service);
    const url = await setup.begin(browser);
    const { attemptCookie } = browser;
    const first = setup.provider.approve(url, adaClaims);
    expect((await browser.get(first.pathname + first.search)).status).to.equal(200);
    const again = new TestBrowser(setup.service);
    again.attemptCookie = attemptCookie;
    await expectRejected(again, setup.provider.approve(url, adaClaims), 400);
  });

  it("replay: of two responses at the same time, one opens a session", async () => {
    const browser = new TestBrowser(setup.service);
    const url = await setup.begin(browser);
    const callbacks = [setup.provider.approve(url, adaClaims), setup.provider.approve(url, adaClaims)];
    const statuses = callbacks.map(async ({ pathname, search }) => (await browser.get(pathname + search)).status);
    expect((await Promise.all(statuses)).sort()).to.deep.equal([200, 400]);
  });

  it("code injection: the code of another sign-in is rejected, because its code verifier differs", async () => {
    const [attacker, victim] = [new TestBrowser(setup.service), new TestBrowser(setup.service)];
    const stolen = setup.provider.approve(await setup.begin(victim), adaClaims);
    const own = setup.provider.approve(await setup.begin(attacker), adaClaims);
    own.searchParams.set("code", stolen.searchParams.get("code") ?? "");
    expect(await expectRejected(attacker, own, 502)).to.contain("did not complete the sign-in");
  });

  for (const [attack, claims, cause] of [
    ["of another sign-in", { nonce: "other" }, "sign-in-nonce"],
    ["without a nonce", { nonce: undefined }, "sign-in-nonce"],
    ["of another issuer", { iss: "https://attacker.example" }, "jwt-issuer"],
    ["for another client", { aud: "other" }, "jwt-audience"],
    ["for several clients without azp", { aud: ["gatehouse-console", "other"] }, "jwt-audience"],
    ["that another client may use", { aud: ["gatehouse-console", "other"], azp: "other" }, "jwt-audience"],
    ["that has expired", { exp: 1 }, "jwt-expired"],
    ["without an expiry", { exp: undefined }, "jwt-claims"],
    ["from the future", { iat: 9_999_999_999 }, "jwt-not-yet-valid"],
    ["without a subject", { sub: undefined }, "jwt-claims"],
  ] as const)
    it(`an ID token ${attack} is rejected`, async () => {
      const browser = new TestBrowser(setup.service);
      const callback = setup.provider.approve(await setup.begin(browser), { ...adaClaims, ...claims });
      expect(await expectRejected(browser, callback, 401)).to.contain("is not valid");
      expect(setup.service.log()).to.contain(`"reason":"${cause}"`);
    });

  it("an ID token without a signature, with an HMAC under a public value, or of another key is rejected", async () => {
    const { provider } = setup;
    const { privateKey } = await generateKeyPair("RS256");
    const forgeries: readonly ((nonce: string) => Promise<string>)[] = [
      async (nonce) =>
        new UnsecuredJWT({ ...adaClaims, sub: "1", iss: provider.issuer, aud: provider.clientId, nonce })
          .setExpirationTime("5m")
          .encode(),
      (nonce) =>
        new SignJWT({ ...adaClaims, sub: "1", iss: provider.issuer, aud: provider.clientId, nonce })
          .setProtectedHeader({ alg: "HS256" })
          .setExpirationTime("5m")
          .sign(Buffer.from(provider.clientSecret)),
      (nonce) => provider.sign({ ...adaClaims, nonce }, {}, privateKey),
      async () => "no.jwt",
    ];
    for (const forge of forgeries) {
      const browser = new TestBrowser(setup.service);
      const url = await setup.begin(browser);
      const nonce = new URL(url).searchParams.get("nonce") ?? "";
      provider.setTokenResponse(async () => ({ id_token: await forge(nonce) }));
      await expectRejected(browser, provider.approve(url, adaClaims), 401);
    }
  });

  it("mix-up: a response of another issuer, or without the issuer that the provider announces, is rejected", async () => {
    for (const iss of ["https://attacker.example", `${setup.provider.issuer}/`, undefined]) {
      const browser = new TestBrowser(setup.service);
      const callback = setup.provider.approve(await setup.begin(browser), adaClaims);
      if (iss === undefined) callback.searchParams.delete("iss");
      else callback.searchParams.set("iss", iss);
      const received = setup.provider.tokenRequests.length;
      await expectRejected(browser, callback, 403);
      expect(setup.provider.tokenRequests, "no code was sent").to.have.length(received);
    }
  });

  it("mix-up: each organization has its own redirect URI, and no other one accepts the response", async () => {
    const hostile = await startOpenIdProvider();
    try {
      const organizationId = await setup.service.createOrganization("hostile");
      const admin = await setup.service.clientWithScopes(["all"], organizationId);
      const consoleSignIn = settingsOf(hostile);
      await admin.patch("/api/organization").send({ consoleSignIn }).expect(200);
      const browser = new TestBrowser(setup.service);
      const url = new URL(await setup.begin(browser, "hostile"));
      // The hostile provider forwards the request to the honest one, which accepts only its own redirect URI.
      url.searchParams.set("redirect_uri", "https://gatehouse.example/console/sign-in/default/callback");
      await expectRejected(browser, setup.provider.approve(url.href, adaClaims), 400);
      expect(hostile.tokenRequests).to.have.length(0);
    } finally {
      await hostile.close();
    }
  });

  it("open redirect: no parameter decides where the browser continues", async () => {
    const browser = new TestBrowser(setup.service);
    const callback = setup.provider.approve(await setup.begin(browser), adaClaims);
    for (const name of ["return", "redirect_uri", "next"]) callback.searchParams.set(name, "https://attacker.example");
    const { html } = await browser.get(callback.pathname + callback.search);
    expect(html).to.contain("url=/console?signed-in").and.not.contain("attacker.example");
    for (const slug of ["//attacker.example", "https:%2F%2Fattacker.example", "..%2F..%2Fattacker", "\\attacker"]) {
      const response = await browser.get(`/console/sign-in?organization=${slug}`);
      expect({ status: response.status, location: response.location }).to.deep.equal({
        status: 400,
        location: undefined,
      });
    }
  });

  it("a forged, changed or foreign cookie of the sign-in opens no session", async () => {
    const browser = new TestBrowser(setup.service);
    const callback = setup.provider.approve(await setup.begin(browser), adaClaims);
    const [name, jwt = ""] = browser.attemptCookie.split("=");
    const [header, payload = "", signature] = jwt.split(".");
    const claims = JSON.parse(Buffer.from(payload, "base64url").toString());
    const changed = Buffer.from(JSON.stringify({ ...claims, exp: claims.exp + 600 })).toString("base64url");
    const forged = await new SignJWT(claims).setProtectedHeader({ alg: "HS256" }).sign(randomBytes(32));
    const values = [`${header}.${changed}.${signature}`, forged, new UnsecuredJWT(claims).encode(), "x".repeat(5000)];
    for (const value of values) {
      const thief = new TestBrowser(setup.service);
      thief.attemptCookie = `${name}=${value}`;
      await expectRejected(thief, callback, 400);
    }
  });

  it("a malformed response is rejected as one that was not requested", async () => {
    const browser = new TestBrowser(setup.service);
    const callback = setup.provider.approve(await setup.begin(browser), adaClaims);
    const { search } = callback;
    for (const query of ["", "?", `${search}&code=2`, `${search}&state=2`, `${search}&error=x`, "?state=__proto__"]) {
      callback.search = query;
      await expectRejected(browser, callback, 400);
    }
    expect((await browser.get(callback.pathname + search)).status, "the right one afterwards").to.equal(200);
  });

  it("an error of the provider is reported without its text, and ends the attempt", async () => {
    const browser = new TestBrowser(setup.service);
    const callback = setup.provider.approve(await setup.begin(browser), adaClaims);
    callback.searchParams.delete("code");
    callback.searchParams.set("error", "access_denied");
    callback.searchParams.set("error_description", "<script>alert(1)</script> call 555-1234");
    const html = await expectRejected(browser, callback, 403);
    expect(html).to.contain("did not sign you in").and.not.contain("555-1234");
  });

  for (const [account, claims] of [
    ["whose address is not verified", { email_verified: false }],
    ["whose address is verified in another form", { email_verified: 1 }],
    ["of no user", { email: "mallory@example.com" }],
    ["without a role", { groups: ["everybody"] }],
    ["whose groups are no strings", { groups: [{ name: "security" }, 1, null] }],
    ["whose address is no string", { email: { $ne: "" } }],
  ] as const)
    it(`an account ${account} gets the same page as every other one without access`, async () => {
      const browser = new TestBrowser(setup.service);
      const callback = setup.provider.approve(await setup.begin(browser), { ...adaClaims, ...claims });
      expect(await expectRejected(browser, callback, 403)).to.contain("Your account has no access to this console.");
    });

  it("claims of the UserInfo endpoint count only for the same account, and not against those of the ID token", async () => {
    const { email, email_verified } = adaClaims;
    for (const [userInfo, claims, status] of [
      [undefined, { email, email_verified }, 502],
      [{ sub: "sub-2", groups: ["security"] }, { email, email_verified }, 502],
      [{ groups: ["security"] }, { email, email_verified }, 502],
      [{ sub: "sub-1" }, { email, email_verified }, 403],
      [{ sub: "sub-1", email_verified: true }, { ...adaClaims, email: undefined }, 403],
      [{ sub: "sub-1", email, email_verified: true, groups: ["security"] }, { groups: ["everybody"] }, 403],
    ] as const) {
      setup.provider.setUserInfo(userInfo);
      const browser = new TestBrowser(setup.service);
      await expectRejected(browser, setup.provider.approve(await setup.begin(browser), claims), status);
    }
    setup.provider.setUserInfo({ sub: "sub-1", groups: ["security"] });
    const browser = new TestBrowser(setup.service);
    expect((await setup.signIn(browser, { email, email_verified })).status).to.equal(200);
  });

  it("an inactive user cannot sign in", async () => {
    const { admin, user, service, provider } = setup;
    await admin.patch(`/api/users/${user.id}`).send({ active: false }).expect(200);
    const browser = new TestBrowser(service);
    await expectRejected(browser, provider.approve(await setup.begin(browser), adaClaims), 403);
    await admin.patch(`/api/users/${user.id}`).send({ active: true }).expect(200);
  });

  it("a claim that is named like a property of every object grants nothing", async () => {
    await setup.configure({
      matchUsersBy: "externalId",
      ...{ externalIdClaim: "constructor", groupsClaim: "__proto__" },
    });
    setup.provider.setUserInfo({ sub: "sub-1" });
    const browser = new TestBrowser(setup.service);
    await expectRejected(browser, setup.provider.approve(await setup.begin(browser), adaClaims), 403);
    await setup.configure();
  });

  it("organizations cannot be listed: an unknown one is as one without an identity provider", async () => {
    await setup.service.createOrganization("without");
    const pages = [];
    for (const slug of ["without", "unknown", "x'--", "default%00"]) {
      const browser = new TestBrowser(setup.service);
      for (const response of [
        await browser.get(`/console/sign-in/${slug}`),
        await browser.post(`/console/sign-in/${slug}`, {}),
      ])
        pages.push({ status: response.status, html: response.html });
      const { html } = await browser.get("/console/sign-in");
      expect(html).to.contain('name="organization"').and.not.contain("default");
    }
    expect(new Set(pages.map((each) => JSON.stringify(each))).size).to.equal(1);
    expect(pages[0]?.status).to.equal(404);
  });

  it("rejected sign-ins are in the audit log of the organization, with the cause", async () => {
    expect(await listCauses()).to.include.members(["sign-in-user", "sign-in-role", "sign-in-issuer", "sign-in-code"]);
  });
});

describeOnEngines("Limits of the sign-in through an OpenID Provider", (open) => {
  it("end a sign-in after ten minutes, and count failures by address", async () => {
    const setup = await setUpSignIn(open, { RATE_LIMIT: "failures=3/86400" });
    try {
      const statuses = [];
      for (let attempt = 0; attempt < 5; attempt++)
        statuses.push(
          (await new TestBrowser(setup.service).get("/console/sign-in/default/callback?state=x&code=y")).status,
        );
      expect(statuses).to.deep.equal([400, 400, 400, 429, 429]);
      const names = await new TestBrowser(setup.service).get("/console/sign-in/guessed");
      expect(names.status, "a guessed organization").to.equal(429);
    } finally {
      await setup.dispose();
    }
  });
});
