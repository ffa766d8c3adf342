import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { parse } from "yaml";
import { documentViews } from "../../../src/http/openapi/documented-operation.ts";
import { html, renderInlineMarkup } from "../../../src/http/openapi/html.ts";
import { documentPaths } from "../../../src/http/openapi/reference-page.ts";
import { root } from "../../support/root.ts";
import { type Agent, type Service, startService } from "../../support/service.ts";

/** Void elements, which have no end tag. */
const empty = ["meta", "link"];

/** The elements of a page with their attributes. @throws Error if an element is not closed in its place */
function elementsOf(page: string): readonly { readonly name: string; readonly attributes: Record<string, string> }[] {
  const open: string[] = [];
  const parsed: { name: string; attributes: Record<string, string> }[] = [];
  for (const [whole, slash, name = "", rest = ""] of page.matchAll(/<(\/?)([a-z][a-z0-9]*)((?:\s[^<>]*)?)>/g)) {
    if (slash) {
      if (open.pop() !== name) throw new Error(`${whole} closes nothing, at ${JSON.stringify(open)}`);
      continue;
    }
    const attributes = [...rest.matchAll(/([a-z-]+)="([^"]*)"/g)].map(([, key, value]) => [key, value]);
    parsed.push({ name, attributes: Object.fromEntries(attributes) });
    if (!empty.includes(name)) open.push(name);
  }
  if (open.length > 0) throw new Error(`never closed: ${open}`);
  return parsed;
}

describe("The OpenAPI documents over HTTP", () => {
  let service: Service;
  let anonymous: Agent;
  before(async () => {
    service = await startService();
    anonymous = service.clientWithSecret();
  });
  after(() => service.dispose());

  it("accept only GET and HEAD", async () => {
    const paths = documentViews.flatMap((view) => {
      const { name, page } = documentPaths[view];
      return [`/${name}.yaml`, `/${name}.json`, `/${page}`];
    });
    for (const path of [...paths, "/reference.css"]) {
      await anonymous.head(path).expect(200);
      expect((await anonymous.post(path).expect(405)).headers["allow"]).to.equal("GET, HEAD");
    }
    await anonymous.get("/reference/").expect(404);
  });

  for (const view of documentViews) {
    const { name, page: pageName } = documentPaths[view];

    it(`GET /${name}.yaml returns the committed document without a credential, with the URL of the service`, async () => {
      const { headers, body, text } = await anonymous.get(`/${name}.yaml`).buffer(true).expect(200);
      expect(headers["content-type"]).to.equal("application/yaml");
      expect(headers["cache-control"]).to.equal("no-store");
      const sent = Buffer.isBuffer(body) ? body.toString() : text;
      expect(sent).to.contain("  - url: http");
      const withRelativeUrl = sent.replace(/^ {2}- url: http.*$/m, "  - url: /");
      expect(withRelativeUrl === (await readFile(join(root, `${name}.yaml`), "utf8"))).to.equal(true);
    });

    it(`GET /${name}.json returns the same document`, async () => {
      const { body } = await anonymous.get(`/${name}.json`).expect(200).expect("Content-Type", "application/json");
      const committed = parse(await readFile(join(root, `${name}.yaml`), "utf8"));
      expect({ ...body, servers: committed.servers }).to.deep.equal(committed);
      expect(body.servers).to.have.length(1);
    });

    describe(`GET /${pageName}`, () => {
      let page: string;
      let elements: ReturnType<typeof elementsOf>;
      before(async () => {
        const response = await anonymous.get(`/${pageName}`).expect(200);
        expect(response.headers["content-type"]).to.equal("text/html; charset=utf-8");
        page = response.text;
        elements = elementsOf(page);
        expect(response.headers["content-security-policy"]).to.match(/^default-src 'none'; style-src 'self';/);
      });

      it("is a page without scripts, and its stylesheet exists", async () => {
        expect(page.startsWith("<!doctype html>\n")).to.equal(true);
        expect(elements.map(({ name }) => name)).to.include.members(["html", "title", "nav", "main", "h1", "table"]);
        for (const { name, attributes } of elements) {
          expect(name).to.not.be.oneOf(["script", "style", "iframe", "form", "img"]);
          expect(Object.keys(attributes).filter((each) => each === "style" || each.startsWith("on"))).to.deep.equal([]);
        }
        const links = elements.filter(({ name }) => name === "link").map(({ attributes }) => attributes["href"]);
        expect(links).to.deep.equal(["reference.css"]);
        await anonymous.get("/reference.css").expect(200).expect("Content-Type", "text/css; charset=utf-8");
      });

      it("has every operation and schema with an id of its own", async () => {
        const { body } = await anonymous.get(`/${name}.json`).expect(200);
        const ids = elements.flatMap(({ attributes }) => attributes["id"] ?? []);
        expect(new Set(ids).size).to.equal(ids.length);
        const items: { operationId: string }[] = Object.values(body.paths).flatMap((item) =>
          Object.values(item as Record<string, { operationId: string }>),
        );
        expect(ids).to.include.members(items.map(({ operationId }) => operationId));
        expect(ids).to.include.members(Object.keys(body.components.schemas).map((schema) => `schema-${schema}`));
      });

      it("renders code as code elements", () => {
        expect(page).to.contain("<code>If-Match</code>");
        expect(page.replaceAll(/<pre>.*?<\/pre>/gs, "")).to.not.contain("`");
      });

      it("has no broken link, and links the other document's page", async () => {
        const places = new Set(elements.flatMap(({ attributes }) => attributes["id"] ?? []).map((id) => `#${id}`));
        const links = elements.flatMap(({ name, attributes }) => (name === "a" ? (attributes["href"] ?? []) : []));
        expect(links.length).to.be.greaterThan(100);
        expect(links).to.include(documentPaths[view === "user" ? "organization" : "user"].page);
        for (const link of links) {
          if (link.startsWith("#")) expect(places.has(link), link).to.equal(true);
          else await anonymous.get(`/${link}`).expect(200);
        }
      });
    });
  }
});

describe("html", () => {
  it("renders inline code and strong text, and escapes the rest", () => {
    expect(renderInlineMarkup("a `<b>` **c** <d>").text).to.equal(
      "a <code>&lt;b&gt;</code> <strong>c</strong> &lt;d&gt;",
    );
  });

  it("escapes values, and inserts HTML unescaped", () => {
    const bad = `"><script>alert('1')</script>&`;
    const escaped = "&quot;&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;";
    expect(html`<a title="${bad}">${[bad, html`<b>${bad}</b>`]}</a>`.text).to.equal(
      `<a title="${escaped}">${escaped}<b>${escaped}</b></a>`,
    );
  });

  it("keeps backslashes of values, and renders nothing for undefined and false", () => {
    expect(html`${"\\d"}${undefined}${false}${0}`.text).to.equal("\\d0");
  });
});
