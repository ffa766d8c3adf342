import { expect } from "chai";
import type { Token } from "../../../schemas/token.ts";
import type { Caller } from "../../../src/domain/caller.ts";
import { newId } from "../../../src/domain/entity.ts";
import { lockCallerToken } from "../../../src/domain/tokens/issue/delegation.ts";
import { hashSecret, mintSecret } from "../../../src/domain/tokens/issue/format.ts";
import { PersonalTokenCleanup } from "../../../src/domain/tokens/personal-token-cleanup.ts";
import { auditEvents, tokens as tokenRecords, users } from "../../../src/store/collections.ts";
import { describeOnEngines } from "../../store/engines.fixture.ts";
import { trackSecret } from "../../support/secrets.ts";
import { type Agent, type Service, startService, userUrn } from "../../support/service.ts";
import { expectRejection } from "../domain.fixture.ts";

describeOnEngines("Personal tokens of a deactivated user", (open) => {
  let service: Service;
  let admin: Agent;
  let userId: string;
  before(async () => {
    service = await startService({ open });
    admin = await service.clientWithScopes(["all"]);
  });
  after(() => service.dispose());
  beforeEach(async () => {
    userId = (
      await admin
        .post("/api/users")
        .send({ userName: `u${Math.random()}@example.com` })
        .expect(201)
    ).body.id;
  });

  const setActive = (active: boolean) => admin.patch(`/api/users/${userId}`).send({ active }).expect(200);
  const issue = () => service.issueToken({ type: "mcp", scopes: ["connect:read"], userId });
  const whoami = async (secret: string) => (await service.clientWithSecret(secret).get("/api/whoami")).status;
  const list = async (query: object): Promise<Token[]> => {
    const items: Token[] = [];
    for (let cursor: string | undefined; ; ) {
      const { body } = await admin
        .get("/api/tokens")
        .query({ userId, limit: 100, ...query, ...(cursor && { cursor }) })
        .expect(200);
      items.push(...body.data);
      cursor = body.pagination.nextCursor ?? undefined;
      if (cursor === undefined) return items;
    }
  };
  /** Stores further tokens like this one, and returns the secret of the last. */
  const copy = async (id: string, count: number, change: Partial<Token> = {}): Promise<string> => {
    const secret = trackSecret(mintSecret("wxt"));
    const records = service.store.for(service.organizationId).open(tokenRecords);
    const token = await records.get(id);
    if (!token) throw new Error("the token does not exist");
    for (let stored = 0; stored < count; stored += 100) {
      await service.store.transaction(async (tx) => {
        for (let index = stored; index < Math.min(count, stored + 100); index++) {
          const hash = hashSecret(index === count - 1 ? secret : mintSecret("wxt"), undefined);
          const record = { ...token, ...change, id: newId("tok"), secrets: [{ hash }] };
          await tx.for(service.organizationId).open(tokenRecords).insert(record);
        }
      });
    }
    return secret;
  };

  it("are rejected forever, all of them, however many there are", async () => {
    const { id } = await issue();
    const newest = await copy(id, 1002);
    expect(await whoami(newest)).to.equal(200);
    await setActive(false);
    expect(await whoami(newest)).to.equal(401);
    await setActive(true);
    expect(await whoami(newest)).to.equal(401);
    await new PersonalTokenCleanup(service.store).flush();
    expect(await list({ status: "active" })).to.deep.equal([]);
    expect(await list({ status: "revoked" })).to.have.length(1003);
    const { secret } = await issue();
    expect(await whoami(secret), "a token created after the reactivation").to.equal(200);
  });

  it("are listed as revoked, also in filters, before their records are cleaned up", async () => {
    const { id, secret } = await issue();
    await setActive(false);
    await setActive(true);
    // As a replica stores it whose transaction began before the deactivation.
    const besides = await copy(id, 1, { revokedAt: undefined } as unknown as Partial<Token>);
    expect([await whoami(secret), await whoami(besides)]).to.deep.equal([401, 401]);
    for (const query of [{}, { status: "revoked" }]) {
      const found = await list(query);
      expect(found.map(({ revokedAt }) => typeof revokedAt)).to.deep.equal(["string", "string"]);
    }
    for (const status of ["active", "disabled", "expired"]) expect(await list({ status }), status).to.deep.equal([]);
    const [, outdated] = await list({});
    const path = `/api/tokens/${outdated?.id}`;
    expect((await admin.get(path).expect(200)).body).to.include({ status: "revoked" });
    await admin.patch(path).send({ name: "new" }).expect(409);
    await admin.post(`${path}/rotate`).expect(409);
    await admin.delete(path).expect(204);
  });

  it("appear in the audit log: the deactivation says so, and each token has an event by the same actor", async () => {
    const { id } = await issue();
    await setActive(false);
    const events = async (query: object) => (await admin.get("/api/audit-events").query(query).expect(200)).body.data;
    const [deactivation] = await events({ action: "user.deactivate", targetId: userId });
    expect(deactivation.details).to.deep.equal({ personalTokens: "revoked" });
    const [revocation] = await events({ action: "token.revoke", targetId: id });
    expect(revocation.actor).to.deep.equal(deactivation.actor);
  });

  it("stay valid until the next deactivation if they are older than generations", async () => {
    const { secret } = await issue();
    const records = service.store.for(service.organizationId).open(tokenRecords);
    const { items } = await records.list({ where: { op: "eq", path: "userId", value: userId }, limit: 2 });
    expect(items.map((each) => each.userGeneration)).to.deep.equal([undefined]);
    expect(await whoami(secret)).to.equal(200);
    await setActive(false);
    await setActive(true);
    expect(await whoami(secret)).to.equal(401);
  });

  it("do not show in the user: the service keeps the generation for itself", async () => {
    const { headers } = await setActive(false);
    const user = (await admin.get(`/api/users/${userId}`).expect(200)).body;
    expect(user).to.have.all.keys("id", "version", "createdAt", "updatedAt", "userName", "active");
    await admin.put(`/api/users/${userId}`).set("If-Match", String(headers["etag"])).send(user).expect(200);
    const scim = service.clientWithSecret((await service.issueToken({ scopes: ["admin:scim"] })).secret);
    const { text } = await scim.get(`/scim/v2/Users/${userId}`).expect(200);
    expect(JSON.parse(text)).to.have.all.keys("schemas", "id", "userName", "active", "meta");
    const replaced = { schemas: [userUrn], userName: user.userName, active: true, displayName: "Ada" };
    await scim.put(`/scim/v2/Users/${userId}`).send(replaced).expect(200);
    await setActiveByScim(scim, false);
    const found = await scim.get("/scim/v2/Users").query({ count: 1000 }).expect(200);
    expect(found.text).to.not.match(/tokenGeneration|tokensEndedAt|managedBy/);
  });

  it("do not show that a change by the user locks the user's record", async () => {
    const { userName } = (await admin.get(`/api/users/${userId}`).expect(200)).body;
    const scim = service.clientWithSecret((await service.issueToken({ scopes: ["admin:scim"] })).secret);
    const read = async () => {
      const responses = [
        await admin.get(`/api/users/${userId}`).expect(200),
        await admin.get("/api/users").query({ name: userName }).expect(200),
        await scim.get(`/scim/v2/Users/${userId}`).expect(200),
        await scim
          .get("/scim/v2/Users")
          .query({ filter: `userName eq "${userName}"` })
          .expect(200),
      ];
      return responses.map(({ text, headers }) => [text, headers["etag"], headers["last-modified"]]);
    };
    const actor = { type: "user", id: userId } as const;
    const lock = (more: Partial<Caller> = {}) =>
      service.store.transaction((tx) =>
        lockCallerToken(tx, { organizationId: service.organizationId, actor, scopes: new Set(), ...more }),
      );
    const before = await read();
    expect(before[1]?.[0]).to.contain(userId);
    await lock();
    expect(await read()).to.deep.equal(before);
    expect(await service.store.for(service.organizationId).open(users).get(userId)).to.include({ lockVersion: 1 });
    await setActive(false);
    await setActive(true);
    await expectRejection(lock(), "invalid-token");
    const active = await read();
    await lock({ userGeneration: 1 });
    expect(await read()).to.deep.equal(active);
    const { items } = await service.store
      .for(service.organizationId)
      .open(auditEvents)
      .list({ where: { op: "eq", path: "target.id", value: userId }, limit: 10 });
    expect(JSON.stringify(items)).to.not.contain("lockVersion");
  });

  it("are removed with the user, even many", async () => {
    const { id } = await issue();
    const newest = await copy(id, 120);
    await admin.delete(`/api/users/${userId}`).expect(204);
    expect(await whoami(newest)).to.equal(401);
    await admin.get(`/api/tokens/${id}`).expect(404);
    await new PersonalTokenCleanup(service.store).flush();
    const where = { op: "eq", path: "userId", value: userId } as const;
    expect(await service.store.for(service.organizationId).open(tokenRecords).count(where)).to.equal(0);
  });

  const setActiveByScim = (scim: Agent, active: boolean) =>
    scim
      .patch(`/scim/v2/Users/${userId}`)
      .send({
        schemas: ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        Operations: [{ op: "replace", path: "active", value: active }],
      })
      .expect(200);
});
