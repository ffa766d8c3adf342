import { expect } from "chai";
import { statusOf } from "../../../src/domain/tokens/status.ts";
import { tokens as tokenRecords } from "../../../src/store/collections.ts";
import { engines } from "../../store/engines.ts";
import { remember } from "../../support/secrets.ts";
import { type Agent, type Service, startService } from "../../support/service.ts";
import { pointers } from "./pointers.ts";
import { made, makeWith } from "./token-made.ts";

const dayMs = 86_400_000;

/** What `/api/tokens` promises whoever manages tokens, on every store. */
for (const { name: engine, open } of engines) {
  describe(`/api/tokens on ${engine}`, () => {
    let service: Service;
    let admin: Agent;
    before(async () => {
      service = await startService({ open });
      admin = await service.as(["all"]);
    });
    after(() => service.dispose());

    const make = makeWith(() => admin);
    const show = async (id: string) => (await admin.get(`/api/tokens/${id}`).expect(200)).body;

    describe("rotation", () => {
      it("takes a grace of 0 to 604,800 seconds", async () => {
        const { id } = await make({ scopes: ["admin:read"] });
        for (const gracePeriodSeconds of [-1, 604_801, 1.5, "60", null]) {
          const answer = await admin.post(`/api/tokens/${id}/rotate`).send({ gracePeriodSeconds }).expect(400);
          expect(pointers(answer)).to.deep.equal(["/gracePeriodSeconds"]);
        }
        const first = made(
          await admin.post(`/api/tokens/${id}/rotate`).send({ gracePeriodSeconds: 604_800 }).expect(200),
        );
        const second = made(await admin.post(`/api/tokens/${id}/rotate`).send({}).expect(200));
        await service.with(first.secret).get("/api/users").expect(401);
        await service.with(second.secret).get("/api/users").expect(200);
      });

      it("changes prefix and version, and nothing else that is shown", async () => {
        const { id, secret } = await make({ scopes: ["admin:read"], expiresInDays: 9, allowedIps: ["127.0.0.0/8"] });
        const before = await show(id);
        const { body } = await service.with(secret).post(`/api/tokens/${id}/rotate`).expect(200);
        const { token, ...rotated } = body;
        remember(token);
        const changed = {
          prefix: token.slice(0, 12),
          masked: `${token.slice(0, 12)}*******`,
          version: before.version + 1,
        };
        expect(rotated).to.deep.equal({ ...before, ...changed, updatedAt: rotated.updatedAt });
        expect(token.slice(0, 12)).to.not.equal(secret.slice(0, 12));
      });

      it("is 409 for one that is over, 404 for one that is not there, 403 for an access token", async () => {
        const { id } = await make({ scopes: ["admin:read"] });
        await admin.delete(`/api/tokens/${id}`).expect(204);
        await admin.post(`/api/tokens/${id}/rotate`).expect(409);
        await admin.post(`/api/tokens/${id.replace(/.{10}$/, "0000000000")}/rotate`).expect(404);
        const client = await make({ scopes: ["admin:read"] });
        const form = { grant_type: "client_credentials", client_id: client.id, client_secret: client.secret };
        const { body } = await service.with().post("/oauth/token").type("form").send(form).expect(200);
        const access = service.with(remember(body.access_token));
        const own = (await access.get("/api/whoami").expect(200)).body.token.id;
        await access.post(`/api/tokens/${own}/rotate`).expect(403);
      });
    });

    it("the organization's rules bound life and types, and say how long a token lives when nothing is said", async () => {
      const ruled = await service.as(["all"], await service.organization("ruled"));
      const tokenPolicy = { maxTtlDays: 30, defaultTtlDays: 7, allowedTypes: ["admin", "scim"] };
      await ruled.patch("/api/organization").send({ tokenPolicy }).expect(200);
      const post = (body: object) => ruled.post("/api/tokens").send({ name: "x", type: "scim", ...body });
      expect(pointers(await post({ expiresInDays: 31 }).expect(400))).to.deep.equal(["/expiresAt"]);
      expect(pointers(await post({ expiresAt: null }).expect(400))).to.deep.equal(["/expiresAt"]);
      expect(pointers(await post({ type: "mcp" }).expect(400))).to.deep.equal(["/type"]);
      const { body } = await post({}).expect(201);
      remember(body.token);
      expect(Math.round((Date.parse(body.expiresAt) - Date.parse(body.createdAt)) / dayMs)).to.equal(7);
      await ruled.patch(`/api/tokens/${body.id}`).send({ expiresInDays: 31 }).expect(400);
      await ruled.patch(`/api/tokens/${body.id}`).send({ expiresInDays: 30 }).expect(200);
    });

    it("lists by status agree with what each token shows, and with what it is worth", async () => {
      const organization = await service.organization("statuses");
      const { secret } = await service.issue({ scopes: ["all"] }, organization);
      const agent = service.with(secret);
      const past = new Date(Date.now() - dayMs).toISOString();
      const changes = [
        {},
        { enabled: false },
        { expiresAt: past },
        { revokedAt: past },
        { enabled: false, expiresAt: past },
        { revokedAt: past, expiresAt: past },
      ];
      for (const change of changes) {
        const { id } = await service.issue({ scopes: ["admin:read"] }, organization);
        await service.store.transaction(async (writing) => {
          const records = writing.for(organization).open(tokenRecords);
          const token = await records.get(id);
          if (token) await records.replace({ ...token, ...change }, "any");
        });
      }
      const { items } = await service.store.for(organization).open(tokenRecords).list({ limit: 100 });
      let seen = 0;
      for (const status of ["active", "disabled", "expired", "revoked"] as const) {
        const { body } = await agent.get("/api/tokens").query({ status }).expect(200);
        for (const each of body.data) expect(each.status).to.equal(status);
        const expected = items.filter((token) => statusOf(token) === status).map(({ id }) => id);
        expect(body.data.map(({ id }: { id: string }) => id)).to.deep.equal(expected);
        seen += expected.length;
      }
      expect(seen).to.equal(items.length);
      const { body: ending } = await agent
        .get("/api/tokens")
        .query({ expiresBefore: new Date().toISOString() })
        .expect(200);
      expect(ending.data, "what has ended ends no more").to.deep.equal([]);
    });

    it("X-Token-Expires-At stands in every answer to a token that ends within 7 days, at each door", async () => {
      for (const [expiresInDays, isSaid] of [
        [6, true],
        [8, false],
      ] as const) {
        const { id, secret } = await make({ scopes: ["admin:write"], expiresInDays });
        const { expiresAt } = await show(id);
        const agent = service.with(secret);
        for (const path of ["/api/users", "/api/users/nobody", "/api/policies", "/scim/v2/Users", "/scim/v2/Users/x"]) {
          const { headers } = await agent.get(path);
          expect(headers["x-token-expires-at"], path).to.equal(isSaid ? expiresAt : undefined);
        }
      }
    });

    it("a token of the wrong type is told so at /scim too, and what is wrong with a version by 412", async () => {
      const { id, secret, etag } = await make({ type: "mcp" });
      const { body } = await service.with(secret).get("/scim/v2/Users").expect(403);
      expect(body.detail).to.contain("a token of type mcp cannot have");
      await admin.patch(`/api/tokens/${id}`).set("If-Match", '"99"').send({ name: "x" }).expect(412);
      await admin.patch(`/api/tokens/${id}`).set("If-Match", etag).send({ name: "x" }).expect(200);
      await admin.delete(`/api/tokens/${id}`).set("If-Match", etag).expect(412);
      await admin.delete(`/api/tokens/${id}`).expect(204);
    });

    it("a failed attempt is counted under its reason, some seconds later", async () => {
      const { id, secret } = await make({ scopes: ["admin:read"] });
      await admin.patch(`/api/tokens/${id}`).send({ enabled: false }).expect(200);
      for (let count = 0; count < 3; count++) await service.with(secret).get("/api/users").expect(401);
      let shown = await show(id);
      while (shown.failedCount < 3) {
        await new Promise((resolve) => setTimeout(resolve, 100));
        shown = await show(id);
      }
      expect(shown).to.deep.include({ failedCount: 3, failures: { disabled: 3 }, requestCount: 0, lastUsedAt: null });
    });
  });
}
