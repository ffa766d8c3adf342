import { createHash } from "node:crypto";
import { expect } from "chai";
import { describeOnEngines } from "../../store/engines.fixture.ts";
import { type Agent, groupUrn, type Service, startService, userUrn } from "../../support/service.ts";

describeOnEngines("Large resources", (open) => {
  let service: Service;
  let admin: Agent;
  before(async () => {
    service = await startService({ open });
    admin = await service.clientWithScopes(["all"]);
  });
  after(() => service.dispose());

  const text = (character: string, length = 100_000): string => character.repeat(length);
  /** About two million characters, the most that a skill can have. */
  const largestSkill = (slug: string) => ({
    ...{ slug, name: slug, content: text("c") },
    files: Array.from({ length: 20 }, (_, at) => ({ path: `${at}.md`, content: text("f") })),
  });

  describe("GET /api/skills", () => {
    const slugs = ["s-0", "s-1", "s-2", "s-3", "s-4", "s-5", "s-6"];
    before(async () => {
      for (const slug of slugs) await admin.post("/api/skills").send(largestSkill(slug)).expect(201);
    });

    it("ends a page at four million characters, and the next pages continue", async () => {
      const seen: string[] = [];
      let cursor: string | null = "";
      for (let pageCount = 0; cursor !== null; pageCount++) {
        expect(pageCount).to.be.below(slugs.length);
        const query: Record<string, string> = { limit: "100", include: "content,files", ...(cursor && { cursor }) };
        const { text: json, body } = await admin.get("/api/skills").query(query).expect(200);
        expect(json.length).to.be.below(4.5 * 1024 * 1024);
        expect(body.data).to.have.length.above(0);
        expect(body.pagination.hasMore).to.equal(body.pagination.nextCursor !== null);
        for (const { slug, content, files } of body.data) {
          seen.push(slug);
          expect(content).to.have.length(100_000);
          expect(files).to.have.length(20);
        }
        cursor = body.pagination.nextCursor;
      }
      expect(seen).to.deep.equal(slugs);
    });

    it("leaves content and files out unless `include` names them", async () => {
      const { body } = await admin.get("/api/skills?limit=1").expect(200);
      expect(body.data[0]).to.include({ slug: "s-0", name: "s-0" }).and.not.to.have.any.keys("content", "files");
      const withContent = await admin.get("/api/skills?limit=1&include=content").expect(200);
      expect(withContent.body.data[0]).to.have.property("content").and.not.to.have.property("files");
      const one = await admin.get("/api/skills/s-0").expect(200);
      expect(one.body).to.include.keys("content", "files");
    });

    it("rejects an unknown field in `include`", async () => {
      const { body } = await admin.get("/api/skills?include=contents").expect(400);
      expect(JSON.stringify(body)).to.contain("include").and.to.contain("content, files");
    });
  });

  describe("GET /scim/v2/Users", () => {
    const userCount = 130;
    const names = Array.from({ length: userCount }, (_, at) => `wide-${String(at).padStart(3, "0")}`);
    const filter = 'userName sw "wide-"';
    /** About 60,000 characters, close to the most that a user can have. */
    const wideEmails = Array.from({ length: 60 }, (_, at) => ({ value: `${at}-${text("e", 970)}@example.com` }));
    before(async () => {
      const Operations = names.map((userName) => ({
        method: "POST",
        path: "/Users",
        bulkId: userName,
        data: { schemas: [userUrn], userName, emails: wideEmails },
      }));
      for (let start = 0; start < userCount; start += 13) {
        const schemas = ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"];
        const bulk = { schemas, Operations: Operations.slice(start, start + 13) };
        const { body } = await admin.post("/scim/v2/Bulk").send(bulk).expect(200);
        for (const { status } of body.Operations) expect(status).to.equal("201");
      }
    });

    for (const [title, first, next] of [
      ["startIndex", { startIndex: "1" }, (read: number) => ({ startIndex: String(read + 1) })],
      ["cursor", { cursor: "" }, (_read: number, cursor: string) => ({ cursor })],
    ] as const) {
      it(`ends a page of more than 100 users at four million characters, and the next continues by ${title}`, async () => {
        const seen: string[] = [];
        for (let query: Record<string, string> = first; ; ) {
          const { body, text: json } = await admin
            .get("/scim/v2/Users")
            .query({ filter, count: "200", ...query })
            .expect(200);
          expect(json.length).to.be.below(6.6 * 1024 * 1024);
          expect(body.itemsPerPage).to.equal(body.Resources.length).and.to.be.above(0);
          if (body.totalResults !== undefined) expect(body.totalResults).to.equal(userCount);
          seen.push(...body.Resources.map(({ userName }: { userName: string }) => userName));
          if (seen.length >= userCount) {
            expect(body.nextCursor).to.equal(undefined);
            break;
          }
          query = next(seen.length, body.nextCursor);
        }
        expect(seen).to.deep.equal(names);
      });
    }

    it("of all resource types returns no group before the users that do not fit into the page", async () => {
      const groupNames = ["wide-a", "wide-b", "wide-c"];
      for (const displayName of groupNames)
        await admin
          .post("/scim/v2/Groups")
          .send({ schemas: [groupUrn], displayName })
          .expect(201);
      const seen: string[] = [];
      const lengths: number[] = [];
      for (let startIndex = 1; startIndex <= userCount + groupNames.length; ) {
        const { body } = await admin
          .get("/scim/v2/")
          .query({ filter: `${filter} or displayName sw "wide-"`, count: "200", startIndex: String(startIndex) })
          .expect(200);
        expect(body.totalResults).to.equal(userCount + groupNames.length);
        expect(body.itemsPerPage).to.equal(body.Resources.length).and.to.be.above(0);
        lengths.push(body.itemsPerPage);
        startIndex += body.itemsPerPage;
        for (const { userName, displayName } of body.Resources) seen.push(userName ?? displayName);
      }
      expect(seen).to.deep.equal([...names, ...groupNames]);
      expect(lengths, "the size limit ends the first page").to.have.length(2);
    });
  });

  describe("GET /api/audit-events", () => {
    it("records long strings as length and digest, so that a change is visible and the event is small", async () => {
      await admin.post("/api/skills").send(largestSkill("audited")).expect(201);
      await admin
        .patch("/api/skills/audited")
        .send({ content: text("d") })
        .expect(200);
      const { body, text: json } = await admin.get("/api/audit-events?action=skill.update&limit=1").expect(200);
      const [{ before, after }] = body.data;
      const digest = (value: string) => ({
        length: value.length,
        sha256: createHash("sha256").update(value).digest("hex"),
      });
      expect(before.content).to.deep.equal(digest(text("c")));
      expect(after.content).to.deep.equal(digest(text("d")));
      expect(after.files[0]).to.deep.equal({ path: "0.md", content: digest(text("f")) });
      expect(json.length).to.be.below(65_536);
    });

    it("bounds an event whose many values are short", async () => {
      const tools = Array.from({ length: 200 }, (_, at) => ({ name: `tool_${at}`, description: "d".repeat(1000) }));
      const server = { slug: "many-tools", name: "Many", transport: "http", url: "https://mcp.example/", tools };
      await admin.post("/api/mcp-servers").send(server).expect(201);
      const { body, text: json } = await admin.get("/api/audit-events?action=mcp-server.create&limit=1").expect(200);
      expect(body.data[0].after).to.include({ slug: "many-tools" });
      expect(body.data[0].after.tools).to.have.all.keys("length", "sha256");
      expect(json.length).to.be.below(65_536);
    });
  });
});
