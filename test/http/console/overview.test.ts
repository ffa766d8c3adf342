import { expect } from "chai";
import type { StoreOperation } from "../../../src/store/measured-store.ts";
import { describeOnEngines } from "../../store/engines.fixture.ts";
import { type Service, startService } from "../../support/service.ts";
import { countOperations, startCountedService, TestBrowser } from "./browser.fixture.ts";

describeOnEngines("The overview of /console", (open) => {
  let service: Service;
  before(async () => {
    service = await startService({ open });
  });
  after(() => service.dispose());

  const signIn = async (...scopes: ("all" | "admin:read" | "admin:tokens")[]): Promise<TestBrowser> => {
    const browser = new TestBrowser(service);
    await browser.signIn((await service.issueToken({ name: "viewer", scopes })).secret);
    return browser;
  };

  it("shows users, groups and tokens by status, each to sessions that may see them", async () => {
    const admin = await service.clientWithScopes(["all"]);
    for (const [userName, active] of [
      ["ada", true],
      ["grace", true],
      ["joan", false],
    ] as const)
      await admin.post("/api/users").send({ userName, active }).expect(201);
    await admin.post("/api/groups").send({ displayName: "Engineering" }).expect(201);
    const { id } = await service.issueToken({ scopes: ["admin:read"] });
    await admin.delete(`/api/tokens/${id}`).expect(204);

    const { html } = await (await signIn("all")).get("/console");
    expect(html).to.match(/Users<\/a><\/dt><dd><strong>3<\/strong><span class="sub">2 active, 1 inactive/);
    expect(html).to.match(/Groups<\/a><\/dt><dd><strong>1<\/strong>/);
    expect(html).to.match(/Active tokens<\/a><\/dt><dd><strong>\d+<\/strong>.*1 revoked/);
    const reader = (await (await signIn("admin:read")).get("/console")).html;
    expect(reader).to.contain("2 active, 1 inactive").and.not.contain("Active tokens");
    const tokensOnly = (await (await signIn("admin:tokens")).get("/console")).html;
    expect(tokensOnly).to.contain("Active tokens").and.not.contain("inactive").and.not.contain("<svg");
  });

  it("draws requests and rejections of the last hours as SVG with texts, and repeats them in a table", async () => {
    const other = await service.createOrganization("quiet");
    const stranger = new TestBrowser(service);
    await stranger.signIn((await service.issueToken({ scopes: ["admin:read"] }, other)).secret);
    const client = await service.clientWithScopes(["admin:read"]);
    for (let index = 0; index < 5; index++) await client.get("/api/users").expect(200);
    await client.post("/api/users").send({ userName: "x" }).expect(403);
    const browser = await signIn("admin:read");
    let html = "";
    const readTotal = (title: string): number =>
      Number(new RegExp(`<figcaption>${title} <strong>([0-9,]+)`).exec(html)?.[1] ?? "-1");
    for (let attempt = 0; attempt < 100 && readTotal("Rejected requests") < 1; attempt++) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      ({ html } = await browser.get("/console"));
    }
    expect(readTotal("Rejected requests")).to.equal(1);
    const requests = readTotal("Requests");
    expect(requests).to.be.at.least(6);
    expect(html).to.contain(`${requests} in the last 24 hours, at most`);
    expect(html.match(/<rect class="bar/g)).to.have.length(3 * 24);
    expect(html).to.not.match(/<svg[^>]*style=|<rect[^>]*style=/);
    expect(html.split("Numbers by hour")[1]).to.match(/<td class="number">1<\/td>/);
    // The pages of the console are not among the requests.
    await new Promise((resolve) => setTimeout(resolve, 300));
    ({ html } = await browser.get("/console"));
    expect(readTotal("Requests")).to.equal(requests);
    ({ html } = await stranger.get("/console"));
    expect([readTotal("Requests"), readTotal("Rejected requests")]).to.deep.equal([0, 0]);
    expect(html).to.contain("None in the last 24 hours.");
  });
});

describeOnEngines("The overview of a large organization in /console", (open) => {
  it("needs a number of store operations that does not depend on the numbers of users and tokens", async () => {
    const operations: StoreOperation[] = [];
    const service = await startCountedService(open, operations);
    const browser = new TestBrowser(service);
    await browser.signIn((await service.issueToken({ scopes: ["all"] })).secret);
    const load = async (): Promise<void> => {
      expect((await browser.get("/console")).status).to.equal(200);
    };
    const before = await countOperations(operations, 0, load);
    const admin = await service.clientWithScopes(["all"]);
    for (let index = 0; index < 60; index++) {
      await admin
        .post("/api/users")
        .send({ userName: `user-${index}` })
        .expect(201);
      await service.issueToken({ scopes: ["admin:read"] });
    }
    expect(await countOperations(operations, before, load)).to.equal(before);
    expect(before).to.be.at.most(16);
    await service.dispose();
  });
});
