import { expect } from "chai";
import fc from "fast-check";
import { CredentialCipher } from "../../../src/domain/credentials/credential-cipher.ts";
import { anyCharacter } from "../../support/any-character.ts";

const [oldKey, newKey, otherKey] = [1, 2, 3].map((byte) => Buffer.alloc(32, byte)) as [Buffer, Buffer, Buffer];
const binding = { organizationId: "org_1", holderId: "srv_1", origin: "https://mcp.example" };

describe("CredentialCipher", () => {
  it("decrypts what it encrypted, and stores nothing that resembles it", () => {
    const cipher = new CredentialCipher([newKey]);
    fc.assert(
      fc.property(fc.string({ minLength: 1, unit: anyCharacter }), (value) => {
        const stored = cipher.encrypt(value, binding);
        expect(cipher.decrypt(stored, binding)).to.equal(value);
        expect(cipher.encrypt(value, binding).ciphertext).to.not.equal(stored.ciphertext);
      }),
    );
    expect(JSON.stringify(cipher.encrypt("Bearer plain", binding))).to.not.contain("plain");
  });

  it("decrypts under a previous key, and encrypts under the current one", () => {
    const stored = new CredentialCipher([oldKey]).encrypt("value", binding);
    const rotated = new CredentialCipher([newKey, oldKey]);
    expect(rotated.decrypt(stored, binding)).to.equal("value");
    expect(rotated.encrypt("value", binding).keyId).to.equal(rotated.currentKeyId).and.not.equal(stored.keyId);
  });

  it("returns nothing without the key, or under another key with the same id", () => {
    const stored = new CredentialCipher([oldKey]).encrypt("value", binding);
    expect(new CredentialCipher([otherKey]).decrypt(stored, binding)).to.equal(undefined);
    expect(new CredentialCipher([]).decrypt(stored, binding)).to.equal(undefined);
    const cipher = new CredentialCipher([otherKey]);
    expect(cipher.decrypt({ ...stored, keyId: String(cipher.currentKeyId) }, binding)).to.equal(undefined);
  });

  it("returns nothing for another organization, holder or origin", () => {
    const cipher = new CredentialCipher([newKey]);
    const stored = cipher.encrypt("value", binding);
    for (const other of [{ organizationId: "org_2" }, { holderId: "con_1" }, { origin: "https://evil.example" }])
      expect(cipher.decrypt(stored, { ...binding, ...other })).to.equal(undefined);
  });

  it("returns nothing for a changed or truncated ciphertext", () => {
    const cipher = new CredentialCipher([newKey]);
    const { keyId, ciphertext } = cipher.encrypt("value", binding);
    const bytes = Buffer.from(ciphertext, "base64url");
    for (let at = 0; at < bytes.length; at++) {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect(cipher.decrypt({ keyId, ciphertext: changed.toString("base64url") }, binding)).to.equal(undefined);
      const truncated = bytes.subarray(0, at).toString("base64url");
      expect(cipher.decrypt({ keyId, ciphertext: truncated }, binding)).to.equal(undefined);
    }
  });
});
