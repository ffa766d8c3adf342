import { expect } from "chai";
import { describeOnEngines } from "../../store/engines.fixture.ts";
import { type Agent, type Service, startService } from "../../support/service.ts";
import { createDirectoryFixture, type DirectoryFixture, toSlugs as slugs } from "./directory.fixture.ts";

/** Resources that users create for themselves, and that other users cannot see. */
describeOnEngines("User-owned resources", (open) => {
  let service: Service;
  let admin: Agent;
  let ada: string;
  let grace: string;
  let as: DirectoryFixture["as"];
  before(async () => {
    service = await startService({ open });
    ({ admin, ada, grace, as } = await createDirectoryFixture(service));
  });
  after(() => service.dispose());

  describe("isolation", () => {
    const bodies: Readonly<Record<string, object>> = {
      toolkits: { name: "Mine" },
      skills: { name: "Mine", content: "mine" },
      commands: { name: "Mine", template: "mine" },
    };

    it("returns the same response for draft and foreign servers as for unknown ones", async () => {
      const { body: list } = await admin.get("/api/mcp-servers").expect(200);
      const idOf = (slug: string): string => list.data.find((each: { slug: string }) => each.slug === slug).id;
      for (const slug of ["draft", "payroll", "secret"]) {
        for (const name of [slug, idOf(slug)]) {
          const hidden = await as("ada").get(`/api/mcp-servers/${name}`).set("X-Request-Id", "same");
          const missing = await as("ada").get("/api/mcp-servers/unknown").set("X-Request-Id", "same");
          expect([hidden.status, hidden.text]).to.deep.equal([404, missing.text]);
        }
      }
    });

    for (const [kind, body] of Object.entries(bodies)) {
      it(`another user's private ${kind.slice(0, -1)} is not revealed by get, list, change, delete or a slug conflict`, async () => {
        const path = `/api/${kind}`;
        const own = (
          await as("grace")
            .post(path)
            .send({ slug: "mine", ...body })
            .expect(201)
        ).body;
        expect(own.ownerId).to.equal(grace);
        const tries = (id: string) => [
          as("ada").get(`${path}/${id}`),
          as("ada").patch(`${path}/${id}`).send({ name: "Theirs" }),
          as("ada").delete(`${path}/${id}`),
        ];
        const never = own.id.replace(/.{10}$/, "0000000000");
        for (const [at] of tries(own.id).entries()) {
          const hidden = await tries(own.id)[at]?.set("X-Request-Id", "same");
          const missing = await tries(never)[at]?.set("X-Request-Id", "same");
          expect([hidden?.status, hidden?.text]).to.deep.equal([404, missing?.text]);
        }
        expect(slugs(await as("ada").get(path).expect(200))).to.not.include("mine");
        await as("ada")
          .get(path)
          .query({ ownerId: grace })
          .expect(200, /"data":\[\]/);
        const created = await as("ada")
          .post(path)
          .send({ slug: "mine", ...body })
          .expect(201);
        expect(created.body.ownerId).to.equal(ada);
        expect((await as("grace").get(`${path}/mine`).expect(200)).body.id).to.equal(own.id);
        for (const name of ["ada", "grace"]) await as(name).delete(`${path}/mine`).expect(204);
      });

      it(`a user creates, reads, changes, replaces and deletes an own ${kind.slice(0, -1)}, which has no assignment`, async () => {
        const path = `/api/${kind}`;
        await as("ada").put(`${path}/own`).send(body).expect(201);
        const read = await as("ada").get(`${path}/own`).expect(200);
        expect((await as("ada").put(`${path}/own`).send(read.body).expect(200)).body).to.deep.equal(read.body);
        await as("ada")
          .patch(`${path}/own`)
          .set("If-Match", String(read.headers["etag"]))
          .send({ name: "New" })
          .expect(200);
        await as("ada")
          .patch(`${path}/own`)
          .set("If-Match", String(read.headers["etag"]))
          .send({ name: "Newer" })
          .expect(412);
        const { body: problem } = await as("ada")
          .patch(`${path}/own`)
          .send({ assignment: { everyone: true } })
          .expect(400);
        expect(problem.errors[0].pointer).to.equal("/assignment");
        await as("ada").delete(`${path}/own`).expect(204);
        await as("ada").get(`${path}/own`).expect(404);
      });
    }

    it("a user can read but not change the organization's resources; an own one with the same slug takes precedence", async () => {
      await as("ada").patch("/api/skills/review").send({ name: "Mine" }).expect(403);
      await as("ada").delete("/api/skills/review").expect(403);
      await as("grace").delete("/api/skills/review").expect(404);
      await as("ada").post("/api/skills").send({ slug: "review", name: "Mine", content: "" }).expect(201);
      expect((await as("ada").get("/api/skills/review").expect(200)).body.name).to.equal("Mine");
      expect((await admin.get("/api/skills/review").expect(200)).body.name).to.equal("Review");
      await as("ada").delete("/api/skills/review").expect(204);
      expect((await as("ada").get("/api/skills/review").expect(200)).body.name).to.equal("Review");
    });

    it("an own toolkit references only accessible resources, and reveals no others", async () => {
      const responses = [];
      for (const mcpServer of ["payroll", "draft", "secret", "unknown"]) {
        const response = await as("ada")
          .post("/api/toolkits")
          .set("X-Request-Id", "same")
          .send({ slug: "t", name: "T", entries: [{ mcpServer }] })
          .expect(400);
        responses.push(response.text.replaceAll(mcpServer, "SLUG"));
      }
      expect(new Set(responses).size).to.equal(1);
      await as("ada")
        .post("/api/toolkits")
        .send({ slug: "t", name: "T", entries: [{ mcpServer: "github" }] })
        .expect(201);
    });

    it("references in an own toolkit do not block the deletion of the organization's resources", async () => {
      await admin
        .put("/api/skills/passing")
        .send({ name: "Passing", content: "", assignment: { everyone: true } })
        .expect(201);
      await as("ada")
        .post("/api/toolkits")
        .send({ slug: "holder", name: "T", skills: ["passing"] })
        .expect(201);
      await admin.delete("/api/skills/passing").expect(204);
      const held = await as("ada").get("/api/toolkits/holder").expect(200);
      expect(held.body.skills, "as its owner wrote it").to.deep.equal(["passing"]);
      const again = await as("ada").put("/api/toolkits/holder").send(held.body).expect(200);
      expect(again.body).to.deep.equal(held.body);
    });
  });

  describe("limits", () => {
    it("lists page by key, and a cursor is valid only for its user", async () => {
      const created: string[] = [];
      for (let at = 0; at < 7; at++) {
        created.push(
          (
            await as("ada")
              .post("/api/skills")
              .send({ slug: `page-${at}`, name: "P", content: "" })
              .expect(201)
          ).body.id,
        );
      }
      const seen: string[] = [];
      let cursor: string | null = null;
      do {
        const { body: page }: { body: Page } = await as("ada")
          .get("/api/skills")
          .query({ limit: 3, ...(cursor !== null && { cursor }) })
          .expect(200);
        if (cursor !== null) {
          const problem = (await as("grace").get("/api/skills").query({ cursor }).expect(400)).body;
          expect(problem.errors[0].pointer).to.equal("/cursor");
          await admin.get("/api/skills").query({ cursor }).expect(400);
        }
        seen.push(...page.data.map(({ id }) => id));
        cursor = page.pagination.nextCursor;
      } while (cursor !== null);
      expect(new Set(seen).size).to.equal(seen.length);
      expect(seen).to.include.members(created);
      for (const id of created) await as("ada").delete(`/api/skills/${id}`).expect(204);
    });

    it("PUT by id returns 404 for another user's resource and 403 for one of the organization", async () => {
      const own = (await as("grace").post("/api/skills").send({ slug: "hers", name: "Hers", content: "" }).expect(201))
        .body;
      const put = (id: string) =>
        as("ada").put(`/api/skills/${id}`).set("X-Request-Id", "same").send({ name: "Mine", content: "" });
      const [hidden, missing] = [await put(own.id), await put(own.id.replace(/.{10}$/, "0000000000"))];
      expect([hidden.status, hidden.text]).to.deep.equal([404, missing.text]);
      const shared = (await admin.get("/api/skills/review").expect(200)).body.id;
      expect((await put(shared)).status).to.equal(403);
      expect((await as("grace").get("/api/skills/hers").expect(200)).body.name).to.equal("Hers");
      await as("grace").delete("/api/skills/hers").expect(204);
    });

    it("ownerId cannot be set to another user", async () => {
      for (const ownerId of [grace, "usr_nobody"]) {
        const { body: problem } = await as("ada")
          .post("/api/skills")
          .send({ slug: "gift", name: "G", content: "", ownerId })
          .expect(400);
        expect(problem.errors[0].pointer).to.equal("/ownerId");
      }
      const { body: byAdmin } = await admin
        .post("/api/skills")
        .send({ slug: "gift", name: "G", content: "", ownerId: ada })
        .expect(400);
      expect(byAdmin.errors[0].pointer).to.equal("/ownerId");
      await as("ada").put("/api/skills/gift").send({ name: "G", content: "", ownerId: ada }).expect(201);
      await as("ada").patch("/api/skills/gift").send({ ownerId: grace }).expect(400);
      await as("ada").delete("/api/skills/gift").expect(204);
    });

    it("an audit event names the credential and the acting user", async () => {
      const { body: created } = await as("ada")
        .post("/api/commands")
        .send({ slug: "audited", name: "T", template: "t" })
        .expect(201);
      await as("ada").delete("/api/commands/audited").expect(204);
      const { body: page } = await admin.get("/api/audit-events").query({ targetId: created.id }).expect(200);
      for (const event of page.data) {
        expect(event.actor.type).to.equal("token");
        expect(event.actor.id).to.match(/^tok_/);
        expect(event.details).to.deep.include({ ownerId: ada });
      }
      expect(page.data).to.have.length(2);
    });

    it("409: rejects the 201st resource of a kind of one user, and not those of other users", async () => {
      for (let at = 0; at < 200; at++) {
        await as("ada").put(`/api/skills/many-${at}`).send({ name: "M", content: "" }).expect(201);
      }
      const { body: problem } = await as("ada")
        .post("/api/skills")
        .send({ slug: "more", name: "M", content: "" })
        .expect(409);
      expect(problem.type).to.match(/:limit-reached$/);
      await as("ada").get("/api/skills/more").expect(404);
      await as("ada").put("/api/skills/many-7").send({ name: "Changed", content: "" }).expect(200);
      await as("grace").post("/api/skills").send({ slug: "more", name: "M", content: "" }).expect(201);
    });
  });
});

interface Page {
  readonly data: readonly { readonly id: string }[];
  readonly pagination: { readonly nextCursor: string | null };
}
