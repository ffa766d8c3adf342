import { expect } from "chai";
import { engines } from "../../store/engines.ts";
import { type Agent, type Service, startService } from "../../support/service.ts";

for (const { name: engine, open } of engines) {
  describe(`GET /api/users/{id}/access on ${engine}`, () => {
    let service: Service;
    let admin: Agent;
    let ada: string;
    let engineers: string;
    before(async () => {
      service = await startService({ open });
      admin = await service.as(["admin:write"]);
      ada = (await admin.post("/api/users").send({ userName: "Ada@example.com" }).expect(201)).body.id;
      const { body: group } = await admin.post("/api/groups").send({ displayName: "Engineers" }).expect(201);
      engineers = group.id;
      await admin
        .post(`/api/groups/${engineers}/members`)
        .send({ members: [ada] })
        .expect(200);
      const assignment = { groups: [engineers] };
      const server = { transport: "http", url: "https://mcp.example", status: "active", tools: [{ name: "search" }] };
      await admin
        .post("/api/mcp-servers")
        .send({ slug: "github", name: "GitHub", ...server, assignment })
        .expect(201);
      await admin
        .post("/api/mcp-servers")
        .send({ slug: "draft", name: "Draft", ...server, status: "draft", assignment })
        .expect(201);
      await admin
        .post("/api/mcp-servers")
        .send({ slug: "secret", name: "Secret", ...server })
        .expect(201);
      await admin
        .post("/api/skills")
        .send({ slug: "review", name: "Review", content: "", assignment: { everyone: true } })
        .expect(201);
      await admin
        .post("/api/policies")
        .send({
          ...{ slug: "no-review", name: "No review", effect: "deny" },
          ...{ subjects: { users: [ada] }, resources: { skills: ["review"] } },
        })
        .expect(201);
    });
    after(() => service.dispose());

    const path = (kind: string, of = ada): string => `/api/users/${encodeURIComponent(of)}/access?kind=${kind}`;

    it("lists what is given or denied, with the reasons, for whom it is", async () => {
      const { body } = await admin.get(path("mcp-servers")).expect(200);
      expect(body.user).to.deep.equal({ id: ada, userName: "Ada@example.com", active: true });
      expect(body.data.map(({ slug, verdict }: Verdict) => ({ slug, verdict }))).to.deep.equal([
        { slug: "github", verdict: "allowed" },
        { slug: "draft", verdict: "inactive" },
      ]);
      expect(body.data[0].assignments).to.deep.equal([
        { by: "group", path: [{ id: engineers, displayName: "Engineers" }] },
      ]);
      expect(body.data[0].tools).to.deep.equal([{ name: "search", verdict: "allowed" }]);
      const { body: skills } = await admin.get(path("skills")).expect(200);
      expect(skills.data[0]).to.deep.include({ slug: "review", verdict: "denied", assignments: [{ by: "everyone" }] });
      expect(skills.data[0].policies[0]).to.deep.include({ slug: "no-review", through: { by: "user" } });
    });

    it("takes the userName for the id, in any letter case", async () => {
      const { body } = await admin.get(path("mcp-servers", "ADA@EXAMPLE.COM")).expect(200);
      expect(body.user.id).to.equal(ada);
    });

    it("goes on from a cursor, which goes with no other kind or user", async () => {
      const { body: first } = await admin.get(`${path("mcp-servers")}&limit=1`).expect(200);
      expect(first.pagination).to.deep.include({ limit: 1, hasMore: true });
      const cursor = encodeURIComponent(first.pagination.nextCursor);
      const { body: second } = await admin.get(`${path("mcp-servers")}&limit=1&cursor=${cursor}`).expect(200);
      expect(second.data.map(({ slug }: Verdict) => slug)).to.deep.equal(["draft"]);
      expect(second.pagination).to.deep.include({ nextCursor: null, hasMore: false });
      await admin.get(`${path("skills")}&cursor=${cursor}`).expect(400);
      const { body: other } = await admin.post("/api/users").send({ userName: "other" }).expect(201);
      await admin.get(`${path("mcp-servers", other.id)}&cursor=${cursor}`).expect(400);
    });

    it("explains of an inactive user what would be theirs", async () => {
      const { body: asleep } = await admin.post("/api/users").send({ userName: "asleep", active: false }).expect(201);
      const { body } = await admin.get(path("skills", asleep.id)).expect(200);
      expect(body.user).to.include({ active: false });
      expect(body.data.map(({ verdict }: Verdict) => verdict)).to.deep.equal(["allowed"]);
    });

    it("is 404, alike, for a user who is not there and for another organisation's", async () => {
      const others = await service.as(["admin:write"], await service.organization("elsewhere"));
      const { body: theirs } = await others.post("/api/users").send({ userName: "theirs" }).expect(201);
      const told = [];
      for (const of of [theirs.id, "theirs", theirs.id.replace(/.{8}$/, "00000000"), "no\0body"]) {
        told.push((await admin.get(path("skills", of)).set("X-Request-Id", "same").expect(404)).text);
      }
      expect(new Set(told).size).to.equal(1);
    });

    it("needs a kind that there is, and knows no other parameters", async () => {
      const pointer = async (query: string): Promise<string> =>
        (await admin.get(`/api/users/${ada}/access${query}`).expect(400)).body.errors[0].pointer;
      expect(await pointer("")).to.equal("/kind");
      expect(await pointer("?kind=policies")).to.equal("/kind");
      expect(await pointer("?kind=skills&kind=commands")).to.equal("/kind");
      expect(await pointer("?kind=skills&limit=0")).to.equal("/limit");
      expect(await pointer("?kind=skills&user=x")).to.equal("/user");
    });

    it("is for admins: not for users, nor for tokens that act for them", async () => {
      await (await service.as(["admin:read"])).get(path("skills")).expect(200);
      await (await service.as(["connect:write"])).get(path("skills")).expect(403);
      const all = await service.as(["all"]);
      await all.get(path("skills")).set("x-user-email", "ada@example.com").expect(403);
      const { secret } = await service.issue({ scopes: ["connect:read"], userId: ada });
      await service.with(secret).get(path("skills")).expect(403);
    });
  });
}

interface Verdict {
  readonly slug: string;
  readonly verdict: string;
}
