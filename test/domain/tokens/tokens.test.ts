import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { operatorActor } from "../../../src/domain/audit/record.ts";
import type { Caller } from "../../../src/domain/caller.ts";
import { CascadeDeletes } from "../../../src/domain/cleanup/cascade-deletes.ts";
import { Users } from "../../../src/domain/directory/users.ts";
import { hasTokenFormat } from "../../../src/domain/tokens/issue/format.ts";
import type { NewToken } from "../../../src/domain/tokens/issue/new-token.ts";
import { Tokens } from "../../../src/domain/tokens/tokens.ts";
import { tokens as tokenRecords } from "../../../src/store/collections.ts";
import { type DomainTestContext, expectRejection, openDomain } from "../domain.fixture.ts";

const dayMs = 86_400_000;
const inDays = (days: number): Date => new Date(Date.now() + days * dayMs);
const minimal: NewToken = { name: "ci", scopes: ["admin:read"] };

describe("Tokens", () => {
  let domain: DomainTestContext;
  let users: Users;
  beforeEach(async () => {
    domain = await openDomain();
    users = new Users(domain.store, new CascadeDeletes(domain.store));
  });
  afterEach(() => domain.dispose());

  const create = (input: Partial<NewToken> = {}, tokens = domain.tokens) =>
    tokens.create(domain.organizationId, operatorActor, { ...minimal, ...input });
  const callerOf = (organizationId: string): Caller => ({ ...operatorActor, organizationId, scopes: new Set() });
  const userOf = async (organizationId: string, active = true): Promise<string> =>
    (await users.create(callerOf(organizationId), { userName: "ada", active })).id;
  const count = () => domain.store.for(domain.organizationId).open(tokenRecords).count();

  describe("create", () => {
    it("stores the requested fields and the defaults of a new record", async () => {
      const expiresAt = inDays(7);
      const userId = await userOf(domain.organizationId);
      const { token, secret } = await create({
        ...{ description: "what for", type: "agent", scopes: ["connect:read", "connect:read"], userId, expiresAt },
      });
      expect(token).to.deep.include({
        ...{ name: "ci", description: "what for", type: "agent", scopes: ["connect:read"], userId, enabled: true },
        ...{ expiresAt: expiresAt.toISOString(), requestCount: 0, failedCount: 0, version: 1 },
        ...{ createdBy: { type: "operator" }, prefix: secret.slice(0, 12), organizationId: domain.organizationId },
      });
      expect(hasTokenFormat(secret, "wxt")).to.equal(true);
      expect(await domain.readStoredToken(token.id)).to.deep.equal(token);
    });

    it("creates an admin token without expiry by default", async () => {
      const { token } = await create();
      expect(token.type).to.equal("admin");
      expect(token).to.not.have.any.keys("expiresAt", "userId", "description", "revokedAt", "lastUsed");
    });

    const invalidInputs: Readonly<Record<string, { readonly field: string; readonly input: Partial<NewToken> }>> = {
      "an empty name": { field: "name", input: { name: "" } },
      "a name of spaces": { field: "name", input: { name: " \t" } },
      "a name of 201 characters": { field: "name", input: { name: "x".repeat(201) } },
      "a description of 1001 characters": { field: "description", input: { description: "x".repeat(1001) } },
      "no scope": { field: "scopes", input: { scopes: [] } },
      "a scope that the type cannot have": { field: "scopes", input: { type: "mcp", scopes: ["connect:write"] } },
      "all for a scim token": { field: "scopes", input: { type: "scim", scopes: ["admin:scim", "all"] } },
      "an expiry in the past": { field: "expiresAt", input: { expiresAt: new Date(Date.now() - 1) } },
      "an expiry that is not a date": { field: "expiresAt", input: { expiresAt: new Date(Number.NaN) } },
      "a user that does not exist": {
        field: "userId",
        input: { userId: "usr_01J00000000000000000000000", scopes: ["connect:read"] },
      },
      "an admin scope for a personal token": {
        field: "scopes",
        input: { userId: "usr_01J00000000000000000000000", scopes: ["connect:read", "admin:scim"] },
      },
    };
    for (const [description, { field, input }] of Object.entries(invalidInputs)) {
      it(`rejects ${description}, naming ${field}, and stores nothing`, async () => {
        const error = await expectRejection(create(input), "invalid-value");
        expect(error.details).to.deep.equal({ field });
        expect(error.message).to.contain(field === "scopes" && input.type ? input.type : field);
        expect(await count()).to.equal(0);
        expect(await domain.listAuditEvents(domain.organizationId, "token.create")).to.deep.equal([]);
      });
    }

    it("rejects a user of another organization and an inactive user like an unknown one", async () => {
      const theirs = await userOf(domain.otherId);
      const inactive = await userOf(domain.organizationId, false);
      const messages = [];
      for (const userId of [theirs, inactive, "usr_none"]) {
        messages.push((await expectRejection(create({ userId }), "invalid-value")).message);
      }
      expect(new Set(messages).size).to.equal(1);
    });

    it("limits the expiry to the longest lifetime, which is also the default", async () => {
      const strict = new Tokens(domain.store, { prefix: "wxt", maxTtlDays: 30 });
      const latest = await create({}, strict);
      expect(Date.parse(latest.token.expiresAt ?? "")).to.be.closeTo(inDays(30).getTime(), 60_000);
      for (const input of [{ expiresAt: null }, { expiresAt: inDays(31) }, { expiresAt: inDays(30.1) }]) {
        const error = await expectRejection(create(input, strict), "invalid-value");
        expect(error.details.field).to.equal("expiresAt");
        expect(error.message).to.contain("30 days");
      }
      const { token } = await create({ expiresAt: inDays(30) }, strict);
      expect(token.expiresAt).to.be.a("string");
    });

    it("stores the secret in no record, no audit event and no file", async () => {
      const { token, secret } = await create();
      const random = secret.slice(12);
      expect(JSON.stringify([token, await domain.readStoredToken(token.id)])).to.not.contain(random);
      const events = JSON.stringify(await domain.listAuditEvents(domain.organizationId));
      expect(events).to.contain(token.id).and.not.contain(random);
      expect(events, "not even its hash").to.not.contain(token.secrets[0]?.hash);
      for (const file of ["gatehouse.db", "gatehouse.db-wal"]) {
        expect(await readdir(domain.dataDir)).to.include(file);
        expect(await readFile(join(domain.dataDir, file), "latin1")).to.not.contain(random);
      }
    });

    it("writes an audit event in the same transaction", async () => {
      const { token } = await create();
      const [event] = await domain.listAuditEvents(domain.organizationId, "token.create");
      expect(event).to.deep.include({
        ...{ outcome: "success", actor: { type: "operator" }, target: { type: "token", id: token.id } },
      });
      expect(event?.after).to.include({ name: "ci" }).and.not.have.any.keys("secrets");
    });

    it("is rolled back with its audit event if the transaction fails later", async () => {
      const failing = domain.store.transaction(async (tx) => {
        await domain.tokens.createInTransaction(tx, domain.organizationId, operatorActor, minimal);
        throw new Error("after both");
      });
      await failing.catch(({ message }) => expect(message).to.equal("after both"));
      expect(await count()).to.equal(0);
      expect(await domain.listAuditEvents(domain.organizationId, "token.create")).to.deep.equal([]);
    });
  });

  describe("list", () => {
    it("returns the organization's tokens in order of creation, one page at a time", async () => {
      const ids = [];
      for (const name of ["a", "b", "c"]) ids.push((await create({ name })).token.id);
      await domain.tokens.create(domain.otherId, operatorActor, minimal);
      const first = await domain.tokens.list(domain.organizationId, { limit: 2 });
      expect(first.items).to.have.length(2);
      const after = { id: first.items.at(-1)?.id ?? "" };
      const rest = await domain.tokens.list(domain.organizationId, { limit: 2, after });
      const listed = [...first.items, ...rest.items].map(({ id }) => id);
      expect(listed).to.deep.equal([...ids].sort()); // ids sort by creation
    });
  });

  describe("revoke", () => {
    it("sets revokedAt once: a second revocation changes nothing and writes no audit event", async () => {
      const { token } = await create();
      const revoked = await domain.tokens.revoke(domain.organizationId, operatorActor, token.id);
      expect(revoked.revokedAt).to.be.a("string");
      expect(revoked.version).to.equal(2);
      const again = await domain.tokens.revoke(domain.organizationId, operatorActor, token.id);
      expect(again).to.deep.equal(revoked);
      expect(await domain.readStoredToken(token.id)).to.deep.equal(revoked);
      expect(await domain.listAuditEvents(domain.organizationId, "token.revoke")).to.have.length(1);
    });

    it("revokes once when requests are concurrent", async () => {
      const { token } = await create();
      const revoke = () => domain.tokens.revoke(domain.organizationId, operatorActor, token.id);
      const results = await Promise.all(Array.from({ length: 10 }, revoke));
      expect(new Set(results.map(({ revokedAt }) => revokedAt)).size).to.equal(1);
      expect(await domain.listAuditEvents(domain.organizationId, "token.revoke")).to.have.length(1);
    });

    it("rejects another organization's id like an unknown one and keeps the token active", async () => {
      const { token } = await create();
      const foreign = await expectRejection(domain.tokens.revoke(domain.otherId, operatorActor, token.id), "not-found");
      const none = await expectRejection(domain.tokens.revoke(domain.otherId, operatorActor, "tok_none"), "not-found");
      expect(foreign.message).to.equal(none.message);
      expect((await domain.readStoredToken(token.id)).revokedAt).to.equal(undefined);
    });
  });
});
