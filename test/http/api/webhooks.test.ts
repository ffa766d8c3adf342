import { randomBytes } from "node:crypto";
import { expect } from "chai";
import { describeOnEngines } from "../../store/engines.fixture.ts";
import { trackSecret } from "../../support/secrets.ts";
import { type Agent, type Service, startService } from "../../support/service.ts";
import { listSigningSecrets, startWebhookReceiver, type WebhookReceiver } from "../../support/webhook-receiver.ts";

describeOnEngines("/api/webhooks", (open) => {
  let service: Service;
  let receiver: WebhookReceiver;
  let admin: Agent;
  before(async () => {
    receiver = await startWebhookReceiver();
    const CREDENTIAL_KEY = randomBytes(32).toString("base64");
    service = await startService({ open, environment: { CREDENTIAL_KEY, UPSTREAM_ALLOW: "127.0.0.1" } });
    admin = await service.clientWithScopes(["admin:write"]);
  });
  after(async () => {
    await service.dispose();
    await receiver.close();
  });

  /** A response with a secret is read past the check of the test client, and the secret is tracked from then on. */
  const issued = (body: { readonly secret: string }) => {
    trackSecret(body.secret);
    return body.secret;
  };
  const content = (more: object = {}) => ({ url: receiver.url, actions: ["group.*"], ...more });

  it("PUT creates a webhook and shows its secret, and changes nothing the second time", async () => {
    const created = await admin.put("/api/webhooks/siem").send(content()).expect(201);
    expect(issued(created.body)).to.match(/^whsec_/);
    expect(created.body).to.deep.include({ slug: "siem", enabled: true, version: 1, previousSecretExpiresAt: null });
    expect(created.headers["location"]).to.match(/\/api\/webhooks\/whk_/);
    const again = await admin.put("/api/webhooks/siem").send(content()).expect(200);
    expect(again.body).to.not.have.property("secret");
    expect(again.body.version).to.equal(1);
    const { body } = await admin.get(`/api/webhooks/${created.body.id}`).expect(200);
    expect(body).to.not.have.property("secret");
    expect(body.delivery).to.include({ lastFailure: null, nextAttemptAt: null });
  });

  it("delivers events within a second or two, without a request for it", async () => {
    await admin.post("/api/groups").send({ displayName: "Delivered" }).expect(201);
    await receiver.waitFor(1);
    expect(receiver.messages[0]?.body).to.include({ type: "group.create" });
    expect(receiver.messages[0]?.body.data.after).to.include({ displayName: "Delivered" });
  });

  it("accepts what GET returns as the body of PUT, by slug and by id", async () => {
    const { body } = await admin.get("/api/webhooks/siem").expect(200);
    for (const path of [body.slug, body.id]) {
      const { body: after } = await admin.put(`/api/webhooks/${path}`).send(body).expect(200);
      expect(after.version).to.equal(body.version);
    }
  });

  it("PATCH changes one field, and If-Match protects it", async () => {
    const { body, headers } = await admin.patch("/api/webhooks/siem").send({ description: "SIEM" }).expect(200);
    expect(body).to.include({ description: "SIEM", version: 2 });
    const stale = { "If-Match": '"1"' };
    await admin.patch("/api/webhooks/siem").set(stale).send({ enabled: false }).expect(412);
    await admin.delete("/api/webhooks/siem").set(stale).expect(412);
    await admin.post("/api/webhooks/siem/rotate").set(stale).expect(412);
    const etag = headers["etag"] as string;
    await admin.patch("/api/webhooks/siem").set("If-Match", etag).send({ description: null }).expect(200);
  });

  it("lists webhooks, filtered by whether they are enabled", async () => {
    const disabled = content({ slug: "disabled", enabled: false });
    issued((await admin.post("/api/webhooks").send(disabled).expect(201)).body);
    const { body } = await admin.get("/api/webhooks").query({ enabled: true }).expect(200);
    expect(body.data.map(({ slug }: { slug: string }) => slug)).to.deep.equal(["siem"]);
    expect(body.data[0].delivery.lastSuccessAt).to.be.a("string");
    await admin.post("/api/webhooks").send(disabled).expect(409);
  });

  it("names the field of an unknown action, a URL that is not allowed and an unknown field", async () => {
    const rejected = async (more: object): Promise<string> => {
      const { body } = await admin.put("/api/webhooks/wrong").send(content(more)).expect(400);
      return body.errors?.[0]?.pointer ?? body.field;
    };
    expect(await rejected({ actions: ["user.*", "user.created"] })).to.equal("/actions/1");
    expect(await rejected({ actions: [] })).to.equal("/actions");
    for (const url of ["https://10.0.0.1/", "http://192.0.2.1/", "ftp://127.0.0.1/", "https://u:p@127.0.0.1/"])
      expect(await rejected({ url })).to.equal("/url");
    expect(await rejected({ secret: "whsec_x" })).to.equal("/secret");
    expect(await rejected({ slug: "other" })).to.equal("/slug");
  });

  it("POST /test sends a test event once and returns the result, also of a disabled webhook", async () => {
    const before = receiver.messages.length;
    const { body } = await admin.post("/api/webhooks/disabled/test").expect(200);
    expect(body).to.deep.include({ delivered: true, status: 204 });
    expect(receiver.messages.slice(before).map(({ headers }) => headers["webhook-id"])).to.deep.equal([body.id]);
    const events = await admin.get("/api/audit-events").query({ action: "webhook.test" }).expect(200);
    expect(events.body.data.map(({ id }: { id: string }) => id)).to.deep.equal([body.id]);
    const { respond } = receiver;
    receiver.respond = (res) => void res.writeHead(302, { location: "http://169.254.169.254/" }).end();
    const failed = await admin.post("/api/webhooks/disabled/test").expect(200);
    expect(failed.body).to.deep.include({ delivered: false, status: 302 });
    expect(failed.body.reason).to.match(/redirect/);
    receiver.respond = respond;
  });

  it("POST /test is limited for each organization, on its own and not by webhook or token", async () => {
    const environment = {
      ...{ CREDENTIAL_KEY: randomBytes(32).toString("base64"), UPSTREAM_ALLOW: "127.0.0.1" },
      RATE_LIMIT: "webhook-tests=2/60",
    };
    const limited = await startService({ open, environment, now: () => 1_800_000_000_000 });
    try {
      const create = async (organizationId?: string): Promise<Agent> => {
        const client = await limited.clientWithScopes(["admin:write"], organizationId);
        for (const slug of ["one", "two"])
          issued(
            (
              await client
                .post("/api/webhooks")
                .send(content({ slug, enabled: false }))
                .expect(201)
            ).body,
          );
        return client;
      };
      const client = await create();
      const before = receiver.messages.length;
      await client.post("/api/webhooks/one/test").expect(200);
      await client.post("/api/webhooks/missing/test").expect(404);
      await client.post("/api/webhooks/two/test").expect(200);
      const sameOrganization = await limited.clientWithScopes(["admin:write"]);
      const { body, headers } = await sameOrganization.post("/api/webhooks/one/test").expect(429);
      expect(body).to.deep.include({
        detail: "Rate limit exceeded: webhook-tests (2 in 60 s). Retry in 60 s.",
        violatedPolicies: ["webhook-tests"],
      });
      expect(headers["retry-after"]).to.equal("60");
      expect(receiver.messages.length - before).to.equal(2);
      const events = await client.get("/api/audit-events").query({ action: "webhook.test" }).expect(200);
      expect(events.body.data).to.have.length(2);
      await client.get("/api/webhooks/one").expect(200);
      const other = await create(await limited.createOrganization("other"));
      await other.post("/api/webhooks/one/test").expect(200);
    } finally {
      await limited.dispose();
    }
  });

  it("POST /rotate shows a new secret, and messages have both signatures meanwhile", async () => {
    const { body } = await admin.post("/api/webhooks/siem/rotate").send({ gracePeriodSeconds: 600 }).expect(200);
    const secret = issued(body);
    expect(Date.parse(body.previousSecretExpiresAt)).to.be.within(Date.now() + 500_000, Date.now() + 610_000);
    await admin.post("/api/webhooks/siem/test").expect(200);
    const last = receiver.messages.at(-1);
    expect(last && listSigningSecrets(last, [secret])).to.deep.equal([secret]);
    expect(String(last?.headers["webhook-signature"]).split(" ")).to.have.length(2);
    const immediate = await admin.post("/api/webhooks/siem/rotate").send({ gracePeriodSeconds: 0 }).expect(200);
    issued(immediate.body);
    expect(immediate.body.previousSecretExpiresAt).to.equal(null);
  });

  it("needs admin:read to read and admin:write to change", async () => {
    const reader = await service.clientWithScopes(["admin:read"]);
    await reader.get("/api/webhooks/siem").expect(200);
    await reader.put("/api/webhooks/siem").send(content()).expect(403);
    await reader.post("/api/webhooks/siem/test").expect(403);
    await reader.post("/api/webhooks/siem/rotate").expect(403);
    await (await service.clientWithScopes(["admin:scim", "connect:write"])).get("/api/webhooks").expect(403);
  });

  it("does not exist for another organization, by slug or id", async () => {
    const { body } = await admin.get("/api/webhooks/siem").expect(200);
    const other = await service.clientWithScopes(["admin:write"], await service.createOrganization("other"));
    for (const path of ["siem", body.id]) {
      await other.get(`/api/webhooks/${path}`).expect(404);
      await other.patch(`/api/webhooks/${path}`).send({ enabled: false }).expect(404);
      await other.delete(`/api/webhooks/${path}`).expect(404);
      await other.post(`/api/webhooks/${path}/test`).expect(404);
      await other.post(`/api/webhooks/${path}/rotate`).expect(404);
    }
    expect((await other.get("/api/webhooks").expect(200)).body.data).to.deep.equal([]);
  });

  it("an organization has at most 20, also when they are created at the same time", async () => {
    const organization = await service.createOrganization("many");
    const many = await service.clientWithScopes(["admin:write"], organization);
    const responses = await Promise.all(
      Array.from({ length: 22 }, (_, at) => many.put(`/api/webhooks/w${at}`).send(content({ enabled: false }))),
    );
    for (const { body } of responses) if (body.secret) issued(body);
    expect(responses.map(({ status }) => status).filter((status) => status === 201)).to.have.length(20);
    expect((await many.get("/api/webhooks?limit=100").expect(200)).body.data).to.have.length(20);
  });

  it("DELETE removes a webhook", async () => {
    await admin.delete("/api/webhooks/disabled").expect(204);
    await admin.get("/api/webhooks/disabled").expect(404);
  });
});

describe("/api/webhooks without CREDENTIAL_KEY", () => {
  it("is 501 and names the setting", async () => {
    const service = await startService();
    const admin = await service.clientWithScopes(["admin:write"]);
    const { body } = await admin.put("/api/webhooks/siem").send({ url: "https://siem.example.com/" }).expect(501);
    expect(body.detail).to.contain("CREDENTIAL_KEY");
    expect((await admin.get("/api/webhooks").expect(200)).body.data).to.deep.equal([]);
    await service.dispose();
  });
});
