import { expect } from "chai";
import { mintSecret } from "../../../src/domain/tokens/format.ts";
import { engines } from "../../store/engines.ts";
import { type Agent, type Service, startService } from "../../support/service.ts";

/** What becomes of a token that somebody has found in a public place. */
for (const { name: engine, open } of engines) {
  describe(`POST /api/tokens/report on ${engine}`, () => {
    const authSecret = "auth-secret-0123456789-0123456789";
    let service: Service;
    let admin: Agent;
    let finder: Agent;
    before(async () => {
      service = await startService({ open, environment: { AUTH_SECRET: authSecret, RATE_LIMIT: "failures=40/60" } });
      admin = await service.as(["all"]);
      finder = service.with();
    });
    after(() => service.dispose());

    const report = (token: string, more: object = {}) =>
      finder
        .post("/api/tokens/report")
        .set("X-Request-Id", "found")
        .send({ token, ...more });
    const events = async (query: object) =>
      (await admin.get("/api/audit-events").query(query).expect(200)).body.data.toReversed();

    it("revokes it at once, with an event that says where it was found, and tells the finder nothing", async () => {
      const { id, secret } = await service.issue({ scopes: ["admin:read"] });
      await service.with(secret).get("/api/users").expect(200);
      const answer = await report(secret, { url: "https://paste.example/42" }).expect(204);
      expect(answer.text).to.equal("");
      await service.with(secret).get("/api/users").expect(401);
      expect((await admin.get(`/api/tokens/${id}`).expect(200)).body.status).to.equal("revoked");
      const told = await events({ targetId: id });
      expect(told.map(({ action }: { action: string }) => action)).to.have.members([
        ...["token.create", "token.report", "token.revoke"],
      ]);
      const [reported] = await events({ targetId: id, action: "token.report" });
      expect(reported).to.deep.include({ actor: { type: "service" }, requestId: "found", ip: "127.0.0.1" });
      expect(reported.details).to.deep.equal({ url: "https://paste.example/42", secret: "current" });
    });

    it("answers alike to the byte for one that is good, over, unknown, malformed, or the same again", async () => {
      const { secret } = await service.issue({ scopes: ["admin:read"] });
      const answers = [];
      for (const token of [secret, secret, mintSecret("wxt"), "junk", "x".repeat(512), authSecret]) {
        const { status, text, headers } = await report(token);
        const { date: _, ...fixed } = headers;
        answers.push(JSON.stringify({ status, text, fixed }));
      }
      expect(new Set(answers).size).to.equal(1);
      expect(answers[0]).to.contain('"status":204');
    });

    it("ends what was made with it too, and the last token that may do everything", async () => {
      const organization = await service.organization("leaky");
      const { id, secret } = await service.issue({ scopes: ["all"] }, organization);
      const form = { grant_type: "client_credentials", client_id: id, client_secret: secret };
      const { body: access } = await service.with().post("/oauth/token").type("form").send(form).expect(200);
      const child = service.with(access.access_token);
      await child.get("/api/whoami").expect(200);
      await report(secret).expect(204);
      await child.get("/api/whoami").expect(401);
    });

    it("leaves a token alone whose secret was rotated out before, and notes it once", async () => {
      const { id, secret } = await service.issue({ scopes: ["admin:read"] });
      const { body: rotated } = await service.with(secret).post(`/api/tokens/${id}/rotate`).expect(200);
      for (let count = 0; count < 3; count++) await report(secret).expect(204);
      await service.with(rotated.token).get("/api/users").expect(200);
      const told = await events({ targetId: id, action: "token.report" });
      expect(told.map(({ details }: { details: object }) => details)).to.deep.equal([{ secret: "superseded" }]);
      await report(rotated.token).expect(204);
      await service.with(rotated.token).get("/api/users").expect(401);
    });

    it("within the grace of a rotation the secret still opens the token, which ends with it", async () => {
      const { id, secret } = await service.issue({ scopes: ["admin:read"] });
      const { body: rotated } = await service
        .with(secret)
        .post(`/api/tokens/${id}/rotate`)
        .send({ gracePeriodSeconds: 3600 })
        .expect(200);
      await report(secret).expect(204);
      for (const each of [secret, rotated.token]) await service.with(each).get("/api/users").expect(401);
    });

    it("tells the operator of a reported AUTH_SECRET, which nobody else can change", async () => {
      const told = await events({ action: "auth-secret.report" });
      expect(told).to.have.length(1);
      expect(told[0].details.mend).to.contain("AUTH_SECRET");
    });

    it("refuses other bodies and methods, and keeps credentials that stand in the url out of the event", async () => {
      for (const body of [
        {},
        { token: "" },
        { token: 5 },
        { token: "x", colour: "red" },
        { token: "x", url: "no" },
        [],
      ]) {
        await finder.post("/api/tokens/report").send(body).expect(400);
      }
      await finder.post("/api/tokens/report?token=x").send({ token: "x" }).expect(400);
      await finder.get("/api/tokens/report").expect(405);
      await finder
        .post("/api/tokens/report")
        .set("Content-Type", "application/json")
        .send(JSON.stringify({ token: "x", url: `https://x.example/${"y".repeat(20_000)}` }))
        .expect(413);
      const { id, secret } = await service.issue({ scopes: ["admin:read"] });
      await report(secret, { url: `https://paste.example/?token=${secret}` }).expect(204);
      const [event] = await events({ targetId: id, action: "token.report" });
      expect(event.details.url).to.match(/^https:\/\/paste\.example\/\?token=/);
    });

    it("is counted for the address it comes from", async () => {
      let last = 204;
      for (let count = 0; count < 60 && last === 204; count++) last = (await report("junk")).status;
      expect(last).to.equal(429);
      await admin.get("/api/whoami").expect(200);
    });
  });
}
