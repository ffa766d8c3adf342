import { expect } from "chai";
import { type Agent, type Service, startService } from "../../support/service.ts";
import { TestBrowser } from "./browser.fixture.ts";
import { readFormFields } from "./form-fields.fixture.ts";
import { signInEnvironment } from "./sign-in/sign-in.fixture.ts";

const extensionPath = "/api/scim-extensions/urn:example:scim:2.0:Badge";
const extensionBody = { resourceType: "User", attributes: [{ name: "number" }] };

/** Returns the fields of the form with this action, as a browser sends them. */
function readFieldsOf(html: string, action: string): Record<string, string> {
  const form = html.split('<form method="post"').find((each) => each.startsWith(` action="${action}"`)) ?? "";
  expect(form, action).to.contain('name="version"');
  return readFormFields({ html: `<form method="post"${form}` });
}

describe("Forms of /console with a version", () => {
  let service: Service;
  let admin: Agent;
  let browser: TestBrowser;
  /** The paths of the pages of records. */
  let urls: Readonly<Record<"server" | "skill" | "token" | "webhook" | "extension", string>>;
  let tokenId: string;
  before(async () => {
    service = await startService({ environment: signInEnvironment });
    admin = await service.clientWithScopes(["all"]);
    browser = new TestBrowser(service);
    await browser.signIn((await service.issueToken({ name: "Administrator", scopes: ["all"] })).secret);
    const create = async (path: string, body: object): Promise<string> =>
      (await admin.post(`/api/${path}`).send(body).expect(201)).body.id;
    const server = { slug: "s", name: "S", transport: "http", url: "https://a.example", tools: [{ name: "search" }] };
    const skill = { slug: "k", name: "K", description: "K.", content: "k", files: [{ path: "a.md", content: "a" }] };
    const webhook = { slug: "w", url: "https://siem.example", enabled: false };
    const { body: extension } = await admin.put(extensionPath).send(extensionBody).expect(201);
    ({ id: tokenId } = await service.issueToken({ name: "T", scopes: ["admin:read"] }));
    urls = {
      server: `/console/catalog/mcp-servers/${await create("mcp-servers", server)}`,
      skill: `/console/catalog/skills/${await create("skills", skill)}`,
      token: `/console/tokens/${tokenId}`,
      webhook: `/console/settings/webhooks/${await create("webhooks", webhook)}`,
      extension: `/console/provisioning/extensions/${extension.id}`,
    };
  });
  after(() => service.dispose());

  it("are rejected alike with a version that is none, whatever they change", async () => {
    const pages = [
      ...["edit", "delete", "tools?name=search", "tools/edit?name=search"].map((at) => `${urls.server}/${at}`),
      ...["edit", "delete", "files?path=a.md", "files/edit?path=a.md"].map((at) => `${urls.skill}/${at}`),
      ...[`${urls.token}/edit`, `${urls.webhook}/edit`],
      ...["edit", "delete"].map((at) => `${urls.extension}/${at}`),
      ...["settings/organization", "settings/sign-in", "provisioning/settings"].map((at) => `/console/${at}`),
    ];
    for (const page of pages) {
      const { html } = await browser.get(page);
      const forms = html.split('<form method="post"').filter((form) => form.includes('name="version"'));
      expect(forms, page).to.not.have.length(0);
      for (const form of forms) {
        const action = / action="([^"]*)"/.exec(form)?.[1] ?? "";
        const fields = readFormFields({ html: `<form method="post"${form}` });
        for (const version of ["", "x", "1e3", "-1", "9".repeat(20)]) {
          const response = await browser.post(action, { ...fields, version });
          expect(response.status, `${page} with ${version}`).to.equal(400);
          expect(response.html, page).to.contain("The form has no version");
        }
      }
    }
  });

  it("keep it when a value is rejected, so that the next save overwrites no change of another administrator", async () => {
    const rename = (path: string) => (name: string) => admin.patch(`/api/${path}`).send({ name }).expect(200);
    const [server, skill, organization] = [rename("mcp-servers/s"), rename("skills/k"), rename("organization")];
    const webhook = (description: string) => admin.patch("/api/webhooks/w").send({ description }).expect(200);
    const extension = (description: string) =>
      admin
        .put(extensionPath)
        .send({ ...extensionBody, description })
        .expect(200);
    const tool = "tools/edit?name=search";
    const signIn = { issuer: "https://idp.example", clientId: "console" };
    for (const [page, action, wrong, change, entered = {}] of [
      [`${urls.server}/edit`, urls.server, { name: "" }, server],
      [`${urls.server}/${tool}`, `${urls.server}/tools`, { inputSchema: "{" }, server],
      [`${urls.server}/${tool}`, `${urls.server}/tools`, { name: "no name" }, server],
      [`${urls.skill}/edit`, urls.skill, { name: "" }, skill],
      [`${urls.skill}/files/edit?path=a.md`, `${urls.skill}/files`, { path: "/../a" }, skill],
      [`${urls.token}/edit`, `${urls.token}/edit`, { name: "" }, rename(`tokens/${tokenId}`)],
      [`${urls.webhook}/edit`, urls.webhook, { url: "x" }, webhook],
      [`${urls.extension}/edit`, `${urls.extension}/edit`, { attributes: "[" }, extension],
      ["/console/settings/organization", "/console/settings/organization", { maxTtlDays: "x" }, organization],
      ["/console/settings/sign-in", "/console/settings/sign-in", { readGroups: "None" }, organization, signIn],
      ["/console/provisioning/settings", "/console/provisioning/settings", { unknownMembers: "x" }, organization],
    ] as const) {
      const fields: Record<string, string> = { ...readFieldsOf((await browser.get(page)).html, action), ...entered };
      await change(`Changed after ${page} with ${Object.keys(wrong)} was opened`);
      const rejected = await browser.post(action, { ...fields, ...wrong });
      // 412 says that the resource was changed.
      expect(rejected.status, page).to.be.oneOf([400, 412]);
      if (rejected.status === 412) continue;
      const shown = readFieldsOf(rejected.html, action);
      expect(shown["version"], page).to.equal(fields["version"]);
      const corrected = Object.keys(wrong).map((name) => [name, fields[name] ?? ""]);
      expect((await browser.post(action, { ...shown, ...Object.fromEntries(corrected) })).status, page).to.equal(412);
    }
  });

  it("keep descriptions of several lines when another field changes", async () => {
    const description = " One\n\n  two\r\nthree\n";
    await admin.patch(`/api/tokens/${tokenId}`).send({ description }).expect(200);
    await admin.patch("/api/webhooks/w").send({ description }).expect(200);
    await admin
      .put(extensionPath)
      .send({ ...extensionBody, description })
      .expect(200);
    for (const [page, action, path, changes] of [
      [`${urls.token}/edit`, `${urls.token}/edit`, `/api/tokens/${tokenId}`, { name: "Renamed" }],
      [`${urls.webhook}/edit`, urls.webhook, "/api/webhooks/w", { url: "https://other.example/" }],
      [`${urls.extension}/edit`, `${urls.extension}/edit`, extensionPath, { name: "Renamed" }],
    ] as const) {
      const fields = readFieldsOf((await browser.get(page)).html, action);
      expect((await browser.post(action, { ...fields, ...changes })).status, page).to.equal(303);
      expect((await admin.get(path).expect(200)).body, page).to.include({ ...changes, description });
      const later = readFieldsOf((await browser.get(page)).html, action);
      expect((await browser.post(action, { ...later, description: "One\r\ntwo" })).status, page).to.equal(303);
      expect((await admin.get(path).expect(200)).body.description, page).to.equal("One\ntwo");
    }
  });
});
