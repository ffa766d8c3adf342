import { expect } from "chai";
import { describeOnEngines } from "../../store/engines.fixture.ts";
import { type Agent, type Service, startService, userUrn } from "../../support/service.ts";
import { TestBrowser } from "./browser.fixture.ts";

describeOnEngines("Extension schemas in /console", (open) => {
  let service: Service;
  let browser: TestBrowser;
  let admin: Agent;
  before(async () => {
    service = await startService({ open });
    admin = await service.clientWithScopes(["all"]);
    browser = new TestBrowser(service);
    await browser.signIn((await service.issueToken({ scopes: ["admin:write"] })).secret);
  });
  after(() => service.dispose());

  const list = "/console/provisioning/extensions";
  const urn = "urn:example:scim:2.0:Badge";
  const badge = JSON.stringify([{ name: "number", type: "string", indexed: true, description: "<script>" }]);
  const fields = { urn, resourceType: "User", name: "Badge", description: "", attributes: badge };
  const create = (more: Readonly<Record<string, string>> = {}) =>
    browser.submit(`${list}/new`, list, { ...fields, ...more });
  const read = async () => (await admin.get(`/api/scim-extensions/${urn}`)).body;

  it("are created with what SCIM clients can use at once, and shown without markup of their texts", async () => {
    const { status, location = "" } = await create();
    expect(status).to.equal(303);
    const { html } = await browser.get(location);
    expect(html).to.contain(urn).and.contain("indexed").and.contain("&lt;script>").and.not.contain("<script>");
    expect((await browser.get(list)).html).to.contain(urn);
    const scim = await service.clientWithScopes(["admin:scim"]);
    const user = { schemas: [userUrn, urn], userName: "ada", [urn]: { number: "7" } };
    await scim.post("/scim/v2/Users").send(user).expect(201);
    const { body } = await scim.get("/scim/v2/Users").query({ filter: `${urn}:number eq "7"` });
    expect(body.totalResults).to.equal(1);
  });

  it("show errors at the fields, keep what was entered, and store nothing", async () => {
    for (const [more, text, field] of [
      [{ urn: "badge" }, "The URN must be a URN", "urn"],
      [{ urn: userUrn }, "reserved by RFC 7643", "urn"],
      [{ urn: "urn:example:New", attributes: "[{" }, "attributes must be JSON", "attributes"],
      [{ urn: "urn:example:New", attributes: "[]" }, "attributes must have 1 or more elements", "attributes"],
      [{ urn: "urn:example:New", attributes: '[{"name":"__proto__"}]' }, "attributes.0.name", "attributes"],
      [{ urn: "urn:example:New", attributes: '[{"name":"userName"}]' }, "core attribute userName", "attributes"],
      [{ urn: "urn:example:New", attributes: '[{"name":"x","__proto__":{}}]' }, "reserved key", "attributes"],
      [{ urn: "urn:example:New", resourceType: "Device" }, "resourceType must be one of", "resourceType"],
    ] as const) {
      const rejected = await create(more);
      expect(rejected.status, text).to.equal(400);
      expect(rejected.html, text).to.contain(text).and.contain(`href="#${field}"`);
      expect(rejected.html, text).to.contain('value="Badge"');
    }
    expect((await create()).status, "the URN exists").to.equal(412);
    const { body } = await admin.get("/api/scim-extensions").expect(200);
    expect(body.data).to.have.length(1);
  });

  it("are changed unless somebody else has changed them, or stored values do not fit", async () => {
    const { id } = await read();
    const form = await browser.get(`${list}/${id}/edit`);
    const hidden = { csrf: form.hidden("csrf"), version: form.hidden("version") };
    const post = (attributes: string, more: object = {}) =>
      browser.post(`${list}/${id}/edit`, { ...hidden, ...fields, attributes, ...more });
    const unfit = await post('[{"name":"number","type":"integer"}]');
    expect(unfit.status).to.equal(409);
    expect(unfit.html).to.contain("Held by: ada.");
    const color = '[{"name":"number","indexed":true},{"name":"color"}]';
    expect((await post(color, { urn: "urn:example:Other", resourceType: "Group" })).status).to.equal(303);
    expect((await read()).attributes.map((each: { name: string }) => each.name)).to.deep.equal(["number", "color"]);
    const outdated = await post('[{"name":"number","indexed":true}]');
    expect(outdated.status).to.equal(412);
    expect(outdated.html).to.contain("Another administrator has changed the schema");
    expect((await read()).attributes).to.have.length(2);
  });

  it("are rejected with attributes that no body of the API can have", async () => {
    for (const attributes of ['[{"name":"a\\u0000"}]', "[".repeat(20_000)]) {
      const { status, html } = await create({ urn: "urn:example:Hostile", attributes });
      expect(status, attributes.slice(0, 40)).to.equal(400);
      expect(html).to.contain('id="attributes-error"');
    }
  });

  it("are deleted after a confirmation, and with stored values only if this was chosen", async () => {
    const { id } = await read();
    const url = `${list}/${id}/delete`;
    const remove = async (more: Readonly<Record<string, string>> = {}) => {
      const form = await browser.get(url);
      return browser.post(url, { csrf: form.hidden("csrf"), version: form.hidden("version"), ...more });
    };
    expect((await remove({ version: "1" })).status, "of an older version").to.equal(412);
    const blocked = await remove();
    expect(blocked.status).to.equal(409);
    expect(blocked.html).to.contain("values are stored: ada.");
    expect((await remove({ force: "true" })).location).to.equal(list);
    expect((await browser.get(`${list}/${id}`)).status).to.equal(404);
    expect((await browser.get(list)).html).to.contain("No extension schema is declared.");
  });

  it("need admin:write to change, and belong to the session's organization", async () => {
    const { location = "" } = await create();
    const reader = new TestBrowser(service);
    await reader.signIn((await service.issueToken({ scopes: ["admin:read"] })).secret);
    const page = await reader.get(location);
    expect(page.html).to.not.contain("Edit").and.not.contain("Delete");
    const csrf = page.hidden("csrf");
    for (const path of [list, `${location}/edit`, `${location}/delete`])
      expect((await reader.post(path, { csrf, version: "1", ...fields })).status, path).to.equal(403);
    for (const path of [`${list}/new`, `${location}/edit`, `${location}/delete`])
      expect((await reader.get(path)).status, path).to.equal(403);
    const stranger = new TestBrowser(service);
    const other = await service.createOrganization("other");
    await stranger.signIn((await service.issueToken({ scopes: ["all"] }, other)).secret);
    const strange = await stranger.get(`${list}/new`);
    expect((await stranger.get(location)).status).to.equal(404);
    const post = { csrf: strange.hidden("csrf"), version: "1", ...fields, force: "true" };
    for (const path of [`${location}/edit`, `${location}/delete`])
      expect((await stranger.post(path, post)).status, path).to.equal(404);
    expect((await read()).urn).to.equal(urn);
  });
});
