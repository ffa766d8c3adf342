import { randomUUID } from "node:crypto";
import { expect } from "chai";
import { toTokenStatus } from "../../../src/domain/tokens/status.ts";
import { tokens as tokenRecords } from "../../../src/store/collections.ts";
import { describeOnEngines } from "../../store/engines.fixture.ts";
import { trackSecret } from "../../support/secrets.ts";
import { type Agent, type Service, startService } from "../../support/service.ts";
import { errorPointers } from "./pointers.fixture.ts";
import { createTokenWith, readCreatedToken } from "./tokens.fixture.ts";

const dayMs = 86_400_000;

/** What `/api/tokens` promises to administrators of tokens, on every store. */
describeOnEngines("/api/tokens", (open) => {
  let service: Service;
  let admin: Agent;
  before(async () => {
    service = await startService({ open });
    admin = await service.clientWithScopes(["all"]);
  });
  after(() => service.dispose());

  const make = createTokenWith(() => admin);
  const show = async (id: string) => (await admin.get(`/api/tokens/${id}`).expect(200)).body;

  describe("search", () => {
    it("finds tokens by the beginning of the name, case-insensitively, and by the first characters of the secret", async () => {
      const { body } = await admin
        .post("/api/tokens")
        .send({ name: "Straße 7", scopes: ["admin:read"] })
        .expect(201);
      const prefix = trackSecret(body.token).slice(0, 12);
      const list = async (query: object): Promise<string[]> =>
        (await admin.get("/api/tokens").query(query).expect(200)).body.data.map(({ id }: { id: string }) => id);
      for (const query of [{ name: "STRAßE" }, { prefix }, { prefix: prefix.slice(0, 9), name: "s" }])
        expect(await list(query), JSON.stringify(query)).to.deep.equal([body.id]);
      for (const query of [{ name: "raße" }, { name: "%" }, { prefix: `${prefix.slice(0, 11)}_` }])
        expect(await list(query), JSON.stringify(query)).to.deep.equal([]);
      await admin.patch(`/api/tokens/${body.id}`).send({ name: "Renamed" }).expect(200);
      expect(await list({ name: "straße" })).to.deep.equal([]);
      expect(await list({ name: "rename" })).to.deep.equal([body.id]);
      expect((await admin.get(`/api/tokens/${body.id}`).expect(200)).body).to.not.have.property("normalizedName");
      for (const query of [{ name: "" }, { prefix: "x".repeat(13) }, { prefix: body.token }, { name: "\0" }])
        await admin.get("/api/tokens").query(query).expect(400);
    });
  });

  describe("limits", () => {
    it("count the characters of a name and a description as openapi.yaml does, not the units of UTF-16", async () => {
      const create = (characters: number) =>
        admin
          .post("/api/tokens")
          .send({ name: "🔐".repeat(characters), description: "🔐".repeat(5 * characters), scopes: ["admin:read"] });
      await create(200).expect(201);
      await create(201).expect(400);
    });
  });

  describe("rotation", () => {
    it("accepts a grace period of 0 to 604,800 seconds", async () => {
      const { id } = await make({ scopes: ["admin:read"] });
      for (const gracePeriodSeconds of [-1, 604_801, 1.5, "60", null]) {
        const response = await admin.post(`/api/tokens/${id}/rotate`).send({ gracePeriodSeconds }).expect(400);
        expect(errorPointers(response)).to.deep.equal(["/gracePeriodSeconds"]);
      }
      const first = readCreatedToken(
        await admin.post(`/api/tokens/${id}/rotate`).send({ gracePeriodSeconds: 604_800 }).expect(200),
      );
      const second = readCreatedToken(await admin.post(`/api/tokens/${id}/rotate`).send({}).expect(200));
      await service.clientWithSecret(first.secret).get("/api/users").expect(401);
      await service.clientWithSecret(second.secret).get("/api/users").expect(200);
    });

    it("keeps every secret in its grace period, 20 at most", async () => {
      const { id, secret: first } = await make({ scopes: ["admin:read"] });
      const secrets = [first];
      const rotate = async (gracePeriodSeconds: number, status = 200): Promise<string> => {
        const { body } = await admin.post(`/api/tokens/${id}/rotate`).send({ gracePeriodSeconds }).expect(status);
        if (status === 200) secrets.push(trackSecret(body.token));
        return body.detail;
      };
      const expectAll = async (current: number, previous: number): Promise<void> => {
        for (const [at, secret] of secrets.entries()) {
          const status = at === secrets.length - 1 ? current : previous;
          await service.clientWithSecret(secret).get("/api/whoami").expect(status);
        }
      };
      for (let rotation = 0; rotation < 20; rotation++) await rotate(3600);
      await expectAll(200, 200);
      expect(await rotate(3600, 409)).to.contain("20 previous secrets");
      await expectAll(200, 200);
      await rotate(0);
      await expectAll(200, 401);
      await rotate(3600);
      const { secrets: stored = [] } =
        (await service.store.for(service.organizationId).open(tokenRecords).get(id)) ?? {};
      expect(stored, "the current secret, the one in its grace period, and five that have ended").to.have.length(7);
    });

    it("changes only prefix and version", async () => {
      const { id, secret } = await make({ scopes: ["admin:read"], expiresInDays: 9, allowedIps: ["127.0.0.0/8"] });
      const before = await show(id);
      const { body } = await service.clientWithSecret(secret).post(`/api/tokens/${id}/rotate`).expect(200);
      const { token, ...rotated } = body;
      trackSecret(token);
      const changed = {
        prefix: token.slice(0, 12),
        masked: `${token.slice(0, 12)}*******`,
        version: before.version + 1,
      };
      expect(rotated).to.deep.equal({ ...before, ...changed, updatedAt: rotated.updatedAt });
      expect(token.slice(0, 12)).to.not.equal(secret.slice(0, 12));
    });

    it("returns 409 for an inactive token, 404 for an unknown one, 403 for an access token", async () => {
      const { id } = await make({ scopes: ["admin:read"] });
      await admin.delete(`/api/tokens/${id}`).expect(204);
      await admin.post(`/api/tokens/${id}/rotate`).expect(409);
      await admin.post(`/api/tokens/${id.replace(/.{10}$/, "0000000000")}/rotate`).expect(404);
      const client = await make({ scopes: ["admin:read"] });
      const form = { grant_type: "client_credentials", client_id: client.id, client_secret: client.secret };
      const { body } = await service.clientWithSecret().post("/oauth/token").type("form").send(form).expect(200);
      const access = service.clientWithSecret(trackSecret(body.access_token));
      const own = (await access.get("/api/whoami").expect(200)).body.token.id;
      await access.post(`/api/tokens/${own}/rotate`).expect(403);
    });
  });

  describe("an update with the token as it was read", () => {
    const makeOfEachKind = async () => {
      const user = await admin
        .post("/api/users")
        .send({ userName: `${randomUUID()}@example.com` })
        .expect(201);
      await admin
        .put("/api/mcp-servers/github")
        .send({ name: "GitHub", transport: "http", url: "https://example.com" });
      return [
        await make({ scopes: ["admin:read", "admin:scim"], expiresInDays: 9, allowedIps: ["127.0.0.0/8"] }),
        await make({ type: "scim", name: "Okta", description: "provisioning", expiresAt: null }),
        await make({
          type: "mcp",
          userId: user.body.id,
          environment: "production",
          mcpServers: ["github"],
          maxRisk: "read",
        }),
      ];
    };

    it("changes nothing, whatever its kind", async () => {
      for (const { id, secret } of await makeOfEachKind()) {
        await service.clientWithSecret(secret).get("/api/whoami");
        const { body: current, headers } = await admin.get(`/api/tokens/${id}`).expect(200);
        const { body } = await admin.patch(`/api/tokens/${id}`).set("if-match", String(headers["etag"])).send(current);
        expect(body).to.include({ id, version: current.version, updatedAt: current.updatedAt });
        const renamed = await admin
          .patch(`/api/tokens/${id}`)
          .send({ ...current, name: "renamed" })
          .expect(200);
        expect(renamed.body).to.include({ name: "renamed", version: current.version + 1 });
      }
    });

    it("is rejected with the field if one that never changes is different, also null or in addition", async () => {
      const [admins, , personal] = await makeOfEachKind();
      const different = {
        type: "agent",
        userId: "usr_other",
        environment: "staging",
        mcpServers: [],
        maxRisk: "write",
      };
      for (const [field, value] of Object.entries(different)) {
        for (const [id, sent] of [
          [admins?.id, value],
          [personal?.id, value],
          [personal?.id, null],
        ] as const) {
          const response = await admin
            .patch(`/api/tokens/${id}`)
            .send({ name: "other", [field]: sent })
            .expect(400);
          expect(errorPointers(response)).to.deep.equal([`/${field}`]);
        }
      }
      expect((await show(personal?.id ?? "")).name).to.not.equal("other");
      const absent = { userId: null, environment: null, mcpServers: null, maxRisk: null };
      await admin.patch(`/api/tokens/${admins?.id}`).send(absent).expect(200);
    });
  });

  it("applies the organization's rules for lifetime, type and default expiry", async () => {
    const ruled = await service.clientWithScopes(["all"], await service.createOrganization("ruled"));
    const tokenPolicy = { maxTtlDays: 30, defaultTtlDays: 7, allowedTypes: ["admin", "scim"] };
    await ruled.patch("/api/organization").send({ tokenPolicy }).expect(200);
    const post = (body: object) => ruled.post("/api/tokens").send({ name: "x", type: "scim", ...body });
    expect(errorPointers(await post({ expiresInDays: 31 }).expect(400))).to.deep.equal(["/expiresAt"]);
    expect(errorPointers(await post({ expiresAt: null }).expect(400))).to.deep.equal(["/expiresAt"]);
    expect(errorPointers(await post({ type: "mcp" }).expect(400))).to.deep.equal(["/type"]);
    const { body } = await post({}).expect(201);
    trackSecret(body.token);
    expect(Math.round((Date.parse(body.expiresAt) - Date.parse(body.createdAt)) / dayMs)).to.equal(7);
    await ruled.patch(`/api/tokens/${body.id}`).send({ expiresInDays: 31 }).expect(400);
    await ruled.patch(`/api/tokens/${body.id}`).send({ expiresInDays: 30 }).expect(200);
  });

  it("the status filter agrees with the status of each token and with its validity", async () => {
    const organization = await service.createOrganization("statuses");
    const { secret } = await service.issueToken({ scopes: ["all"] }, organization);
    const agent = service.clientWithSecret(secret);
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
      const { id } = await service.issueToken({ scopes: ["admin:read"] }, organization);
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
      const expected = items.filter((token) => toTokenStatus(token) === status).map(({ id }) => id);
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

  it("rejects an expiry after the year 9999 in UTC, which no database sorts correctly", async () => {
    const { id } = await make({ scopes: ["admin:read"] });
    for (const expiresAt of ["9999-12-31T23:59:59-14:00", "9999-12-31T23:59:59.999-00:01"]) {
      const created = await admin
        .post("/api/tokens")
        .send({ name: "far", scopes: ["admin:read"], expiresAt })
        .expect(400);
      expect(created.body.detail).to.match(/^expiresAt must be before the year 10000/);
      await admin.patch(`/api/tokens/${id}`).send({ expiresAt }).expect(400);
      await admin.get("/api/tokens").query({ expiresBefore: expiresAt }).expect(400);
      await admin.get("/api/audit-events").query({ from: expiresAt }).expect(400);
    }
    await admin.patch(`/api/tokens/${id}`).send({ expiresAt: "9999-12-31T23:59:59.999Z" }).expect(200);
    expect((await show(id)).status).to.equal("active");
  });

  it("shows until when the previous secret is valid, in the response of a rotation and in the token", async () => {
    const { id } = await make({ scopes: ["admin:read"] });
    expect((await show(id)).previousSecretExpiresAt).to.equal(null);
    const { body } = await admin.post(`/api/tokens/${id}/rotate`).send({ gracePeriodSeconds: 3600 }).expect(200);
    trackSecret(body.token);
    expect(Date.parse(body.previousSecretExpiresAt) - Date.now()).to.be.within(3_590_000, 3_600_000);
    expect((await show(id)).previousSecretExpiresAt).to.equal(body.previousSecretExpiresAt);
    const next = await admin.post(`/api/tokens/${id}/rotate`).expect(200);
    trackSecret(next.body.token);
    expect(next.body.previousSecretExpiresAt).to.equal(null);
  });

  it("sends X-Token-Expires-At from 7 days before the expiry, on every API", async () => {
    for (const [expiresInDays, isSaid] of [
      [6, true],
      [8, false],
    ] as const) {
      const { id, secret } = await make({ scopes: ["admin:write"], expiresInDays });
      const { expiresAt } = await show(id);
      const agent = service.clientWithSecret(secret);
      for (const path of ["/api/users", "/api/users/nobody", "/api/policies", "/scim/v2/Users", "/scim/v2/Users/x"]) {
        const { headers } = await agent.get(path);
        expect(headers["x-token-expires-at"], path).to.equal(isSaid ? expiresAt : undefined);
      }
    }
  });

  it("reports a wrong token type on /scim too, and an invalid version with 412", async () => {
    const { id, secret, etag } = await make({ type: "mcp" });
    const { body } = await service.clientWithSecret(secret).get("/scim/v2/Users").expect(403);
    expect(body.detail).to.contain("a token of type mcp cannot have");
    await admin.patch(`/api/tokens/${id}`).set("If-Match", '"99"').send({ name: "x" }).expect(412);
    await admin.patch(`/api/tokens/${id}`).set("If-Match", etag).send({ name: "x" }).expect(200);
    await admin.delete(`/api/tokens/${id}`).set("If-Match", etag).expect(412);
    await admin.delete(`/api/tokens/${id}`).expect(204);
  });

  it("counts failed authentications by their reason", async () => {
    const { id, secret } = await make({ scopes: ["admin:read"] });
    await admin.patch(`/api/tokens/${id}`).send({ enabled: false }).expect(200);
    for (let count = 0; count < 3; count++) await service.clientWithSecret(secret).get("/api/users").expect(401);
    let shown = await show(id);
    while (shown.failedCount < 3) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      shown = await show(id);
    }
    expect(shown).to.deep.include({ failedCount: 3, failures: { disabled: 3 }, requestCount: 0, lastUsedAt: null });
  });
});
