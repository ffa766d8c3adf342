import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { parse } from "yaml";
import { html, marked } from "../../src/http/html.ts";
import { root } from "../support/root.ts";
import { type Agent, type Service, startService } from "../support/service.ts";

/** Names of elements that have no end. */
const empty = ["meta", "link"];

/** The elements and their attributes in a page. @throws Error when one is not closed in its place */
function elementsOf(page: string): readonly { readonly name: string; readonly attributes: Record<string, string> }[] {
  const open: string[] = [];
  const found: { name: string; attributes: Record<string, string> }[] = [];
  for (const [whole, slash, name = "", rest = ""] of page.matchAll(/<(\/?)([a-z][a-z0-9]*)((?:\s[^<>]*)?)>/g)) {
    if (slash) {
      if (open.pop() !== name) throw new Error(`${whole} closes nothing, at ${JSON.stringify(open)}`);
      continue;
    }
    const attributes = [...rest.matchAll(/([a-z-]+)="([^"]*)"/g)].map(([, key, value]) => [key, value]);
    found.push({ name, attributes: Object.fromEntries(attributes) });
    if (!empty.includes(name)) open.push(name);
  }
  if (open.length > 0) throw new Error(`never closed: ${open}`);
  return found;
}

describe("The description of the API", () => {
  let service: Service;
  let anybody: Agent;
  before(async () => {
    service = await startService();
    anybody = service.with();
  });
  after(() => service.dispose());

  it("GET /openapi.yaml is the committed document, for everybody", async () => {
    const { headers, body, text } = await anybody.get("/openapi.yaml").buffer(true).expect(200);
    expect(headers["content-type"]).to.equal("application/yaml");
    expect(headers["cache-control"]).to.equal("no-store");
    const sent = Buffer.isBuffer(body) ? body.toString() : text;
    expect(sent === (await readFile(join(root, "openapi.yaml"), "utf8"))).to.equal(true);
  });

  it("GET /openapi.json is the same document", async () => {
    const { body } = await anybody.get("/openapi.json").expect(200).expect("Content-Type", "application/json");
    expect(body).to.deep.equal(parse(await readFile(join(root, "openapi.yaml"), "utf8")));
  });

  it("takes GET and HEAD only", async () => {
    for (const path of ["/openapi.yaml", "/openapi.json", "/reference", "/reference.css"]) {
      await anybody.head(path).expect(200);
      expect((await anybody.post(path).expect(405)).headers["allow"]).to.equal("GET, HEAD");
    }
    await anybody.get("/reference/").expect(404);
  });

  describe("GET /reference", () => {
    let page: string;
    let elements: ReturnType<typeof elementsOf>;
    before(async () => {
      const answer = await anybody.get("/reference").expect(200).expect("Content-Type", "text/html; charset=utf-8");
      page = answer.text;
      elements = elementsOf(page);
      expect(answer.headers["content-security-policy"]).to.match(/^default-src 'none'; style-src 'self';/);
    });

    it("is a page in which nothing runs, and whose one stylesheet is there", async () => {
      expect(page.startsWith("<!doctype html>\n")).to.equal(true);
      expect(elements.map(({ name }) => name)).to.include.members(["html", "title", "nav", "main", "h1", "table"]);
      for (const { name, attributes } of elements) {
        expect(name).to.not.be.oneOf(["script", "style", "iframe", "form", "img"]);
        expect(Object.keys(attributes).filter((each) => each === "style" || each.startsWith("on"))).to.deep.equal([]);
      }
      const links = elements.filter(({ name }) => name === "link").map(({ attributes }) => attributes["href"]);
      expect(links).to.deep.equal(["reference.css"]);
      await anybody.get("/reference.css").expect(200).expect("Content-Type", "text/css; charset=utf-8");
    });

    it("has every operation and every schema in a place of its own", async () => {
      const { body } = await anybody.get("/openapi.json").expect(200);
      const ids = elements.flatMap(({ attributes }) => attributes["id"] ?? []);
      expect(new Set(ids).size).to.equal(ids.length);
      const items: { operationId: string }[] = Object.values(body.paths).flatMap((item) =>
        Object.values(item as Record<string, { operationId: string }>),
      );
      expect(ids).to.include.members(items.map(({ operationId }) => operationId));
      expect(ids).to.include.members(Object.keys(body.components.schemas).map((name) => `schema-${name}`));
    });

    it("shows code as code, and no marks of it", () => {
      expect(page).to.contain("<code>If-Match</code>");
      expect(page.replaceAll(/<pre>.*?<\/pre>/gs, "")).to.not.contain("`");
    });

    it("has no link that leads nowhere", async () => {
      const places = new Set(elements.flatMap(({ attributes }) => attributes["id"] ?? []).map((id) => `#${id}`));
      const links = elements.flatMap(({ name, attributes }) => (name === "a" ? (attributes["href"] ?? []) : []));
      expect(links.length).to.be.greaterThan(100);
      for (const link of links) {
        if (link.startsWith("#")) expect(places.has(link), link).to.equal(true);
        else await anybody.get(`/${link}`).expect(200);
      }
    });
  });
});

describe("html", () => {
  it("marks code and strong words in a text that is escaped all the same", () => {
    expect(marked("a `<b>` **c** <d>").text).to.equal("a <code>&lt;b&gt;</code> <strong>c</strong> &lt;d&gt;");
  });

  it("escapes whatever is put into it, and what is HTML already only once", () => {
    const bad = `"><script>alert('1')</script>&`;
    const escaped = "&quot;&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;";
    expect(html`<a title="${bad}">${[bad, html`<b>${bad}</b>`]}</a>`.text).to.equal(
      `<a title="${escaped}">${escaped}<b>${escaped}</b></a>`,
    );
  });

  it("keeps the backslashes of what is put in, and shows nothing for nothing", () => {
    expect(html`${"\\d"}${undefined}${false}${0}`.text).to.equal("\\d0");
  });
});
