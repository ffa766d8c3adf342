import { expect } from "chai";
import { parseReturnPath } from "../../../src/http/console/return-path.ts";
import { type Service, startService } from "../../support/service.ts";
import { TestBrowser } from "./browser.fixture.ts";

describe("The page to which the sign-in returns", () => {
  let service: Service;
  let secret: string;
  before(async () => {
    service = await startService();
    ({ secret } = await service.issueToken({ scopes: ["all"] }));
  });
  after(() => service.dispose());

  const page = "/users?userName=a%2Bb&active=true";

  it("is the one that was requested, with its query, also after a token that is rejected", async () => {
    const browser = new TestBrowser(service);
    const { location = "" } = await browser.get(`/console${page}`);
    expect(location).to.equal(`/console/sign-in?return=${encodeURIComponent(page)}`);
    const form = await browser.get(location);
    const entered = form.hidden("return").replaceAll("&amp;", "&");
    expect(entered).to.equal(page);
    const rejected = await browser.post("/console/sign-in", { token: "wxt_unknown", return: entered });
    expect(rejected.hidden("return").replaceAll("&amp;", "&")).to.equal(page);
    const signedIn = await browser.post("/console/sign-in", { token: secret, return: entered });
    expect(signedIn.location).to.equal(`/console?signed-in&return=${encodeURIComponent(page)}`);
    expect(await browser.get(signedIn.location ?? "")).to.include({ status: 303, location: `/console${page}` });
    expect((await browser.get(`/console${page}`)).status).to.equal(200);
    expect((await browser.get(location)).html).to.contain(`href="/console${page.replace("&", "&amp;")}">Continue with`);
  });

  it("is kept when a session has ended, and never that of a form", async () => {
    const browser = new TestBrowser(service);
    browser.cookie = `__Host-gatehouse-console=${"A".repeat(43)}`;
    expect((await browser.get("/console/groups")).location).to.equal("/console/sign-in?ended&return=%2Fgroups");
    expect((await browser.post("/console/tokens", { name: "x" })).location).to.equal("/console/sign-in");
    const unkept = await new TestBrowser(service).get("/console?signed-in&return=%2Fgroups");
    expect(unkept.location).to.equal("/console/sign-in?no-cookie");
  });

  const attacks = [
    ...["https://evil.example", "//evil.example", "/\\evil.example", "\\\\evil.example", "/\t/evil.example"],
    ...[
      "/..//evil.example",
      "/../..//evil.example",
      "/%2e%2e//evil.example",
      "/../api/tokens",
      "/%2E%2E/api",
      "/x/../../api",
    ],
    ...[
      "@evil.example",
      ".evil.example",
      "javascript:alert(1)",
      "data:text/html,x",
      "/users\r\nSet-Cookie: x=y",
      "/\0",
    ],
    ...['/users"><script>alert(1)</script>', "/users#x", "users", "", "/", "//", "/users//evil.example"],
    ...[
      "/sign-in?return=/users",
      "/sign-out",
      "/SIGN-OUT",
      "/./sign-out",
      "/assets/console.css",
      `/${"x".repeat(3000)}`,
    ],
  ];

  for (const attack of attacks)
    it(`is not ${JSON.stringify(attack.slice(0, 40))}`, async () => {
      const browser = new TestBrowser(service);
      expect(parseReturnPath(attack, "/console") ?? "/console/").to.equal("/console/");
      const query = encodeURIComponent(attack);
      const form = await browser.get(`/console/sign-in?return=${query}`);
      expect(["", "/"]).to.include(form.hidden("return"));
      expect(form.html).to.not.contain("evil").and.not.contain("<script>");
      const signedIn = await browser.post("/console/sign-in", { token: secret, return: attack });
      expect(["/console?signed-in", "/console?signed-in&return=%2F"]).to.include(signedIn.location);
      const { status, location = "/console/" } = await browser.get(`/console?signed-in&return=${query}`);
      expect(status).to.be.oneOf([200, 303]);
      expect(location).to.equal("/console/");
    });

  it("is below the path of PUBLIC_URL", () => {
    expect(parseReturnPath("/users?active=true", "/gatehouse/console")).to.equal(
      "/gatehouse/console/users?active=true",
    );
    expect(parseReturnPath("/../users", "/gatehouse/console")).to.equal(undefined);
    expect(parseReturnPath(["/users"], "/console")).to.equal(undefined);
  });
});
