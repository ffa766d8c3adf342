import { createHash } from "node:crypto";
import { expect } from "chai";
import { operator } from "../../../src/domain/audit/record.ts";
import { hashSecret, mintSecret } from "../../../src/domain/tokens/format.ts";
import { KnownForms, readImportedSecret } from "../../../src/domain/tokens/legacy.ts";
import { legacyMarks, serviceTenant } from "../../../src/store/collections.ts";
import { remember } from "../../support/secrets.ts";
import { type Opened, openDomain, refusalOf, verifierOver } from "../opened.ts";

describe("Tokens from before the checksum", () => {
  let domain: Opened;
  let forms: KnownForms;
  beforeEach(async () => {
    domain = await openDomain();
    forms = new KnownForms(domain.store, { prefix: "wxt" });
  });
  afterEach(() => domain.dispose());

  const presentation = { ip: "192.0.2.7", requestId: "r-1" };
  const settings = { prefix: "wxt" };
  const verify = (secret: string) => verifierOver(domain.store, settings, { forms }).verify(secret, presentation);
  const old = remember("old-secret-0123456789-of-some-script");
  const importOld = (more: object = {}, organizationId = domain.organizationId) =>
    domain.tokens.import(organizationId, operator, { name: "old", ...more }, readImportedSecret(old, false, settings));

  it("work as they are, with everything when no scope was named, some seconds after the import", async () => {
    const token = await importOld();
    expect(token).to.include({ format: "legacy", prefix: "old-secre" });
    expect(token).to.not.have.property("scopes");
    await refusalOf(verify(old), "invalid-token");
    await forms.flush();
    const caller = await verify(old);
    expect(caller.scopes.has("all")).to.equal(true);
    expect(caller.actor).to.deep.equal({ type: "token", id: token.id, name: "old" });
  });

  it("have the scopes, user and end that they are imported with, by the same rules as new ones", async () => {
    const token = await importOld({ scopes: ["admin:scim"], type: "scim", expiresAt: new Date(Date.now() + 60_000) });
    await forms.flush();
    expect([...(await verify(old)).scopes]).to.deep.equal(["admin:scim"]);
    expect(token.expiresAt).to.be.a("string");
    await refusalOf(importOld({ scopes: ["all"], type: "mcp" }), "invalid-value");
  });

  it("are known by their SHA-256 as well, in hexadecimal or base64", async () => {
    const digest = createHash("sha256").update(old);
    const hash = digest.digest();
    for (const text of [
      hash.toString("hex"),
      hash.toString("hex").toUpperCase(),
      hash.toString("base64url"),
      hash.toString("base64"),
    ]) {
      expect(readImportedSecret(text, true, { ...settings, pepper: "p".repeat(16) })).to.deep.equal({
        hash: hashSecret(old, undefined),
        prefix: "",
        format: "legacy",
      });
    }
    await domain.tokens.import(
      domain.organizationId,
      operator,
      { name: "by hash" },
      readImportedSecret(hash.toString("hex"), true, settings),
    );
    await forms.flush();
    expect((await verify(old)).actor.name).to.equal("by hash");
  });

  it("are refused when too short to be safe, not to be sent, or no hash", () => {
    for (const text of ["short", "x".repeat(513), "with a space in between", "naïve-0123456789-abcdef", ""]) {
      expect(() => readImportedSecret(text, false, settings), text).to.throw("16 to 512 visible");
    }
    for (const text of ["abc", "g".repeat(64), "0".repeat(63), "0".repeat(42), old]) {
      expect(() => readImportedSecret(text, true, settings), text).to.throw("SHA-256");
    }
  });

  it("keep their checksum where they have one: junk is refused offline then as before", async () => {
    const secret = remember(mintSecret("wxt"));
    const token = await domain.tokens.import(
      domain.organizationId,
      operator,
      { name: "moved" },
      readImportedSecret(secret, false, settings),
    );
    expect(token).to.not.have.property("format");
    expect(token.prefix).to.equal(secret.slice(0, 12));
    await forms.flush();
    expect((await verify(secret)).actor.id).to.equal(token.id);
    expect(forms.mayBeSecret("x".repeat(40))).to.equal(false);
  });

  it("are taken once, in whatever organisation", async () => {
    await importOld();
    await refusalOf(importOld(), "conflict");
    await refusalOf(importOld({}, domain.otherId), "conflict");
  });

  it("leave an event of their import, without the secret and its hash", async () => {
    const token = await importOld();
    const [event] = await domain.audit(domain.organizationId, "token.import");
    expect(event?.target).to.deep.equal({ type: "token", id: token.id });
    expect(JSON.stringify(event)).to.not.match(/s256|old-secret-/);
  });

  describe("what is looked for", () => {
    it("is what has the checksum, and anything else of 16 characters while there are such tokens", async () => {
      await forms.flush();
      expect(forms.mayBeSecret(old)).to.equal(false);
      expect(forms.mayBeSecret(mintSecret("wxt"))).to.equal(true);
      await importOld();
      await forms.flush();
      expect(forms.mayBeSecret(old)).to.equal(true);
      expect(forms.mayBeSecret("fifteen-letters")).to.equal(false);
    });

    for (const [what, end] of [
      ["revoked", (id: string) => domain.tokens.revoke(domain.organizationId, operator, id)],
      ["expired", (id: string) => domain.alter(id, { expiresAt: new Date(Date.now() - 1).toISOString() })],
    ] as const) {
      it(`narrows again when the last of them is ${what}`, async () => {
        const { id } = await importOld();
        await forms.flush();
        await end(id);
        await forms.flush();
        expect(forms.mayBeSecret(old)).to.equal(false);
        const { items } = await domain.store.for(serviceTenant).open(legacyMarks).list({ limit: 10 });
        expect(items).to.deep.equal([]);
      });
    }

    it("narrows when the last of them has rotated itself to a new secret, and not before its grace is over", async () => {
      await importOld();
      await forms.flush();
      const caller = await verify(old);
      const id = String(caller.actor.id);
      const first = await domain.tokens.rotate(caller, id, 3600);
      remember(first.secret);
      await forms.flush();
      expect((await verify(old)).actor.id).to.equal(id);
      const next = await domain.tokens.rotate(await verify(first.secret), id, 0);
      remember(next.secret);
      await forms.flush();
      expect(forms.mayBeSecret(old)).to.equal(false);
      expect((await verify(next.secret)).actor.id).to.equal(id);
    });
  });
});
