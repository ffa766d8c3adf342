import { expect } from "chai";
import { mintSecret } from "../../../src/domain/tokens/issue/format.ts";
import { describeOnEngines } from "../../store/engines.fixture.ts";
import { trackSecret } from "../../support/secrets.ts";
import { type Agent, type Service, startService } from "../../support/service.ts";
import { errorPointers } from "./pointers.fixture.ts";

/** What happens to a token that was found in a public place. */
describeOnEngines("POST /api/tokens/report", (open) => {
  const authSecret = "auth-secret-0123456789-0123456789";
  let service: Service;
  let admin: Agent;
  let finder: Agent;
  before(async () => {
    service = await startService({ open, environment: { AUTH_SECRET: authSecret, RATE_LIMIT: "failures=40/86400" } });
    admin = await service.clientWithScopes(["all"]);
    finder = service.clientWithSecret();
  });
  after(() => service.dispose());

  const report = (token: string, more: object = {}) =>
    finder
      .post("/api/tokens/report")
      .set("X-Request-Id", "found")
      .send({ token, ...more });
  const events = async (query: object) =>
    (await admin.get("/api/audit-events").query(query).expect(200)).body.data.toReversed();

  it("revokes the token, records where it was found, and reveals nothing to the finder", async () => {
    const { id, secret } = await service.issueToken({ scopes: ["admin:read"] });
    await service.clientWithSecret(secret).get("/api/users").expect(200);
    const response = await report(secret, { url: "https://paste.example/42" }).expect(204);
    expect(response.text).to.equal("");
    await service.clientWithSecret(secret).get("/api/users").expect(401);
    expect((await admin.get(`/api/tokens/${id}`).expect(200)).body.status).to.equal("revoked");
    const reportEvents = await events({ targetId: id });
    expect(reportEvents.map(({ action }: { action: string }) => action)).to.have.members([
      ...["token.create", "token.report", "token.revoke"],
    ]);
    const [reported] = await events({ targetId: id, action: "token.report" });
    expect(reported).to.deep.include({ actor: { type: "service" }, requestId: "found", ip: "127.0.0.1" });
    expect(reported.details).to.deep.equal({ url: "https://paste.example/42", secret: "current" });
  });

  it("returns the same response for valid, inactive, unknown, malformed and repeated tokens", async () => {
    const { secret } = await service.issueToken({ scopes: ["admin:read"] });
    const responses = [];
    for (const token of [secret, secret, mintSecret("wxt"), "junk", "x".repeat(512), authSecret]) {
      const { status, text, headers } = await report(token);
      const { date: _, ...fixed } = headers;
      responses.push(JSON.stringify({ status, text, fixed }));
    }
    expect(new Set(responses).size).to.equal(1);
    expect(responses[0]).to.contain('"status":204');
  });

  it("revokes derived tokens too, and even the last token with full access", async () => {
    const organization = await service.createOrganization("leaky");
    const { id, secret } = await service.issueToken({ scopes: ["all"] }, organization);
    const form = { grant_type: "client_credentials", client_id: id, client_secret: secret };
    const { body: access } = await service.clientWithSecret().post("/oauth/token").type("form").send(form).expect(200);
    const child = service.clientWithSecret(access.access_token);
    await child.get("/api/whoami").expect(200);
    await report(secret).expect(204);
    await child.get("/api/whoami").expect(401);
  });

  it("does not revoke a token by a previous secret, and records it once", async () => {
    const { id, secret } = await service.issueToken({ scopes: ["admin:read"] });
    const { body: rotated } = await service.clientWithSecret(secret).post(`/api/tokens/${id}/rotate`).expect(200);
    for (let count = 0; count < 3; count++) await report(secret).expect(204);
    await service.clientWithSecret(rotated.token).get("/api/users").expect(200);
    const reportEvents = await events({ targetId: id, action: "token.report" });
    expect(reportEvents.map(({ details }: { details: object }) => details)).to.deep.equal([{ secret: "superseded" }]);
    await report(rotated.token).expect(204);
    await service.clientWithSecret(rotated.token).get("/api/users").expect(401);
  });

  it("revokes the token by its previous secret during the grace period of a rotation", async () => {
    const { id, secret } = await service.issueToken({ scopes: ["admin:read"] });
    const { body: rotated } = await service
      .clientWithSecret(secret)
      .post(`/api/tokens/${id}/rotate`)
      .send({ gracePeriodSeconds: 3600 })
      .expect(200);
    await report(secret).expect(204);
    for (const each of [secret, rotated.token]) await service.clientWithSecret(each).get("/api/users").expect(401);
  });

  it("alerts the operator of a reported AUTH_SECRET", async () => {
    const reportEvents = await events({ action: "auth-secret.report" });
    expect(reportEvents).to.have.length(1);
    expect(reportEvents[0].details.fix).to.contain("AUTH_SECRET");
  });

  it("rejects other bodies and methods, and keeps credentials in the url out of the event", async () => {
    for (const body of [{}, { token: "" }, { token: 5 }, { token: "x", color: "red" }, { token: "x", url: "no" }, []]) {
      await finder.post("/api/tokens/report").send(body).expect(400);
    }
    await finder.post("/api/tokens/report?token=x").send({ token: "x" }).expect(400);
    await finder.get("/api/tokens/report").expect(405);
    await finder
      .post("/api/tokens/report")
      .set("Content-Type", "application/json")
      .send(JSON.stringify({ token: "x", url: `https://x.example/${"y".repeat(20_000)}` }))
      .expect(413);
    const { id, secret } = await service.issueToken({ scopes: ["admin:read"] });
    await report(secret, { url: `https://paste.example/?token=${secret}` }).expect(204);
    const [event] = await events({ targetId: id, action: "token.report" });
    expect(event.details.url).to.match(/^https:\/\/paste\.example\/\?token=/);
  });

  it("counts requests by address", async () => {
    let last = 204;
    for (let count = 0; count < 60 && last === 204; count++) last = (await report("junk")).status;
    expect(last).to.equal(429);
    await admin.get("/api/whoami").expect(200);
  });
});

