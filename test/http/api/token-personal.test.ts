import { expect } from "chai";
import { describeOnEngines } from "../../store/engines.fixture.ts";
import { trackSecret } from "../../support/secrets.ts";
import { type Agent, type Service, startService, userUrn } from "../../support/service.ts";
import { errorPointers } from "./pointers.fixture.ts";
import { createTokenWith, readCreatedToken } from "./tokens.fixture.ts";

const dayMs = 86_400_000;

/** Tokens that act as one user. */
describeOnEngines("Personal tokens", (open) => {
  let service: Service;
  let admin: Agent;
  let ada: string;
  let grace: string;
  before(async () => {
    service = await startService({ open });
    admin = await service.clientWithScopes(["all"]);
    const person = async (userName: string): Promise<string> =>
      (await admin.post("/api/users").send({ userName }).expect(201)).body.id;
    [ada, grace] = [await person("ada"), await person("grace")];
  });
  after(() => service.dispose());

  const make = createTokenWith(() => admin);
  const show = async (id: string) => (await admin.get(`/api/tokens/${id}`).expect(200)).body;
  const plugin = () => service.clientWithScopes(["connect:write"]);

  it("are created, listed, changed, rotated and revoked by their user, and invisible to others", async () => {
    const agent = await plugin();
    const response = await agent.post("/api/tokens").set("x-user-email", "ada").send({ name: "IDE" }).expect(201);
    const { id, secret } = readCreatedToken(response);
    expect(response.body).to.deep.include({ userId: ada, type: "mcp", scopes: ["connect:read"] });
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
    for (const rejected of [stranger.patch(), stranger.rotate(), stranger.delete()]) await rejected.expect(404);
    const missing = await agent
      .get(`/api/tokens/${id.replace(/.{10}$/, "0000000000")}`)
      .set("x-user-email", "grace")
      .set("X-Request-Id", "same");
    expect((await stranger.get()).text).to.equal(missing.text);
    expect((await as("ada").patch().expect(200)).body.name).to.equal("New");
    const rotated = readCreatedToken(await as("ada").rotate().expect(200));
    await service.clientWithSecret(secret).get("/api/whoami").expect(401);
    expect((await service.clientWithSecret(rotated.secret).get("/api/whoami").expect(200)).body.userId).to.equal(ada);
    await as("ada").delete().expect(204);
    await service.clientWithSecret(rotated.secret).get("/api/whoami").expect(401);
  });

  it("have only connect scopes, and cannot be created for another user", async () => {
    const agent = await plugin();
    const post = (body: object) =>
      agent
        .post("/api/tokens")
        .set("x-user-email", "ada")
        .send({ name: "x", ...body });
    expect(errorPointers(await post({ userId: grace }).expect(400))).to.deep.equal(["/userId"]);
    await post({ type: "admin", scopes: ["admin:read"] }).expect(400);
    const wanted = { name: "x", type: "agent", userId: grace };
    expect((await show((await make(wanted)).id)).userId).to.equal(grace);
    expect(
      errorPointers(
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

  it("inherit the restriction and the latest expiry of the token that creates them", async () => {
    const { secret } = await service.issueToken({
      ...{ type: "agent", scopes: ["connect:write"], userId: ada, environment: "staging" },
      expiresAt: new Date(Date.now() + 5 * dayMs),
    });
    const own = service.clientWithSecret(secret);
    const post = (body: object) => own.post("/api/tokens").send({ name: "x", ...body });
    await post({}).expect(403);
    await post({ environment: "production" }).expect(403);
    const response = await post({ environment: "staging" }).expect(201);
    trackSecret(response.body.token);
    expect(Date.parse(response.body.expiresAt)).to.be.at.most(Date.now() + 5 * dayMs);
    await post({ environment: "staging", expiresInDays: 6 }).expect(403);
  });

  it("stop working as soon as SCIM deactivates the user", async () => {
    const scim = await service.clientWithScopes(["admin:scim"]);
    const user = { schemas: [userUrn], userName: "leaver", active: true };
    const { id } = (await scim.post("/scim/v2/Users").send(user).expect(201)).body;
    const { secret } = await make({ type: "mcp", userId: id });
    await service.clientWithSecret(secret).get("/api/skills").expect(200);
    await scim
      .put(`/scim/v2/Users/${id}`)
      .send({ ...user, active: false })
      .expect(200);
    await service.clientWithSecret(secret).get("/api/skills").expect(401);
    await scim.put(`/scim/v2/Users/${id}`).send(user).expect(200);
    await service.clientWithSecret(secret).get("/api/skills").expect(401);
  });
});
