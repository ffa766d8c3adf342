import { expect } from "chai";
import { type Service, startService } from "../../support/service.ts";
import { TestBrowser } from "./browser.fixture.ts";
import { readFormFields } from "./form-fields.fixture.ts";
import { signInEnvironment } from "./sign-in/sign-in.fixture.ts";

describe("Forms of /console with a version", () => {
  let service: Service;
  const browserOf = async (): Promise<TestBrowser> => {
    const browser = new TestBrowser(service);
    await browser.signIn((await service.issueToken({ name: "Administrator", scopes: ["all"] })).secret);
    return browser;
  };
  before(async () => {
    service = await startService({ environment: signInEnvironment });
  });
  after(() => service.dispose());

  it("are rejected alike with a version that is none, whatever they change", async () => {
    const admin = await service.clientWithScopes(["all"]);
    const create = async (path: string, body: object): Promise<string> =>
      (await admin.post(`/api/${path}`).send(body).expect(201)).body.id;
    const tools = [{ name: "search" }];
    const server = await create("mcp-servers", {
      slug: "s",
      name: "S",
      transport: "http",
      url: "https://a.example",
      tools,
    });
    const files = [{ path: "a.md", content: "a" }];
    const skill = await create("skills", { slug: "k", name: "K", description: "K.", content: "k", files });
    const webhook = await create("webhooks", { slug: "w", url: "https://siem.example", enabled: false });
    const { body: extension } = await admin
      .put("/api/scim-extensions/urn:example:scim:2.0:Badge")
      .send({ resourceType: "User", attributes: [{ name: "number" }] })
      .expect(201);
    const { id: token } = await service.issueToken({ name: "T", scopes: ["admin:read"] });
    const pages = [
      ...["edit", "delete", "tools?name=search", "tools/edit?name=search"].map(
        (at) => `catalog/mcp-servers/${server}/${at}`,
      ),
      ...["edit", "delete", "files?path=a.md", "files/edit?path=a.md"].map((at) => `catalog/skills/${skill}/${at}`),
      ...[`tokens/${token}/edit`, `settings/webhooks/${webhook}/edit`, "settings/organization", "settings/sign-in"],
      ...["edit", "delete"].map((at) => `provisioning/extensions/${extension.id}/${at}`),
      "provisioning/settings",
    ];
    const browser = await browserOf();
    for (const page of pages) {
      const { html } = await browser.get(`/console/${page}`);
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
});
