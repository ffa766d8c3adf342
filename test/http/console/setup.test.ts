import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { toClientGuides } from "../../../src/http/console/setup/clients.ts";
import { toIdentityProviderGuides } from "../../../src/http/console/setup/identity-providers.ts";
import { describeOnEngines } from "../../store/engines.fixture.ts";
import { root } from "../../support/root.ts";
import { type Service, startService } from "../../support/service.ts";
import { TestBrowser } from "./browser.fixture.ts";

/** The pages of the documentation, by the guide of the console with the same steps. */
const documents = {
  okta: "okta.md",
  entra: "entra-id.md",
  onelogin: "onelogin.md",
  jumpcloud: "jumpcloud.md",
  keycloak: "keycloak.md",
} as const;

/** Returns the steps and tables of the first numbered list of a page, in the form of a guide. */
function parseSteps(markdown: string): { text: string; fields?: [string, string][] }[] {
  const section = /\n## Set up.*?\n([\s\S]*?)\n##/.exec(markdown)?.[1] ?? "";
  const steps: { text: string; fields?: [string, string][] }[] = [];
  for (const line of section.split("\n")) {
    const [, start] = /^\d+\. (.*)$/.exec(line) ?? [];
    const last = steps.at(-1);
    const [, name = "", value = ""] = /^ {3}\| (.*?) \| (.*?) \|$/.exec(line) ?? [];
    if (start !== undefined) steps.push({ text: start });
    else if (last && name !== "" && name !== "field" && name !== "meaning")
      last.fields = [...(last.fields ?? []), [name, value]];
    else if (last && /^ {3}[^ |]/.test(line)) last.text += ` ${line.trim()}`;
    else if (/^\S/.test(line)) break; // the paragraph after the list
  }
  return steps;
}

describe("The set-up pages of identity providers", () => {
  const guides = toIdentityProviderGuides("https://gatehouse.example.com");
  for (const { slug, steps, alternative, examples } of guides)
    it(`has the same steps and values of ${slug} as the documentation`, async () => {
      const markdown = await readFile(join(root, "docs/setup", documents[slug as keyof typeof documents]), "utf8");
      expect(steps).to.deep.equal(parseSteps(markdown));
      for (const [name, value] of alternative?.fields ?? []) expect(markdown).to.contain(`| ${name} | ${value} |`);
      for (const { text } of examples ?? []) expect(markdown).to.contain(text);
    });

  it("exist for each documented product that has steps of its own", () => {
    expect(guides.map(({ slug }) => slug)).to.have.members(Object.keys(documents));
  });
});

describe("The set-up page of MCP clients", () => {
  it("has the same settings as the documentation", async () => {
    const markdown = (await readFile(join(root, "docs/mcp.md"), "utf8")).replace(/\s+/g, "");
    const [guide] = toClientGuides("https://gatehouse.example").filter(({ slug }) => slug === "mcp-clients");
    const examples = guide?.examples ?? [];
    expect(examples).to.have.length(5);
    for (const { title, text } of examples.filter((each) => !each.title.includes("Inspector")))
      expect(markdown, title).to.contain(text.replace(/\s+/g, ""));
  });
});

describeOnEngines("The set-up pages in /console", (open) => {
  let service: Service;
  let browser: TestBrowser;
  before(async () => {
    service = await startService({ open, environment: { PUBLIC_URL: "https://id.example/gate/" } });
    browser = new TestBrowser(service);
    await browser.signIn((await service.issueToken({ scopes: ["all"] })).secret);
  });
  after(() => service.dispose());

  const slugs = ["okta", "entra", "onelogin", "jumpcloud", "keycloak", "terraform", "curl", "mcp-clients"];

  it("show the URLs of this installation, and no other", async () => {
    const list = (await browser.get("/console/setup")).html;
    for (const slug of slugs) {
      expect(list).to.contain(`/gate/console/setup/${slug}"`);
      const { status, html } = await browser.get(`/console/setup/${slug}`);
      expect(status, slug).to.equal(200);
      expect(html, slug).to.contain("https://id.example/gate").and.not.contain("gatehouse.example");
      expect(html, slug).to.not.match(/https:\/\/id\.example\/gate\/\//);
    }
    for (const slug of ["nothing", "__proto__", "..%2fokta"])
      expect((await browser.get(`/console/setup/${slug}`)).status, slug).to.equal(404);
  });

  it("lead to a form of a new token with the right name, type and scopes, which creates nothing by itself", async () => {
    for (const [slug, type, scopes] of [
      ["okta", "scim", ["admin-scim"]],
      ["terraform", "admin", ["admin-write"]],
      ["mcp-clients", "agent", ["connect-read", "connect-call"]],
    ] as const) {
      const { html } = await browser.get(`/console/setup/${slug}`);
      const link = /href="\/gate(\/console\/tokens\/new\?[^"]*)"/.exec(html)?.[1]?.replaceAll("&amp;", "&") ?? "";
      const form = (await browser.get(link)).html;
      const checked = [...form.matchAll(/<input[^>]*id="([^"]*)"[^>]*checked/g)].map(([, id]) => id);
      expect(checked, slug).to.have.members([`type-${type}`, ...scopes.map((each) => `scope-${each}`), "expiry-90"]);
    }
    const form = await browser.get("/console/tokens/new?name=%22%3E%3Cscript%3E&type=scim");
    expect(form.html).to.not.contain("<script>");
    for (const query of ["type=root", "scopes=everything", "scopes=all,", `name=${"x".repeat(201)}`, "user=ada"])
      expect((await browser.get(`/console/tokens/new?${query}`)).status, query).to.equal(400);
  });

  it("end with the page that waits for the first request of a token of the right type, the newest first", async () => {
    const names = ["idp-1", "idp-2"];
    const ids: string[] = [];
    for (const name of names) ids.push((await service.issueToken({ name, type: "scim", scopes: ["admin:scim"] })).id);
    const script = await service.issueToken({ name: "script", type: "admin", scopes: ["admin:read"] });
    const { html } = await browser.get("/console/setup/okta");
    const offered = [...html.matchAll(/<option value="(tok_\w+)"/g)].map(([, id]) => id);
    expect(offered).to.deep.equal(ids.toReversed());
    expect((await browser.get("/console/setup/curl")).html).to.contain(script.id);
    expect((await browser.get(`/console/provisioning/live?token=${ids[1]}`)).html).to.contain("Waiting for a request");
  });

  it("offer a session without admin:tokens no token form, and only tokens of identity providers", async () => {
    const reader = new TestBrowser(service);
    await reader.signIn((await service.issueToken({ scopes: ["admin:read"] })).secret);
    const okta = (await reader.get("/console/setup/okta")).html;
    expect(okta).to.contain("This session cannot create tokens").and.contain("idp-2").and.not.contain("tokens/new");
    expect((await reader.get("/console/setup/curl")).html).to.not.contain("<option");
    const tokensOnly = new TestBrowser(service);
    await tokensOnly.signIn((await service.issueToken({ scopes: ["admin:tokens"] })).secret);
    expect((await tokensOnly.get("/console/setup/okta")).html)
      .to.contain("tokens/new")
      .and.not.contain("<option");
  });
});
