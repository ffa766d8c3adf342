import { expect } from "chai";
import { engines } from "../../store/engines.ts";
import { remember } from "../../support/secrets.ts";
import { type Agent, type Service, startService, userUrn } from "../../support/service.ts";
import { pointers } from "./pointers.ts";
import { made, makeWith } from "./token-made.ts";

const dayMs = 86_400_000;

/** Tokens that act as one user. */
for (const { name: engine, open } of engines) {
  describe(`Personal tokens on ${engine}`, () => {
    let service: Service;
    let admin: Agent;
    let ada: string;
    let grace: string;
    before(async () => {
      service = await startService({ open });
      admin = await service.as(["all"]);
      const person = async (userName: string): Promise<string> =>
        (await admin.post("/api/users").send({ userName }).expect(201)).body.id;
      [ada, grace] = [await person("ada"), await person("grace")];
    });
    after(() => service.dispose());

    const make = makeWith(() => admin);
    const show = async (id: string) => (await admin.get(`/api/tokens/${id}`).expect(200)).body;
    const plugin = () => service.as(["connect:write"]);

    it("are made, listed, changed, rotated and revoked by their user, and seen by no other", async () => {
      const agent = await plugin();
      const answer = await agent.post("/api/tokens").set("x-user-email", "ada").send({ name: "IDE" }).expect(201);
      const { id, secret } = made(answer);
      expect(answer.body).to.deep.include({ userId: ada, type: "mcp", scopes: ["connect:read"] });
      const as = (user: string) => ({
        get: (path = "") => agent.get(`/api/tokens/${id}${path}`).set("x-user-email", user).set("X-Request-Id", "same"),
        patch: () => agent.patch(`/api/tokens/${id}`).set("x-user-email", user).send({ name: "New" }),
        rotate: () => agent.post(`/api/tokens/${id}/rotate`).set("x-user-email", user),
        delete: () => agent.delete(`/api/tokens/${id}`).set("x-user-email", user),
      });
      const list = async (user: string): Promise<string[]> =>
        (await agent.get("/api/tokens").set("x-user-email", user).expect(200)).body.data.map(
          (each: { id: string }) => each.id,
        );
      expect(await list("ada")).to.include(id);
      expect(await list("grace")).to.deep.equal([]);
      const stranger = as("grace");
      for (const refused of [stranger.patch(), stranger.rotate(), stranger.delete()]) await refused.expect(404);
      const missing = await agent
        .get(`/api/tokens/${id.replace(/.{10}$/, "0000000000")}`)
        .set("x-user-email", "grace")
        .set("X-Request-Id", "same");
      expect((await stranger.get()).text).to.equal(missing.text);
      expect((await as("ada").patch().expect(200)).body.name).to.equal("New");
      const rotated = made(await as("ada").rotate().expect(200));
      await service.with(secret).get("/api/whoami").expect(401);
      expect((await service.with(rotated.secret).get("/api/whoami").expect(200)).body.userId).to.equal(ada);
      await as("ada").delete().expect(204);
      await service.with(rotated.secret).get("/api/whoami").expect(401);
    });

    it("have connect scopes only, and are nobody else's", async () => {
      const agent = await plugin();
      const post = (body: object) =>
        agent
          .post("/api/tokens")
          .set("x-user-email", "ada")
          .send({ name: "x", ...body });
      expect(pointers(await post({ userId: grace }).expect(400))).to.deep.equal(["/userId"]);
      await post({ type: "admin", scopes: ["admin:read"] }).expect(400);
      const wanted = { name: "x", type: "agent", userId: grace };
      expect((await show((await make(wanted)).id)).userId).to.equal(grace);
      expect(
        pointers(
          await admin
            .post("/api/tokens")
            .send({ ...wanted, userId: "usr_none" })
            .expect(400),
        ),
      ).to.deep.equal(["/userId"]);
      await admin
        .post("/api/tokens")
        .send({ ...wanted, type: "admin", scopes: ["all"] })
        .expect(400);
    });

    it("made with a restricted token are restricted as it is, and end no later", async () => {
      const { secret } = await service.issue({
        ...{ type: "agent", scopes: ["connect:write"], userId: ada, environment: "staging" },
        expiresAt: new Date(Date.now() + 5 * dayMs),
      });
      const own = service.with(secret);
      const post = (body: object) => own.post("/api/tokens").send({ name: "x", ...body });
      await post({}).expect(403);
      await post({ environment: "production" }).expect(403);
      const answer = await post({ environment: "staging" }).expect(201);
      remember(answer.body.token);
      expect(Date.parse(answer.body.expiresAt)).to.be.at.most(Date.now() + 5 * dayMs);
      await post({ environment: "staging", expiresInDays: 6 }).expect(403);
    });

    it("die with the user's deactivation by SCIM, at once", async () => {
      const scim = await service.as(["admin:scim"]);
      const user = { schemas: [userUrn], userName: "leaver", active: true };
      const { id } = (await scim.post("/scim/v2/Users").send(user).expect(201)).body;
      const { secret } = await make({ type: "mcp", userId: id });
      await service.with(secret).get("/api/skills").expect(200);
      await scim
        .put(`/scim/v2/Users/${id}`)
        .send({ ...user, active: false })
        .expect(200);
      await service.with(secret).get("/api/skills").expect(401);
      await scim.put(`/scim/v2/Users/${id}`).send(user).expect(200);
      await service.with(secret).get("/api/skills").expect(401);
    });
  });
}
