import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { operator } from "../../../src/domain/audit/record.ts";
import type { Caller } from "../../../src/domain/caller.ts";
import { Users } from "../../../src/domain/people/users.ts";
import { Purges } from "../../../src/domain/purges/purges.ts";
import { isWellFormed } from "../../../src/domain/tokens/format.ts";
import type { NewToken } from "../../../src/domain/tokens/new-token.ts";
import { Tokens } from "../../../src/domain/tokens/tokens.ts";
import { tokens as tokenRecords } from "../../../src/store/collections.ts";
import { type Opened, openDomain, refusalOf } from "../opened.ts";

const dayMs = 86_400_000;
const inDays = (days: number): Date => new Date(Date.now() + days * dayMs);
const minimal: NewToken = { name: "ci", scopes: ["admin:read"] };

describe("Tokens", () => {
  let domain: Opened;
  let users: Users;
  beforeEach(async () => {
    domain = await openDomain();
    users = new Users(domain.store, new Purges(domain.store));
  });
  afterEach(() => domain.dispose());

  const create = (wanted: Partial<NewToken> = {}, tokens = domain.tokens) =>
    tokens.create(domain.organizationId, operator, { ...minimal, ...wanted });
  const callerOf = (organizationId: string): Caller => ({ ...operator, organizationId, scopes: new Set() });
  const userOf = async (organizationId: string, active = true): Promise<string> =>
    (await users.create(callerOf(organizationId), { userName: "ada", active })).id;
  const count = () => domain.store.for(domain.organizationId).open(tokenRecords).count();

  describe("create", () => {
    it("stores what was asked for, with the presets of a new record", async () => {
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
      expect(isWellFormed(secret, "wxt")).to.equal(true);
      expect(await domain.stored(token.id)).to.deep.equal(token);
    });

    it("is an admin token that never expires unless something else is said", async () => {
      const { token } = await create();
      expect(token.type).to.equal("admin");
      expect(token).to.not.have.any.keys("expiresAt", "userId", "description", "revokedAt", "lastUsed");
    });

    const refusals: Readonly<Record<string, { readonly field: string; readonly wanted: Partial<NewToken> }>> = {
      "an empty name": { field: "name", wanted: { name: "" } },
      "a name of spaces": { field: "name", wanted: { name: " \t" } },
      "a name of 201 characters": { field: "name", wanted: { name: "x".repeat(201) } },
      "a description of 1001 characters": { field: "description", wanted: { description: "x".repeat(1001) } },
      "no scope": { field: "scopes", wanted: { scopes: [] } },
      "a scope that the type cannot have": { field: "scopes", wanted: { type: "mcp", scopes: ["connect:write"] } },
      "all for a scim token": { field: "scopes", wanted: { type: "scim", scopes: ["admin:scim", "all"] } },
      "an expiry in the past": { field: "expiresAt", wanted: { expiresAt: new Date(Date.now() - 1) } },
      "an expiry that is no date": { field: "expiresAt", wanted: { expiresAt: new Date(Number.NaN) } },
      "a user that does not exist": {
        field: "userId",
        wanted: { userId: "usr_01J00000000000000000000000", scopes: ["connect:read"] },
      },
      "an admin scope for a personal token": {
        field: "scopes",
        wanted: { userId: "usr_01J00000000000000000000000", scopes: ["connect:read", "admin:scim"] },
      },
    };
    for (const [what, { field, wanted }] of Object.entries(refusals)) {
      it(`refuses ${what}, naming ${field}, and stores nothing`, async () => {
        const refused = await refusalOf(create(wanted), "invalid-value");
        expect(refused.details).to.deep.equal({ field });
        expect(refused.message).to.contain(field === "scopes" && wanted.type ? wanted.type : field);
        expect(await count()).to.equal(0);
        expect(await domain.audit(domain.organizationId, "token.create")).to.deep.equal([]);
      });
    }

    it("refuses a user of another organisation and an inactive one exactly as one that does not exist", async () => {
      const theirs = await userOf(domain.otherId);
      const inactive = await userOf(domain.organizationId, false);
      const messages = [];
      for (const userId of [theirs, inactive, "usr_none"]) {
        messages.push((await refusalOf(create({ userId }), "invalid-value")).message);
      }
      expect(new Set(messages).size).to.equal(1);
    });

    it("gives no longer life than the policy, and its longest where nothing is asked", async () => {
      const strict = new Tokens(domain.store, { prefix: "wxt", maxTtlDays: 30 });
      const latest = await create({}, strict);
      expect(Date.parse(latest.token.expiresAt ?? "")).to.be.closeTo(inDays(30).getTime(), 60_000);
      for (const wanted of [{ expiresAt: null }, { expiresAt: inDays(31) }, { expiresAt: inDays(30.1) }]) {
        const refused = await refusalOf(create(wanted, strict), "invalid-value");
        expect(refused.details.field).to.equal("expiresAt");
        expect(refused.message).to.contain("30 days");
      }
      const { token } = await create({ expiresAt: inDays(30) }, strict);
      expect(token.expiresAt).to.be.a("string");
    });

    it("keeps nothing that contains the secret: no record, no event, no byte of the files", async () => {
      const { token, secret } = await create();
      const random = secret.slice(12);
      expect(JSON.stringify([token, await domain.stored(token.id)])).to.not.contain(random);
      const events = JSON.stringify(await domain.audit(domain.organizationId));
      expect(events).to.contain(token.id).and.not.contain(random);
      expect(events, "not even its hash").to.not.contain(token.secrets[0]?.hash);
      for (const file of ["gatehouse.db", "gatehouse.db-wal"]) {
        expect(await readdir(domain.dataDir)).to.include(file);
        expect(await readFile(join(domain.dataDir, file), "latin1")).to.not.contain(random);
      }
    });

    it("writes its audit event with it", async () => {
      const { token } = await create();
      const [event] = await domain.audit(domain.organizationId, "token.create");
      expect(event).to.deep.include({
        ...{ outcome: "success", actor: { type: "operator" }, target: { type: "token", id: token.id } },
      });
      expect(event?.after).to.include({ name: "ci" }).and.not.have.any.keys("secrets");
    });

    it("is undone together with its audit event when what follows in the same transaction fails", async () => {
      const failing = domain.store.transaction(async (change) => {
        await domain.tokens.createWithin(change, domain.organizationId, operator, minimal);
        throw new Error("after both");
      });
      await failing.catch(({ message }) => expect(message).to.equal("after both"));
      expect(await count()).to.equal(0);
      expect(await domain.audit(domain.organizationId, "token.create")).to.deep.equal([]);
    });
  });

  describe("list", () => {
    it("gives an organisation its own tokens in order of creation, a page at a time", async () => {
      const made = [];
      for (const name of ["a", "b", "c"]) made.push((await create({ name })).token.id);
      await domain.tokens.create(domain.otherId, operator, minimal);
      const first = await domain.tokens.list(domain.organizationId, { limit: 2 });
      expect(first.items).to.have.length(2);
      const after = { id: first.items.at(-1)?.id ?? "" };
      const rest = await domain.tokens.list(domain.organizationId, { limit: 2, after });
      const listed = [...first.items, ...rest.items].map(({ id }) => id);
      expect(listed).to.deep.equal([...made].sort()); // ids sort by creation
    });
  });

  describe("revoke", () => {
    it("sets the moment once: revoking again changes nothing and writes no second event", async () => {
      const { token } = await create();
      const revoked = await domain.tokens.revoke(domain.organizationId, operator, token.id);
      expect(revoked.revokedAt).to.be.a("string");
      expect(revoked.version).to.equal(2);
      const again = await domain.tokens.revoke(domain.organizationId, operator, token.id);
      expect(again).to.deep.equal(revoked);
      expect(await domain.stored(token.id)).to.deep.equal(revoked);
      expect(await domain.audit(domain.organizationId, "token.revoke")).to.have.length(1);
    });

    it("happens once when many ask at the same time", async () => {
      const { token } = await create();
      const revoke = () => domain.tokens.revoke(domain.organizationId, operator, token.id);
      const answers = await Promise.all(Array.from({ length: 10 }, revoke));
      expect(new Set(answers.map(({ revokedAt }) => revokedAt)).size).to.equal(1);
      expect(await domain.audit(domain.organizationId, "token.revoke")).to.have.length(1);
    });

    it("answers another organisation's id exactly as one that was never given out, and leaves the token", async () => {
      const { token } = await create();
      const foreign = await refusalOf(domain.tokens.revoke(domain.otherId, operator, token.id), "not-found");
      const none = await refusalOf(domain.tokens.revoke(domain.otherId, operator, "tok_none"), "not-found");
      expect(foreign.message).to.equal(none.message);
      expect((await domain.stored(token.id)).revokedAt).to.equal(undefined);
    });
  });
});
