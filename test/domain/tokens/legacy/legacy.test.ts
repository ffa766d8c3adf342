import { createHash } from "node:crypto";
import { expect } from "chai";
import { operatorActor } from "../../../../src/domain/audit/record.ts";
import { hashSecret, mintSecret } from "../../../../src/domain/tokens/issue/format.ts";
import { parseImportedSecret, TokenFormatGate } from "../../../../src/domain/tokens/legacy/legacy.ts";
import { expandScopes } from "../../../../src/domain/tokens/scopes.ts";
import { legacyTokenMarkers, serviceTenant } from "../../../../src/store/collections.ts";
import { trackSecret } from "../../../support/secrets.ts";
import { createVerifier, type DomainTestContext, expectRejection, openDomain } from "../../domain.fixture.ts";
import { holdFirstWrite } from "../../interleaving.fixture.ts";

describe("Imported tokens", () => {
  let domain: DomainTestContext;
  let formatGate: TokenFormatGate;
  beforeEach(async () => {
    domain = await openDomain();
    formatGate = new TokenFormatGate(domain.store, { prefix: "wxt" });
  });
  afterEach(() => domain.dispose());

  const source = { ip: "192.0.2.7", requestId: "r-1" };
  const settings = { prefix: "wxt" };
  const verify = (secret: string) => createVerifier(domain.store, settings, { formatGate }).verify(secret, source);
  const old = trackSecret("old-secret-0123456789-of-some-script");
  const importOld = (more: object = {}, organizationId = domain.organizationId, secret = old) =>
    domain.tokens.import(
      organizationId,
      operatorActor,
      { name: "old", scopes: ["all"], ...more },
      parseImportedSecret(secret, false, settings),
    );
  const expireMinutesAgo = (id: string, minutes: number) =>
    domain.patchToken(id, { expiresAt: new Date(Date.now() - minutes * 60_000).toISOString() });
  const listMarkers = async () =>
    (await domain.store.for(serviceTenant).open(legacyTokenMarkers).list({ limit: 10 })).items;

  it("are valid after the next flush", async () => {
    const token = await importOld();
    expect(token).to.include({ format: "legacy", prefix: "old-secre" });
    await expectRejection(verify(old), "invalid-token");
    await formatGate.flush();
    const caller = await verify(old);
    expect(caller.scopes.has("all")).to.equal(true);
    expect(caller.actor).to.deep.equal({ type: "token", id: token.id, name: "old" });
  });

  it("have the scopes and expiry of the import, under the same rules as new tokens", async () => {
    const token = await importOld({ scopes: ["admin:scim"], type: "scim", expiresAt: new Date(Date.now() + 60_000) });
    await formatGate.flush();
    expect([...(await verify(old)).scopes]).to.deep.equal(["admin:scim"]);
    expect(token.expiresAt).to.be.a("string");
    await expectRejection(importOld({ scopes: ["all"], type: "mcp" }), "invalid-value");
  });

  it("can be imported by their SHA-256 in hexadecimal or base64", async () => {
    const digest = createHash("sha256").update(old);
    const hash = digest.digest();
    for (const text of [
      hash.toString("hex"),
      hash.toString("hex").toUpperCase(),
      hash.toString("base64url"),
      hash.toString("base64"),
    ]) {
      expect(parseImportedSecret(text, true, { ...settings, pepper: "p".repeat(16) })).to.deep.equal({
        hash: hashSecret(old, undefined),
        prefix: "",
        format: "legacy",
      });
    }
    await domain.tokens.import(
      domain.organizationId,
      operatorActor,
      { name: "by hash", scopes: ["all"] },
      parseImportedSecret(hash.toString("hex"), true, settings),
    );
    await formatGate.flush();
    expect((await verify(old)).actor.name).to.equal("by hash");
  });

  it("are rejected if the secret is too short, too long or not visible ASCII, or the hash is invalid", () => {
    for (const text of ["short", "x".repeat(513), "with a space in between", "naïve-0123456789-abcdef", ""]) {
      expect(() => parseImportedSecret(text, false, settings), text).to.throw("16 to 512 visible");
    }
    for (const text of ["abc", "g".repeat(64), "0".repeat(63), "0".repeat(42), old]) {
      expect(() => parseImportedSecret(text, true, settings), text).to.throw("SHA-256");
    }
  });

  it("with a valid checksum do not enable lookups of secrets without one", async () => {
    const secret = trackSecret(mintSecret("wxt"));
    const token = await domain.tokens.import(
      domain.organizationId,
      operatorActor,
      { name: "moved", scopes: ["all"] },
      parseImportedSecret(secret, false, settings),
    );
    expect(token).to.not.have.property("format");
    expect(token.prefix).to.equal(secret.slice(0, 12));
    await formatGate.flush();
    expect((await verify(secret)).actor.id).to.equal(token.id);
    expect(formatGate.canBeToken("x".repeat(40))).to.equal(false);
  });

  it("can be imported once, in any organization", async () => {
    await importOld();
    await expectRejection(importOld(), "conflict");
    await expectRejection(importOld({}, domain.otherId), "conflict");
  });

  it("are audited without the secret and its hash", async () => {
    const token = await importOld();
    const [event] = await domain.listAuditEvents(domain.organizationId, "token.import");
    expect(event?.target).to.deep.equal({ type: "token", id: token.id });
    expect(JSON.stringify(event)).to.not.match(/s256|old-secret-/);
  });

  describe("TokenFormatGate", () => {
    it("accepts strings with a checksum, and others of 16 characters or more while legacy tokens exist", async () => {
      await formatGate.flush();
      expect(formatGate.canBeToken(old)).to.equal(false);
      expect(formatGate.canBeToken(mintSecret("wxt"))).to.equal(true);
      await importOld();
      await formatGate.flush();
      expect(formatGate.canBeToken(old)).to.equal(true);
      expect(formatGate.canBeToken("fifteen-letters")).to.equal(false);
    });

    for (const [status, end] of [
      ["revoked", (id: string) => domain.tokens.revoke(domain.organizationId, operatorActor, id)],
      ["expired", (id: string) => expireMinutesAgo(id, 10)],
    ] as const) {
      it(`rejects strings without a checksum after the last legacy token is ${status}`, async () => {
        const { id } = await importOld();
        await formatGate.flush();
        await end(id);
        await formatGate.flush();
        expect(formatGate.canBeToken(old)).to.equal(false);
        expect(await listMarkers()).to.deep.equal([]);
      });
    }

    it("keeps the marker of a token that has just expired, which a running transaction may extend", async () => {
      const { id } = await importOld();
      await expireMinutesAgo(id, 1);
      await formatGate.flush();
      expect(formatGate.canBeToken(old)).to.equal(false);
      expect(await listMarkers()).to.have.length(1);
    });

    it("accepts imported tokens while the marker of an ended one is being removed", async () => {
      const ended = await importOld();
      await importOld({}, domain.organizationId, trackSecret("other-secret-0123456789-of-a-script"));
      const held = holdFirstWrite(domain.store);
      const gate = new TokenFormatGate(held.store, settings);
      await gate.flush();
      await domain.tokens.revoke(domain.organizationId, operatorActor, ended.id);
      const flushed = gate.flush();
      await held.reached;
      expect(gate.canBeToken(old), "during the write").to.equal(true);
      held.release();
      await flushed;
      expect(gate.canBeToken(old)).to.equal(true);
      expect(await listMarkers()).to.have.length(1);
    });

    for (const [title, expiresAt] of [
      ["a later expiry", () => new Date(Date.now() + 60_000)],
      ["no expiry", () => null],
    ] as const) {
      it(`accepts an expired token again after an update to ${title}`, async () => {
        const { id } = await importOld({ scopes: ["admin:read"], expiresAt: new Date(Date.now() + 60_000) });
        await expireMinutesAgo(id, 10);
        await formatGate.flush();
        expect(await listMarkers()).to.deep.equal([]);
        const { organizationId } = domain;
        const caller = { ...operatorActor, organizationId, scopes: expandScopes(["all"]) };
        await domain.tokens.update(caller, id, {}, { expiresAt: expiresAt() });
        await formatGate.flush();
        expect((await verify(old)).actor.id).to.equal(id);
        await domain.tokens.update(caller, id, {}, { enabled: false });
        await formatGate.flush();
        await domain.tokens.update(caller, id, {}, { enabled: true });
        await formatGate.flush();
        expect((await verify(old)).actor.id).to.equal(id);
        expect(await listMarkers()).to.have.length(1);
      });
    }

    it("accepts the secret of a rotated legacy token until its grace period ends", async () => {
      await importOld();
      await formatGate.flush();
      const caller = await verify(old);
      const id = String(caller.actor.id);
      const first = await domain.tokens.rotate(caller, id, 3600);
      trackSecret(first.secret);
      await formatGate.flush();
      expect((await verify(old)).actor.id).to.equal(id);
      const next = await domain.tokens.rotate(await verify(first.secret), id, 0);
      trackSecret(next.secret);
      await formatGate.flush();
      expect(formatGate.canBeToken(old)).to.equal(false);
      expect((await verify(next.secret)).actor.id).to.equal(id);
    });
  });
});
