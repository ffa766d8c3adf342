import { expect } from "chai";
import { Retention } from "../../../src/domain/audit/retention.ts";
import { newId } from "../../../src/domain/entity.ts";
import { type IdempotencyRecord, idempotencyKeys } from "../../../src/store/collections.ts";
import { describeOnEngines } from "../../store/engines.fixture.ts";
import { trackSecret } from "../../support/secrets.ts";
import { type Agent, type Service, startService } from "../../support/service.ts";

interface Issued {
  readonly id: string;
  readonly token: string;
}

/** What `Idempotency-Key` promises to a client that lost a response with a secret. */
describeOnEngines("Idempotency-Key of tokens", (open) => {
  let service: Service;
  let admin: Agent;
  before(async () => {
    service = await startService({ open });
    admin = await service.clientWithScopes(["all"]);
  });
  after(() => service.dispose());

  let number = 0;
  const nextKey = (): string => `key-${++number}`;
  const content = (more: object = {}): object => ({ name: `Token ${number}`, scopes: ["admin:read"], ...more });
  const post = (key: string, body: object, agent = admin) =>
    agent.post("/api/tokens").set("Idempotency-Key", key).send(body);
  const rotate = (id: string, key: string, body: object = {}, agent = admin) =>
    agent.post(`/api/tokens/${id}/rotate`).set("Idempotency-Key", key).send(body);
  const countNamed = async (name: string): Promise<number> => {
    const { body } = await admin.get("/api/tokens").query({ limit: 100 }).expect(200);
    return body.data.filter((each: { name: string }) => each.name === name).length;
  };
  const listActions = async (id: string): Promise<string[]> => {
    const { body } = await admin.get("/api/audit-events").query({ targetId: id }).expect(200);
    return body.data.map(({ action }: { action: string }) => action);
  };
  const readRecords = async (): Promise<readonly IdempotencyRecord[]> =>
    (await service.store.for(service.organizationId).open(idempotencyKeys).list({ limit: 1000 })).items;

  it("returns the same token and secret again, and creates one token", async () => {
    const key = nextKey();
    const body = content({ name: "Once", expiresInDays: 7, labels: { team: "a" } });
    const first = await post(key, body).expect(201);
    expect(first.headers).to.not.have.property("idempotent-replayed");
    const again = await post(`"${key}"`, body).expect(201);
    expect(again.body).to.deep.equal(first.body);
    expect(again.headers).to.include({ "idempotent-replayed": "true", location: first.headers["location"] });
    expect(await countNamed("Once")).to.equal(1);
    expect(await listActions(first.body.id)).to.deep.equal(["token.replay", "token.create"]);
    await service.clientWithSecret(again.body.token).get("/api/whoami").expect(200);
    trackSecret(first.body.token);
  });

  it("creates one token when many requests with the key are concurrent", async () => {
    const key = nextKey();
    const body = content({ name: "Contested" });
    const responses = await Promise.all(Array.from({ length: 12 }, () => post(key, body)));
    expect(new Set(responses.map(({ status }) => status))).to.deep.equal(new Set([201]));
    expect(new Set(responses.map((response) => (response.body as Issued).token)).size).to.equal(1);
    expect(responses.filter(({ headers }) => headers["idempotent-replayed"] === undefined)).to.have.length(1);
    expect(await countNamed("Contested")).to.equal(1);
  });

  it("422: rejects another body with the same key", async () => {
    const key = nextKey();
    await post(key, content()).expect(201);
    const { body: problem } = await post(key, content({ description: "other" })).expect(422);
    expect(problem.type).to.equal("urn:gatehouse:problem:idempotency-key-reused");
    expect(problem.title).to.equal("Unprocessable Content");
  });

  it("binds a key to the caller, its organization and the operation", async () => {
    const key = nextKey();
    const body = content();
    const { body: first } = await post(key, body).expect(201);
    const others = [
      await service.clientWithScopes(["all"]),
      await service.clientWithScopes(["all"], await service.createOrganization("idempotency-elsewhere")),
    ];
    for (const other of others) {
      const { body: created } = await post(key, { ...body, description: "of another caller" }, other).expect(201);
      expect(created.id).to.not.equal(first.id);
      expect(created.token).to.not.equal(first.token);
    }
    const { body: rotated } = await rotate(first.id, key).expect(200);
    expect(rotated.token).to.not.equal(first.token);
  });

  it("keeps the users of one plugin apart", async () => {
    const plugin = await service.clientWithScopes(["connect:write"]);
    const key = nextKey();
    const secrets = new Set<string>();
    for (const userName of ["ida@example.com", "per@example.com"]) {
      await admin.post("/api/users").send({ userName }).expect(201);
      for (let attempt = 0; attempt < 2; attempt++) {
        const response = await post(key, { name: "IDE" }, plugin.set("x-user-email", userName)).expect(201);
        secrets.add(response.body.token);
      }
    }
    expect(secrets.size).to.equal(2);
  });

  it("is not used up by a request that fails", async () => {
    const key = nextKey();
    await post(key, content({ scopes: [] })).expect(400);
    await post(key, content({ userId: newId("usr") })).expect(400);
    await post(key, content()).expect(201);
  });

  it("400: rejects a key that is empty, too long, repeated or not ASCII", async () => {
    for (const key of ["", " ", '""', '"open', "a b", 'a"b', "k".repeat(256), "schlüssel"]) {
      const { body: problem } = await post(key, content()).expect(400);
      expect(problem.detail, key).to.match(/^Idempotency-Key must/);
    }
    await admin
      .post("/api/tokens")
      .set("Idempotency-Key", ["a", "b"] as never)
      .send(content())
      .expect(400);
    await post("k".repeat(255), content()).expect(201);
  });

  it("rotates once, and returns the same new secret again", async () => {
    const { body: created } = await post(nextKey(), content()).expect(201);
    const key = nextKey();
    const { body: first } = await rotate(created.id, key).expect(200);
    const again = await rotate(created.id, key).expect(200);
    expect(again.body).to.deep.equal(first);
    expect(again.headers["idempotent-replayed"]).to.equal("true");
    await rotate(created.id, key, { gracePeriodSeconds: 60 }).expect(422);
    await service.clientWithSecret(first.token).get("/api/whoami").expect(200);
    await service.clientWithSecret(created.token).get("/api/whoami").expect(401);
  });

  it("lets a token that rotates itself repeat the request with its previous secret during the grace period", async () => {
    const { body: created } = await post(nextKey(), content()).expect(201);
    const self = service.clientWithSecret(created.token);
    const key = nextKey();
    const body = { gracePeriodSeconds: 60 };
    const { body: first } = await rotate(created.id, key, body, self).expect(200);
    expect((await rotate(created.id, key, body, self).expect(200)).body.token).to.equal(first.token);
    await rotate(created.id, nextKey(), body, self).expect(409);
  });

  it("409: names the token whose secret cannot be returned again, because it was changed or the credential was", async () => {
    const key = nextKey();
    const body = content();
    const { body: created } = await post(key, body).expect(201);
    await admin.post(`/api/tokens/${created.id}/rotate`).expect(200);
    expect((await post(key, body).expect(409)).body.detail).to.contain(created.id);

    const revokedKey = nextKey();
    const { body: revoked } = await post(revokedKey, body).expect(201);
    await admin.delete(`/api/tokens/${revoked.id}`).expect(204);
    await post(revokedKey, body).expect(409);

    const caller = await service.issueToken({ scopes: ["all"] });
    const callerKey = nextKey();
    const { body: issued } = await post(callerKey, body, service.clientWithSecret(caller.secret)).expect(201);
    const { body: rotated } = await admin.post(`/api/tokens/${caller.id}/rotate`).expect(200);
    const { body: problem } = await post(callerKey, body, service.clientWithSecret(rotated.token)).expect(409);
    expect(problem.detail).to.contain(issued.id);
  });

  it("stores nothing from which a secret follows without the credential", async () => {
    const key = nextKey();
    const { body: created } = await post(key, content()).expect(201);
    const [record] = (await readRecords()).filter(({ tokenId }) => tokenId === created.id);
    expect(Object.keys(record ?? {}).sort()).to.deep.equal(
      ["bodyHash", "createdAt", "id", "keyHash", "organizationId", "salt", "tokenId", "updatedAt", "version"].sort(),
    );
    const stored = JSON.stringify(record);
    expect(stored).to.not.contain(created.token.slice(4, 20));
    expect(stored).to.not.contain(key);
  });

  it("creates another token after 24 hours, and removes the record by then", async () => {
    const key = nextKey();
    const body = content();
    const { body: first } = await post(key, body).expect(201);
    const findRecords = async (tokenId: string): Promise<readonly IdempotencyRecord[]> =>
      (await readRecords()).filter((record) => record.tokenId === tokenId);
    const age = async (tokenId: string, hours: number): Promise<void> => {
      const records = await findRecords(tokenId);
      const time = new Date(Date.now() - hours * 3_600_000);
      await service.store.transaction(async (tx) => {
        const writer = tx.for(service.organizationId).open(idempotencyKeys);
        for (const record of records) {
          await writer.remove(record.id, "any");
          const createdAt = time.toISOString();
          await writer.insert({ ...record, id: newId("idk", time), createdAt, updatedAt: createdAt });
        }
      });
    };
    await age(first.id, 23.9);
    expect((await post(key, body).expect(201)).body.id).to.equal(first.id);
    await age(first.id, 24.1);
    const { body: second } = await post(key, body).expect(201);
    expect(second.id).to.not.equal(first.id);
    expect(await findRecords(first.id)).to.have.length(0);
    await age(second.id, 24.1);
    await new Retention(service.store).flush();
    expect(await findRecords(second.id)).to.have.length(0);
  });
});
