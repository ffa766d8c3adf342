import { expect } from "chai";
import { describeOnEngines } from "../../store/engines.fixture.ts";
import { trackSecret } from "../../support/secrets.ts";
import { startWebhookReceiver, type WebhookReceiver } from "../../support/webhook-receiver.ts";
import { TestBrowser } from "./browser.fixture.ts";
import { readFormFields } from "./form-fields.fixture.ts";
import { type SignInSetup, setUpSignIn } from "./sign-in/sign-in.fixture.ts";

describeOnEngines("Settings in /console", (open) => {
  let setup: SignInSetup;
  let browser: TestBrowser;
  let reader: TestBrowser;
  let writer: TestBrowser;
  before(async () => {
    setup = await setUpSignIn(open);
    const signIn = async (scope: "all" | "admin:read" | "admin:write"): Promise<TestBrowser> => {
      const opened = new TestBrowser(setup.service);
      await opened.signIn((await setup.service.issueToken({ scopes: [scope] })).secret);
      return opened;
    };
    browser = await signIn("all");
    reader = await signIn("admin:read");
    writer = await signIn("admin:write");
  });
  after(() => setup.dispose());

  const readOrganization = async () => (await setup.admin.get("/api/organization").expect(200)).body;
  /** Submits a form with the version that its page has. */
  const submit = async (path: string, fields: Readonly<Record<string, string | readonly string[]>>, by = browser) => {
    const page = await by.get(path);
    return by.post(path, { csrf: page.hidden("csrf"), version: page.hidden("version"), ...fields });
  };
  const signInForm = () => ({
    ...{ issuer: setup.provider.issuer, clientId: setup.provider.clientId, matchUsersBy: "email" },
    ...{ externalIdClaim: "", groupsClaim: "", fullClaims: "cn=Admins, ou=Groups\nsecurity" },
  });

  it("show the organization, without the client secret, and without links to forms for a reader", async () => {
    const { html } = await browser.get("/console/settings");
    expect(html)
      .to.contain(setup.provider.issuer)
      .and.contain("with a secret")
      .and.contain('href="/console/settings/sign-in"');
    const readable = await reader.get("/console/settings");
    expect(readable.status).to.equal(200);
    expect(readable.html).to.not.contain("/settings/sign-in").and.not.contain("/settings/organization");
  });

  it("are changed only with admin:write", async () => {
    const page = await reader.get("/console/settings");
    const csrf = page.hidden("csrf");
    for (const path of ["organization", "sign-in", "webhooks/new"])
      expect((await reader.get(`/console/settings/${path}`)).status, path).to.equal(403);
    for (const path of ["organization", "sign-in", "sign-in/remove", "webhooks"])
      expect((await reader.post(`/console/settings/${path}`, { csrf, name: "x" })).status, path).to.equal(403);
  });

  it("store the sign-in, with groups of the directory by name, and keep the secret of an empty field", async () => {
    const { body: group } = await setup.admin.post("/api/groups").send({ displayName: "Platform team" }).expect(201);
    const fields = { ...signInForm(), writeGroups: "platform TEAM" };
    expect(await submit("/console/settings/sign-in", fields)).to.include({
      status: 303,
      location: "/console/settings",
    });
    const { consoleSignIn } = await readOrganization();
    expect(consoleSignIn.roles.write.groups).to.deep.equal([group.id]);
    expect(consoleSignIn.roles.full.idTokenGroups).to.deep.equal(["cn=Admins, ou=Groups", "security"]);
    expect(consoleSignIn).to.include({ externalIdClaim: "sub", groupsClaim: "groups" });
    expect((await browser.get("/console/settings/sign-in")).html).to.contain("Platform team");
    const { body: status } = await setup.admin.get("/api/organization/console-sign-in/client-secret").expect(200);
    expect(status.hasCredential).to.equal(true);
  });

  it("keep groups and values of the ID token that contain commas, quotes and line breaks", async () => {
    const names = ["Admins, EU", '"Admins"', "Admins\nUS"];
    const groups: string[] = [];
    for (const displayName of names) {
      const { body } = await setup.admin.post("/api/groups").send({ displayName }).expect(201);
      groups.push(body.id);
    }
    const roles = { read: { idTokenGroups: names, groups }, write: { idTokenGroups: names, groups: [] } };
    await setup.configure({ roles: { ...roles, full: { idTokenGroups: names } } });
    const path = "/console/settings/sign-in";
    const page = await browser.get(path);
    const form = page.html
      .slice(0, page.html.indexOf("/settings/sign-in/remove"))
      .replace(/<form method="post"[^<]*$/, "");
    const fields = { ...readFormFields({ html: form }), clientSecret: "" };
    expect(fields).to.deep.include({ readGroups: 'Admins, EU\r\n"\\"Admins\\""\r\n"Admins\\nUS"' });
    expect((await browser.post(path, fields)).status).to.equal(303);
    expect((await readOrganization()).consoleSignIn.roles).to.deep.equal({ ...roles, full: { idTokenGroups: names } });
    await setup.configure();
  });

  it("show invalid fields of the sign-in with their errors and the entered values, and store nothing", async () => {
    const before = await readOrganization();
    for (const [fields, text] of [
      [{ issuer: `${setup.provider.issuer}/other` }, "can be read at"],
      [{ clientId: "" }, "visible ASCII"],
      [{ readGroups: "No such group" }, "No group has this name or id"],
      [{ clientSecret: "two\u00e9" }, "visible ASCII"],
      [{ fullClaims: "a\na" }, "duplicates"],
    ] as const) {
      const response = await submit("/console/settings/sign-in", { ...signInForm(), clientId: "changed", ...fields });
      expect(response.status, text).to.equal(400);
      expect(response.html)
        .to.contain(text)
        .and.contain("The settings were not saved")
        .and.contain(setup.provider.issuer);
    }
    expect(await readOrganization()).to.deep.equal(before);
  });

  it("reject the change of a version that was changed since the form was opened", async () => {
    const page = await browser.get("/console/settings/sign-in");
    await setup.admin.patch("/api/organization").send({ name: "Changed meanwhile" }).expect(200);
    const fields = { csrf: page.hidden("csrf"), version: page.hidden("version"), ...signInForm(), clientId: "late" };
    expect((await browser.post("/console/settings/sign-in", fields)).status).to.equal(412);
    expect((await readOrganization()).consoleSignIn.clientId).to.equal(setup.provider.clientId);
  });

  it("let a session of admin:write grant no full access", async () => {
    const response = await submit(
      "/console/settings/sign-in",
      { ...signInForm(), clientId: "of-the-attacker" },
      writer,
    );
    expect(response.status).to.equal(400);
    expect(response.html).to.contain("a credential cannot grant a scope that it does not have: all");
  });

  it("escape what is stored", async () => {
    await submit("/console/settings/organization", { name: "<script>alert(1)</script>", allowedTypes: ["admin"] });
    for (const path of ["/console/settings", "/console/settings/organization"])
      expect((await browser.get(path)).html)
        .to.contain("&lt;script>")
        .and.not.contain("<script>alert");
  });

  it("store the name and the limits of tokens, and nothing else of the organization", async () => {
    const { consoleSignIn } = await readOrganization();
    const fields = { name: "Acme", maxTtlDays: "90", defaultTtlDays: "", allowedTypes: ["admin", "scim"] };
    expect((await submit("/console/settings/organization", fields)).status).to.equal(303);
    expect(await readOrganization()).to.deep.include({
      ...{ name: "Acme", tokenPolicy: { maxTtlDays: 90, allowedTypes: ["admin", "scim"] }, consoleSignIn },
    });
    for (const wrong of [{ name: " " }, { maxTtlDays: "x" }, { maxTtlDays: "0" }, { allowedTypes: [] }]) {
      const response = await submit("/console/settings/organization", { ...fields, ...wrong });
      expect(response.status, JSON.stringify(wrong)).to.equal(400);
    }
    const all = { name: "Acme", allowedTypes: ["admin", "scim", "mcp", "agent"] };
    await submit("/console/settings/organization", all);
    expect(await readOrganization()).to.not.have.property("tokenPolicy");
  });

  it("remove the sign-in with its secret", async () => {
    const page = await browser.get("/console/settings/sign-in");
    const fields = { csrf: page.hidden("csrf"), version: page.hidden("version") };
    expect((await browser.post("/console/settings/sign-in/remove", fields)).status).to.equal(303);
    expect(await readOrganization()).to.not.have.property("consoleSignIn");
    expect((await browser.get("/console/settings")).html).to.contain("administrators sign in with tokens");
  });
});

