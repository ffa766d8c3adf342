import { expect } from "chai";
import type { StoreOperation } from "../../../src/store/measured-store.ts";
import { describeOnEngines } from "../../store/engines.fixture.ts";
import type { Service } from "../../support/service.ts";
import { countOperations, startCountedService, TestBrowser } from "./browser.fixture.ts";

/** The highest number of store operations of a page: three are for the session, its token and the organization. */
const operationsMax = 18;
/** How many pages of the same kind are opened. */
const samePagesMax = 2;

describeOnEngines("The links of /console", (open) => {
  let service: Service;
  const operations: StoreOperation[] = [];
  before(async () => {
    service = await startCountedService(open, operations);
    const admin = await service.clientWithScopes(["all"]);
    const users: string[] = [];
    for (let index = 0; index < 60; index++)
      users.push(
        (
          await admin
            .post("/api/users")
            .send({ userName: `user-${index}` })
            .expect(201)
        ).body.id,
      );
    const { body: group } = await admin.post("/api/groups").send({ displayName: "Engineering" }).expect(201);
    await admin.put(`/api/groups/${group.id}/members`).send({ members: users }).expect(200);
    const assignment = { groups: [group.id] };
    const server = { name: "Jira", transport: "http", url: "https://mcp.example", assignment };
    const tools = [
      { name: "search", risk: "read" },
      { name: "delete_issue", risk: "destructive" },
    ];
    await admin
      .put("/api/mcp-servers/jira")
      .send({ ...server, tools })
      .expect(201);
    await admin
      .put("/api/toolkits/support")
      .send({ name: "Support", entries: [{ mcpServer: "jira" }] })
      .expect(201);
    const skill = { name: "Notes", description: "Notes.", content: "# Notes", assignment };
    await admin.put("/api/skills/notes").send(skill).expect(201);
    await admin.put("/api/commands/hello").send({ name: "Hello", template: "Say hello." }).expect(201);
    const policy = {
      name: "No deletion",
      effect: "deny",
      subjects: { everyone: true },
      resources: { tools: ["delete_*"] },
    };
    await admin.put("/api/policies/no-deletion").send(policy).expect(201);
    const urn = "urn:example:links:2.0:User";
    const extension = { resourceType: "User", name: "Links", attributes: [{ name: "badge", type: "string" }] };
    await admin.put(`/api/scim-extensions/${urn}`).send(extension).expect(201);
    const scim = await service.clientWithScopes(["admin:scim"]);
    await scim.post("/scim/v2/Users").send({ userName: "" }).expect(400);
  });
  after(() => service.dispose());

  it("lead to pages, each of which needs a bounded number of store operations", async () => {
    const browser = new TestBrowser(service);
    await browser.signIn((await service.issueToken({ name: "Administrator", scopes: ["all"] })).secret);
    const seenCounts = new Map<string, number>();
    const visited = new Set<string>();
    const waiting = ["/console"];
    for (let path = waiting.shift(); path !== undefined; path = waiting.shift()) {
      if (visited.has(path)) continue;
      visited.add(path);
      const kind = toKind(path);
      const seen = seenCounts.get(kind) ?? 0;
      if (seen >= samePagesMax) continue;
      seenCounts.set(kind, seen + 1);
      let html = "";
      const count = await countOperations(operations, operationsMax, async () => {
        const response = await browser.get(path);
        const target = response.location;
        if (response.status === 303 && target !== undefined) waiting.push(target);
        else expect(response.status, path).to.equal(200);
        ({ html } = response);
      });
      expect(count, path).to.be.at.most(operationsMax);
      waiting.push(...listLinks(html));
    }
    const kinds = [...seenCounts.keys()];
    for (const part of ["tokens/*", "users/*", "users/*/access", "groups/*", "catalog/mcp-servers/*", "policies/*"])
      expect(kinds).to.include(`/console/${part}`);
    for (const part of ["audit/*", "setup/okta", "settings/webhooks/new"]) expect(kinds).to.include(`/console/${part}`);
  });
});

/** Returns the paths of the links of a page. The export of the audit log is a download. */
const listLinks = (html: string): readonly string[] =>
  [...html.matchAll(/<a [^>]*href="(\/console[^"#]*)/g)]
    .map(([, href = ""]) => href.replaceAll("&amp;", "&"))
    .filter((href) => !href.startsWith("/console/audit/export"));

/** Returns a path without ids, slugs of the catalog and the values of its query. */
const toKind = (path: string): string =>
  path
    .replace(/\/(?:[a-z]{3}_[0-9A-Z]{26}|urn:[^/?]*|urn%3A[^/?]*)/g, "/*")
    .replace(/(\/(?:mcp-servers|toolkits|skills|commands|policies))\/(?!_new)[^/?]+/, "$1/*")
    .replace(/=[^&]*/g, "");
