import { expect } from "chai";
import { operatorActor, toAuditEvent } from "../../../src/domain/audit/record.ts";
import { auditEvents } from "../../../src/store/collections.ts";
import type { StoreOperation } from "../../../src/store/measured-store.ts";
import { describeOnEngines } from "../../store/engines.fixture.ts";
import { type Agent, patchUrn, type Service } from "../../support/service.ts";
import { countOperations, startCountedService, TestBrowser } from "./browser.fixture.ts";

describeOnEngines("Users, groups and the audit log in /console", (open) => {
  let service: Service;
  let browser: TestBrowser;
  let admin: Agent;
  let ada: string;
  let group: string;
  const operations: StoreOperation[] = [];
  before(async () => {
    service = await startCountedService(open, operations);
    admin = await service.clientWithScopes(["all"]);
    const emails = [{ value: "ada@home.example" }, { value: "ada@work.example", primary: true }];
    const { body: user } = await admin.post("/api/users").send({ userName: "Ada", displayName: "Ada L.", emails });
    ada = user.id;
    for (let index = 10; index < 65; index++)
      await admin
        .post("/api/users")
        .send({ userName: `user-${index}`, active: index % 2 === 0 })
        .expect(201);
    ({ id: group } = (await admin.post("/api/groups").send({ displayName: "Engineering" })).body);
    const { body: parent } = await admin.post("/api/groups").send({ displayName: "Staff" });
    await admin
      .put(`/api/groups/${group}/members`)
      .send({ members: [ada] })
      .expect(200);
    await admin
      .put(`/api/groups/${parent.id}/members`)
      .send({ members: [group] })
      .expect(200);
    browser = new TestBrowser(service);
    await browser.signIn((await service.issueToken({ name: "Auditor", scopes: ["admin:read"] })).secret);
  });
  after(() => service.dispose());

  /** Returns the texts of the first column of a list. */
  const rows = (html: string): readonly string[] =>
    [...html.matchAll(/<th scope="row"><a [^>]*>([^<]*)</g)].map(([, text = ""]) => text);
  const nextOf = (html: string): string => /href="([^"]*)">Next page/.exec(html)?.[1]?.replaceAll("&amp;", "&") ?? "";

  it("list users in order of their names, page by page, each once", async () => {
    const first = (await browser.get("/console/users")).html;
    const second = (await browser.get(nextOf(first))).html;
    const names = [...rows(first), ...rows(second)];
    expect(names).to.have.length(56);
    expect(names).to.deep.equal(["Ada", ...names.slice(1).toSorted()]);
    expect(first).to.contain("ada@work.example").and.contain("Administrators");
    expect(nextOf(second)).to.equal("");
  });

  it("find users by the beginning of their name, case-insensitively, and by status", async () => {
    expect(rows((await browser.get("/console/users?userName=aD&active=")).html)).to.deep.equal(["Ada"]);
    expect(rows((await browser.get("/console/users?userName=USER-1&active=false")).html)).to.have.length(5);
    expect((await browser.get("/console/users?userName=%22%25_*")).html).to.contain("No user matches.");
    for (const query of ["userName=%00", "active=maybe", "cursor=x", "sort=id"])
      expect((await browser.get(`/console/users?${query}`)).status, query).to.equal(400);
  });

  it("show a user with direct and inherited groups", async () => {
    const { html } = await browser.get(`/console/users/${ada}`);
    expect(html).to.contain("ada@home.example, ada@work.example").and.contain(`/console/groups/${group}">Engineering`);
    expect(html).to.match(/Staff<\/a><span class="muted"> \(inherited\)/);
    expect(html).to.not.contain("Personal tokens");
  });

  it("list groups by the beginning of their name, and show their members with links", async () => {
    expect(rows((await browser.get("/console/groups")).html)).to.deep.equal(["Engineering", "Staff"]);
    expect(rows((await browser.get("/console/groups?displayName=st")).html)).to.deep.equal(["Staff"]);
    const { html } = await browser.get(`/console/groups/${group}`);
    expect(html).to.contain(`<a href="/console/users/${ada}">Ada L.</a>`);
  });

  it("filter audit events by action, outcome, actor, target and days, and show one with its changes", async () => {
    const { html } = await browser.get(`/console/audit?action=&targetId=${ada}`);
    expect(rows(html)).to.deep.equal(["user.create"]);
    const event = /\/console\/audit\/(aud_\w+)"/.exec(html)?.[1];
    const detail = (await browser.get(`/console/audit/${event}`)).html;
    expect(detail).to.contain("&quot;userName&quot;: &quot;Ada&quot;").and.contain("127.0.0.1");
    expect(rows((await browser.get("/console/audit?action=group.create")).html)).to.have.length(2);
    expect(rows((await browser.get("/console/audit?outcome=refused")).html)).to.deep.equal([]);
    expect(rows((await browser.get("/console/audit?to=2020-01-31")).html)).to.deep.equal([]);
    const today = new Date().toISOString().slice(0, 10);
    expect(rows((await browser.get(`/console/audit?from=${today}&to=${today}`)).html)).to.have.length(50);
    for (const query of ["action=user.lost", "from=31.1.2026", "actorId=%00"])
      expect((await browser.get(`/console/audit?${query}`)).status, query).to.equal(400);
  });

  it("show the changes of an event field by field, with links to its target and its request", async () => {
    const attributes = { userName: "diff", title: "<b>Dr</b>", nickName: "d" };
    const { body: user } = await admin.post("/scim/v2/Users").send(attributes).expect(201);
    const changed = await admin
      .patch(`/scim/v2/Users/${user.id}`)
      .send({
        schemas: [patchUrn],
        Operations: [
          { op: "remove", path: "title" },
          { op: "replace", value: { nickName: "e", displayName: "Ada" } },
        ],
      })
      .expect(200);
    const requestId = changed.headers["x-request-id"] ?? "";
    const list = (await browser.get(`/console/audit?requestId=${requestId}`)).html;
    expect(rows(list)).to.deep.equal(["user.update"]);
    const { html } = await browser.get(`/console/audit/${/\/console\/audit\/(aud_\w+)"/.exec(list)?.[1]}`);
    const row = (field: string): string =>
      html.split("<tr").find((each) => each.includes(`<code>${field}</code>`)) ?? "";
    expect(row("title")).to.contain("− removed").and.contain("&lt;b>Dr").and.not.contain("<b>");
    expect(row("nickName")).to.match(/≠ changed.*>d<.*>e</);
    expect(row("displayName")).to.match(/\+ added.*>Ada</);
    expect(row("userName"), "unchanged").to.equal("");
    expect(html).to.contain(`/console/users/${user.id}`).and.contain(`/console/audit?requestId=${requestId}`);
    expect(html).to.contain(`/console/provisioning/requests?requestId=${requestId}`);
    await admin.delete(`/scim/v2/Users/${user.id}`).expect(204);
    const chosen = "my-own.request_id";
    await admin.post("/api/groups").set("X-Request-Id", chosen).send({ displayName: "chosen id" }).expect(201);
    expect(rows((await browser.get(`/console/audit?requestId=${chosen}`)).html)).to.deep.equal(["group.create"]);
    for (const none of ["7ZZZZZZZZZZZZZZZZZZZZZZZZZ", "00000000000000000000000000", "x"])
      expect((await browser.get(`/console/audit?requestId=${none}`)).html, none).to.contain("No event matches");
  });

  it("show a long string by its length and digest, as it is stored", async () => {
    const skill = { name: "Notes", description: "Notes.", content: "x".repeat(3000) };
    await admin.put("/api/skills/notes").send(skill).expect(201);
    const list = (await browser.get("/console/audit?action=skill.create")).html;
    const { html } = await browser.get(`/console/audit/${/\/console\/audit\/(aud_\w+)"/.exec(list)?.[1]}`);
    expect(html).to.match(/3000 characters<code class="sub">SHA-256 [0-9a-f]{64}/);
  });

  it("export what the filters match as JSON Lines, oldest first, as a download", async () => {
    const response = await browser.get("/console/audit/export?action=group.create&actorId=&from=");
    expect(response.status).to.equal(200);
    expect(response.headers.get("content-type")).to.equal("application/jsonl");
    expect(response.headers.get("content-disposition")).to.match(
      /^attachment; filename="audit-events-\d{4}-\d\d-\d\d\.jsonl"$/,
    );
    const lines = response.html
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    const exported = await admin.get("/api/audit-events/export").query({ action: "group.create" }).expect(200);
    expect(response.html).to.equal(exported.text);
    expect(lines.map(({ after }) => after.displayName)).to.include.members(["Engineering", "Staff"]);
    const link = /href="([^"]*audit\/export[^"]*)"/.exec(
      (await browser.get("/console/audit?action=group.create")).html,
    );
    expect(link?.[1]).to.equal("/console/audit/export?action=group.create");
    const invalid = await browser.get("/console/audit/export?action=user.lost");
    expect([invalid.status, invalid.headers.get("content-disposition")]).to.deep.equal([400, null]);
    const stranger = new TestBrowser(service);
    const other = await service.createOrganization("exporting");
    await stranger.signIn((await service.issueToken({ scopes: ["admin:read"] }, other)).secret);
    expect((await stranger.get("/console/audit/export")).html).to.not.contain("user.create");
    const tokensOnly = new TestBrowser(service);
    await tokensOnly.signIn((await service.issueToken({ scopes: ["admin:tokens"] })).secret);
    expect((await tokensOnly.get("/console/audit/export")).status).to.equal(403);
  });

  it("page through large audit events, each of which is shown once", async () => {
    const target = { type: "skill", id: "skl_large" };
    const details = { text: "x".repeat(100_000) };
    await service.store.transaction(async (tx) => {
      const records = tx.for(service.organizationId).open(auditEvents);
      for (let index = 0; index < 45; index++) {
        const event = toAuditEvent(service.organizationId, operatorActor, "success", {
          action: "skill.update",
          target,
        });
        await records.insert({ ...event, details });
      }
    });
    const seen: string[] = [];
    let pages = 0;
    for (let next = `/console/audit?targetId=${target.id}`; next !== ""; ) {
      const { html } = await browser.get(next);
      seen.push(...[...html.matchAll(/\/console\/audit\/(aud_\w+)"/g)].map(([, id = ""]) => id));
      next = nextOf(html);
      pages += 1;
    }
    expect(pages).to.be.greaterThan(1);
    expect(new Set(seen).size).to.equal(seen.length).and.equal(45);
  });

  it("need admin:read, and belong to the session's organization", async () => {
    const tokensOnly = new TestBrowser(service);
    await tokensOnly.signIn((await service.issueToken({ scopes: ["admin:tokens"] })).secret);
    for (const page of ["users", `users/${ada}`, "groups", `groups/${group}`, "audit"])
      expect((await tokensOnly.get(`/console/${page}`)).status, page).to.equal(403);
    const stranger = new TestBrowser(service);
    const other = await service.createOrganization("other");
    await stranger.signIn((await service.issueToken({ scopes: ["all"] }, other)).secret);
    for (const page of [`users/${ada}`, `groups/${group}`, "users/usr_x", "audit/aud_01M8NTDR4JHCJEVH8EPEWPKVJJ"])
      expect((await stranger.get(`/console/${page}`)).status, page).to.equal(404);
    expect((await stranger.get("/console/users")).html).to.contain("No user matches.");
  });

  it("render in a bounded number of store operations", async () => {
    for (const [page, most] of [
      ["users", 4], // session, token, organization, users
      [`users/${ada}`, 6],
      ["groups", 4],
      [`groups/${group}`, 6], // also the group, ids of members, users; groups if there are any
      ["audit", 4],
    ] as const) {
      const load = async (): Promise<void> => {
        expect((await browser.get(`/console/${page}`)).status).to.equal(200);
      };
      expect(await countOperations(operations, most, load), page).to.be.at.most(most);
    }
  });
});
