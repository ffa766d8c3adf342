import { expect } from "chai";
import { describeOnEngines } from "../../store/engines.fixture.ts";
import { type Agent, type Service, startService } from "../../support/service.ts";
import { readShownSecret, TestBrowser } from "./browser.fixture.ts";
import { readFormFields } from "./form-fields.fixture.ts";

describeOnEngines("The page and the forms of one token in /console", (open) => {
  let service: Service;
  let browser: TestBrowser;
  let admin: Agent;
  before(async () => {
    service = await startService({ open });
    browser = new TestBrowser(service);
    const { secret } = await service.issueToken({ name: "Security team", scopes: ["all"] });
    await browser.signIn(secret);
    admin = service.clientWithSecret(secret);
  });
  after(() => service.dispose());

  it("set labels of a new token, which its page shows, and by which the list finds it", async () => {
    const created = await browser.submit("/console/tokens/new", "/console/tokens", {
      ...{ name: "labeled", type: "scim", scopes: "admin:scim", expiry: "30" },
      labels: 'team: payments\r\ncritical\r\nnote: " two\\nlines "',
    });
    expect(created.status, created.html).to.equal(201);
    readShownSecret(created);
    const { body } = await admin.get("/api/tokens?name=labeled").expect(200);
    const [token] = body.data;
    expect(token.labels).to.deep.equal({ team: "payments", critical: "", note: " two\nlines " });
    expect((await browser.get(`/console/tokens/${token.id}`)).html).to.contain("<code>team: payments</code>");
    for (const [label, isFound] of [
      ["team:payments", true],
      ["critical", true],
      ["team:billing", false],
    ] as const) {
      const { html } = await browser.get(`/console/tokens?label=${encodeURIComponent(label)}`);
      expect(html.includes(token.id), label).to.equal(isFound);
    }
  });

  it("replace the labels by those that were entered, and keep unchanged ones exactly", async () => {
    const labels = { team: "payments", note: " two\nlines ", empty: "" };
    const { body } = await admin
      .post("/api/tokens")
      .send({ name: "edited", type: "scim", scopes: ["admin:scim"], labels })
      .expect(201);
    const url = `/console/tokens/${body.id}`;
    const submit = async (fields: Readonly<Record<string, string>>) =>
      browser.post(`${url}/edit`, { ...readFormFields(await browser.get(`${url}/edit`)), ...fields });
    const read = async () => (await admin.get(`/api/tokens/${body.id}`).expect(200)).body;

    expect((await submit({ name: "renamed" })).status).to.equal(303);
    expect(await read()).to.deep.include({ name: "renamed", labels });

    const invalid = await submit({ labels: "Team: payments" });
    expect(invalid.status).to.equal(400);
    expect(invalid.html).to.match(/id="labels-error">[^<]*label key/);
    expect(invalid.html).to.contain(">Team: payments</textarea>");
    expect((await submit({ labels: "__proto__: x" })).status).to.equal(400);
    const repeated = await submit({ labels: "team: payments\nteam: billing" });
    expect([repeated.status, repeated.html]).to.satisfy(
      ([status, html]: [number, string]) =>
        status === 400 && /id="labels-error">[^<]*team has more than one line/.test(html),
    );
    for (const value of ["\0", '"\\u0000"', '"\\ud800"'])
      expect((await submit({ labels: `note: ${value}` })).status, value).to.equal(400);
    expect((await submit({ description: "\0" })).status, "another field").to.equal(400);
    expect((await read()).labels).to.deep.equal(labels);

    expect((await submit({ labels: "team: billing" })).status).to.equal(303);
    expect((await read()).labels).to.deep.equal({ team: "billing" });
    expect((await submit({ labels: "" })).status).to.equal(303);
    expect((await read()).labels).to.deep.equal({});
    expect((await browser.get(url)).html).to.not.contain("<dt>Labels</dt>");
  });

  it("link to the requests of a token that can use SCIM, for sessions that can open them", async () => {
    const { id } = await service.issueToken({ name: "Okta", type: "scim", scopes: ["admin:scim"] });
    const { id: agent } = await service.issueToken({ name: "agent", type: "agent", scopes: ["connect:read"] });
    const link = (token: string): string => `href="/console/provisioning/live?token=${token}"`;
    expect((await browser.get(`/console/tokens/${id}`)).html).to.contain(link(id));
    expect((await browser.get(`/console/tokens/${agent}`)).html).to.not.contain(link(agent));
    const tokensOnly = new TestBrowser(service);
    await tokensOnly.signIn((await service.issueToken({ name: "tokens only", scopes: ["admin:tokens"] })).secret);
    const page = await tokensOnly.get(`/console/tokens/${id}`);
    expect(page.status).to.equal(200);
    expect(page.html).to.not.contain(link(id));
  });
});