describeOnEngines("Webhooks in /console", (open) => {
  let setup: SignInSetup;
  let browser: TestBrowser;
  let receiver: WebhookReceiver;
  before(async () => {
    receiver = await startWebhookReceiver();
    setup = await setUpSignIn(open);
    browser = new TestBrowser(setup.service);
    await browser.signIn((await setup.service.issueToken({ scopes: ["all"] })).secret);
  });
  after(async () => {
    await setup.dispose();
    await receiver.close();
  });

  const list = "/console/settings/webhooks";
  const readSecret = (html: string): string => trackSecret(/<code id="secret">(whsec_[^<]+)</.exec(html)?.[1] ?? "");

  it("are created with a secret that is shown once, tested, changed, rotated and deleted", async () => {
    expect((await browser.get(list)).html).to.contain("No webhooks.");
    const fields = { slug: "siem", url: receiver.url, actions: "user.*\ntoken.create", enabled: "true" };
    const page = await browser.get(`${list}/new`);
    const form = { csrf: page.hidden("csrf"), nonce: page.hidden("nonce"), ...fields };
    const created = await browser.post(list, form);
    expect(created.status).to.equal(201);
    const secret = readSecret(created.html);
    expect((await browser.post(list, form)).status, "a reload").to.equal(409);
    const { body } = await setup.admin.get("/api/webhooks").expect(200);
    expect(body.data).to.have.length(1);
    const [{ id }] = body.data;
    expect((await browser.get(list)).html)
      .to.contain("siem")
      .and.not.contain(secret);

    expect((await browser.submit(`${list}/${id}`, `${list}/${id}/test`)).html).to.contain("accepted the test event");
    const edit = await browser.get(`${list}/${id}/edit`);
    const changed = { csrf: edit.hidden("csrf"), version: edit.hidden("version"), url: receiver.url, actions: "*" };
    expect((await browser.post(`${list}/${id}`, changed)).location).to.equal(`${list}/${id}`);
    expect((await setup.admin.get("/api/webhooks/siem").expect(200)).body).to.deep.include({
      ...{ slug: "siem", actions: ["*"], enabled: false },
    });
    expect((await browser.post(`${list}/${id}`, changed)).status, "an old version").to.equal(412);

    const rotated = await browser.submit(`${list}/${id}/rotate`, `${list}/${id}/rotate`, { grace: "3600" });
    expect(readSecret(rotated.html)).to.not.equal(secret);
    expect((await browser.submit(`${list}/${id}/delete`, `${list}/${id}/delete`)).location).to.equal(list);
    await setup.admin.get("/api/webhooks/siem").expect(404);
    expect((await browser.get(`${list}/${id}`)).status).to.equal(404);
  });

  it("show invalid fields with their errors and the entered values, and create nothing", async () => {
    const fields = { slug: "siem", url: receiver.url, actions: "*" };
    for (const [wrong, text] of [
      [{ slug: "Not a slug" }, "lowercase letters"],
      [{ url: "https://10.0.0.1/hook" }, "is not allowed"],
      [{ url: "javascript:alert(1)" }, "http or https URL"],
      [{ actions: "users.*" }, "must be an action"],
      [{ actions: "" }, "at least one"],
    ] as const) {
      const response = await browser.submit(`${list}/new`, list, { ...fields, description: "kept", ...wrong });
      expect(response.status, text).to.equal(400);
      expect(response.html).to.contain(text).and.contain(">kept</textarea>").and.contain("The webhook was not saved");
    }
    expect((await setup.admin.get("/api/webhooks").expect(200)).body.data).to.have.length(0);
  });

  it("of another organization do not exist", async () => {
    const organizationId = await setup.service.createOrganization("other");
    const other = await setup.service.clientWithScopes(["all"], organizationId);
    const { body } = await other.post("/api/webhooks").send({ slug: "theirs", url: receiver.url }).expect(201);
    trackSecret(body.secret);
    for (const path of ["", "/edit", "/rotate", "/delete"])
      expect((await browser.get(`${list}/${body.id}${path}`)).status, path).to.equal(404);
    const page = await browser.get("/console/settings");
    for (const path of ["", "/test", "/rotate", "/delete"])
      expect((await browser.post(`${list}/${body.id}${path}`, { csrf: page.hidden("csrf") })).status).to.equal(404);
    await other.get("/api/webhooks/theirs").expect(200);
  });
});
