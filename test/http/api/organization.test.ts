import { expect } from "chai";
import { organizations, serviceTenant } from "../../../src/store/collections.ts";
import { describeOnEngines } from "../../store/engines.fixture.ts";
import { type Agent, type Service, startService } from "../../support/service.ts";
import { errorPointers } from "./pointers.fixture.ts";

const authExchange = {
  jwksUri: "https://idp.example/keys",
  issuer: "https://idp.example",
  audience: "gatehouse",
  algorithms: ["RS256"],
};

describeOnEngines("/api/organization", (open) => {
  let service: Service;
  let admin: Agent;
  before(async () => {
    service = await startService({ open });
    admin = await service.clientWithScopes(["admin:write"]);
  });
  after(() => service.dispose());

  it("returns the organization of the credential", async () => {
    const other = await service.createOrganization("other");
    const stranger = await service.clientWithScopes(["admin:write"], other);
    const { body } = await stranger.get("/api/organization").expect(200);
    expect(body).to.deep.include({ id: other, slug: "other", name: "other", version: 1 });
    await stranger.patch("/api/organization").send({ name: "Renamed" }).expect(200);
    const ours = await admin.get("/api/organization").expect(200);
    expect(ours.body).to.deep.include({ id: service.organizationId, slug: "default", name: "Default" });
  });

  it("PATCH removes null fields, and creates no version if nothing changes", async () => {
    const { body } = await admin.patch("/api/organization").send({ name: "Acme", authExchange }).expect(200);
    expect(body).to.deep.include({ name: "Acme", authExchange });
    const same = await admin.patch("/api/organization").send({ authExchange }).expect(200);
    expect(same.body).to.deep.equal(body);
    const part = await admin
      .patch("/api/organization")
      .send({ authExchange: { audience: "b" } })
      .expect(200);
    expect(part.body.authExchange).to.deep.equal({ ...authExchange, audience: "b" });
    const without = await admin.patch("/api/organization").send({ authExchange: null }).expect(200);
    expect(without.body).to.not.have.property("authExchange");
    expect(without.body.version).to.equal(body.version + 2);
  });

  it("PUT replaces as a whole; sending what GET returned changes nothing", async () => {
    await admin.patch("/api/organization").send({ name: "Whole", authExchange }).expect(200);
    const read = await admin.get("/api/organization").expect(200);
    const same = await admin.put("/api/organization").send(read.body).expect(200);
    expect(same.body).to.deep.equal(read.body);
    const { body } = await admin.put("/api/organization").send({ name: "Bare" }).expect(200);
    expect(body).to.not.have.property("authExchange");
    expect(errorPointers(await admin.put("/api/organization").send({}).expect(400))).to.deep.equal(["/name"]);
  });

  it("rejects a default lifetime of tokens above the longest one, and keeps one that is stored already", async () => {
    const patch = (tokenPolicy: object) => admin.patch("/api/organization").send({ tokenPolicy });
    await patch({ defaultTtlDays: 30, maxTtlDays: 30 }).expect(200);
    for (const tokenPolicy of [{ maxTtlDays: 29 }, { defaultTtlDays: 31 }, { defaultTtlDays: 400, maxTtlDays: 399 }]) {
      const rejected = await patch(tokenPolicy).expect(400);
      expect(errorPointers(rejected)).to.deep.equal(["/tokenPolicy/defaultTtlDays"]);
      const { defaultTtlDays, maxTtlDays } = { defaultTtlDays: 30, maxTtlDays: 30, ...tokenPolicy };
      expect(rejected.body.detail).to.equal(
        `tokenPolicy.defaultTtlDays (${defaultTtlDays}) must not be greater than tokenPolicy.maxTtlDays (${maxTtlDays}).`,
      );
    }

    // As a release that did not check it has stored it.
    const stored = { defaultTtlDays: 90, maxTtlDays: 7 };
    await service.store.transaction(async (tx) => {
      const writer = tx.for(serviceTenant).open(organizations);
      const organization = await writer.get(service.organizationId);
      if (organization) await writer.replace({ ...organization, tokenPolicy: stored }, "any");
    });
    const read = await admin.get("/api/organization").expect(200);
    expect(read.body.tokenPolicy).to.deep.equal(stored);
    await admin.put("/api/organization").send(read.body).expect(200);
    const renamed = await admin.patch("/api/organization").send({ name: "Other" }).expect(200);
    expect(renamed.body).to.deep.include({ name: "Other", tokenPolicy: stored });
    const { body } = await (await service.clientWithScopes(["all"]))
      .post("/api/tokens")
      .send({ name: "x", scopes: ["admin:read"] })
      .expect(201);
    expect(Date.parse(body.expiresAt)).to.be.closeTo(Date.now() + 7 * 86_400_000, 60_000);
    await patch({ allowedTypes: ["admin"] }).expect(400);
    await admin.patch("/api/organization").send({ tokenPolicy: null }).expect(200);
  });

  it("rejects a default lifetime of tokens above that of the installation", async () => {
    const limited = await startService({ open, environment: { TOKEN_MAX_TTL_DAYS: "60" } });
    try {
      const client = await limited.clientWithScopes(["admin:write"]);
      const patch = (defaultTtlDays: number) =>
        client.patch("/api/organization").send({ tokenPolicy: { defaultTtlDays } });
      await patch(60).expect(200);
      const { body } = await patch(61).expect(400);
      expect(body.detail).to.equal(
        "tokenPolicy.defaultTtlDays (61) must not be greater than TOKEN_MAX_TTL_DAYS of the installation (60).",
      );
    } finally {
      await limited.dispose();
    }
  });

  it("rejects invalid fields and another slug", async () => {
    const wrong = async (body: object) => errorPointers(await admin.patch("/api/organization").send(body).expect(400));
    expect(await wrong({ name: " " })).to.deep.equal(["/name"]);
    expect(await wrong({ name: null })).to.deep.equal(["/name"]);
    expect(await wrong({ slug: "moved" })).to.deep.equal(["/slug"]);
    expect(await wrong({ color: "red" })).to.deep.equal(["/color"]);
    expect(await wrong({ authExchange: { ...authExchange, jwksUri: "file:///etc/passwd" } })).to.deep.equal([
      "/authExchange/jwksUri",
    ]);
    expect(await wrong({ authExchange: { ...authExchange, algorithms: ["HS256"] } })).to.deep.equal([
      "/authExchange/algorithms/0",
    ]);
    expect(await wrong({ authExchange: { ...authExchange, algorithms: ["none"] } })).to.deep.equal([
      "/authExchange/algorithms/0",
    ]);
  });

  it("ignores server fields", async () => {
    const before = await admin.get("/api/organization").expect(200);
    const forged = { id: "org_x", version: 99, createdAt: "2001-01-01T00:00:00.000Z", slug: "default" };
    const { body } = await admin.patch("/api/organization").send(forged).expect(200);
    expect(body).to.deep.equal(before.body);
  });

  it("honors If-Match; one of two concurrent changes succeeds", async () => {
    const { headers } = await admin.get("/api/organization").expect(200);
    const etag = headers["etag"] ?? "";
    await admin.get("/api/organization").set("If-None-Match", etag).expect(304);
    const races = await Promise.all(
      Array.from({ length: 6 }, (_, at) =>
        admin
          .patch("/api/organization")
          .set("If-Match", etag)
          .send({ name: `Name ${at}` }),
      ),
    );
    expect(races.map(({ status }) => status).sort()).to.deep.equal([200, 412, 412, 412, 412, 412]);
    await admin.put("/api/organization").set("If-Match", etag).send({ name: "Late" }).expect(412);
    await admin.get("/api/organization").set("If-None-Match", etag).expect(200);
  });

  it("requires admin:read and admin:write, and has no user's view", async () => {
    const reader = await service.clientWithScopes(["admin:read"]);
    await reader.get("/api/organization").expect(200);
    for (const method of ["put", "patch"] as const) {
      const { body } = await reader[method]("/api/organization").send({ name: "N" }).expect(403);
      expect(body.scopes).to.deep.equal(["admin:write"]);
    }
    await (await service.clientWithScopes(["connect:write"])).get("/api/organization").expect(403);
    const all = await service.clientWithScopes(["all"]);
    await all.get("/api/organization").set("x-user-email", "anybody").expect(403);
    await admin.delete("/api/organization").expect(405);
  });

  it("records an audit event for each change, with before and after", async () => {
    await admin.patch("/api/organization").send({ name: "Before" }).expect(200);
    await admin.patch("/api/organization").send({ name: "After", authExchange }).expect(200);
    const query = { action: "organization.update", targetId: service.organizationId, limit: 1 };
    const { body } = await admin.get("/api/audit-events").query(query).expect(200);
    expect(body.data[0].before).to.deep.equal({ name: "Before" });
    expect(body.data[0].after).to.deep.equal({ name: "After", authExchange });
  });
});