describeOnEngines("POST /api/tokens/lookup", (open) => {
  let service: Service;
  let admin: Agent;
  before(async () => {
    service = await startService({ open });
    admin = await service.clientWithScopes(["admin:tokens", "admin:read"]);
  });
  after(() => service.dispose());

  const lookUp = (token: unknown) => admin.post("/api/tokens/lookup").send({ token });

  it("returns the token of a secret as it is read by its id, whatever its status", async () => {
    const { id, secret } = await service.issueToken({ scopes: ["admin:read"] });
    const readById = async () => (await admin.get(`/api/tokens/${id}`).expect(200)).body;
    expect((await lookUp(secret).expect(200)).body).to.deep.equal(await readById());
    const rotation = await admin.post(`/api/tokens/${id}/rotate`).send({ gracePeriodSeconds: 60 }).expect(200);
    trackSecret(rotation.body.token);
    for (const each of [secret, rotation.body.token]) expect((await lookUp(each).expect(200)).body.id).to.equal(id);
    await admin.delete(`/api/tokens/${id}`).expect(204);
    expect((await lookUp(secret).expect(200)).body)
      .to.deep.equal(await readById())
      .and.include({ status: "revoked" });
  });

  it("returns 404, the same for an unknown secret and for a token of another organization", async () => {
    const other = await service.createOrganization("other");
    const foreign = await service.issueToken({ scopes: ["admin:read"] }, other);
    const bodies = [];
    for (const secret of [foreign.secret, mintSecret("wxt"), "junk", "x".repeat(512)]) {
      const { body } = await lookUp(secret).set("X-Request-Id", "search").expect(404);
      bodies.push(body);
    }
    for (const body of bodies) expect(body).to.deep.equal(bodies[0]);
  });

  it("needs the scope admin:tokens, and a secret in the body", async () => {
    const { secret } = await service.issueToken({ scopes: ["admin:write"] });
    const reader = service.clientWithSecret(secret);
    await reader.post("/api/tokens/lookup").send({ token: secret }).expect(403);
    for (const token of ["", "x".repeat(513), null, { $ne: "" }])
      expect(errorPointers(await lookUp(token).expect(400))).to.deep.equal(["/token"]);
  });
});
