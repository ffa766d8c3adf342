import { createCipheriv, createDecipheriv, hash, randomBytes } from "node:crypto";
import { AppError } from "../../errors.ts";

/** What a credential belongs to. A ciphertext decrypts only with the binding that it was encrypted with. */
export interface CredentialBinding {
  readonly organizationId: string;
  /** The id of the MCP server, connection or webhook. */
  readonly holderId: string;
  /** The origin (RFC 6454) that the credential is sent to. */
  readonly origin: string;
  /** What the credential is, unless it is the value of a header. */
  readonly purpose?: "client-secret" | "oauth-tokens" | "code-verifier" | "webhook-secrets" | undefined;
}

/** An encrypted credential, as it is stored. */
export interface EncryptedCredential {
  /** Identifies the key; it is derived from the key, and does not reveal it. */
  readonly keyId: string;
  /** In base64url: nonce (12 bytes), authentication tag (16 bytes), encrypted UTF-8. */
  readonly ciphertext: string;
}

/**
 * Encrypts credentials with AES-256-GCM (NIST SP 800-38D) under keys that are not in the database. Nonces are random: one
 * key may encrypt 2^32 credentials.
 */
export class CredentialCipher {
  readonly #keys: ReadonlyMap<string, Buffer>;
  /** The key that encrypts; undefined if there is no key. */
  readonly currentKeyId: string | undefined;

  /** @param keys keys of 32 bytes: the current one, which encrypts, then the previous ones, which only decrypt */
  constructor(keys: readonly Buffer[]) {
    this.#keys = new Map(keys.map((key) => [toKeyId(key), key]));
    this.currentKeyId = keys[0] && toKeyId(keys[0]);
  }

  /**
   * Checks that credentials can be stored.
   * @param what names them in the message
   * @throws AppError not-implemented if there is no key
   */
  assertKey(what = "credentials of MCP servers"): void {
    if (this.currentKeyId !== undefined) return;
    const message = `This installation stores no ${what}, because CREDENTIAL_KEY is not set.`;
    throw new AppError("not-implemented", message);
  }

  /** @throws Error if there is no key */
  encrypt(value: string, binding: CredentialBinding): EncryptedCredential {
    const keyId = this.currentKeyId ?? "";
    const key = this.#keys.get(keyId);
    if (!key) throw new Error("there is no key to encrypt with");
    const nonce = randomBytes(nonceLength);
    const cipher = createCipheriv("aes-256-gcm", key, nonce).setAAD(toAdditionalData(binding));
    const encrypted = Buffer.concat([cipher.update(value, "utf8"), cipher.final()]);
    return { keyId, ciphertext: Buffer.concat([nonce, cipher.getAuthTag(), encrypted]).toString("base64url") };
  }

  /** @returns undefined if the key is missing, or if the ciphertext or its binding was changed */
  decrypt({ keyId, ciphertext }: EncryptedCredential, binding: CredentialBinding): string | undefined {
    const key = this.#keys.get(keyId);
    const bytes = Buffer.from(ciphertext, "base64url");
    if (!key || bytes.length < nonceLength + tagLength) return undefined;
    const decipher = createDecipheriv("aes-256-gcm", key, bytes.subarray(0, nonceLength), { authTagLength: tagLength })
      .setAAD(toAdditionalData(binding))
      .setAuthTag(bytes.subarray(nonceLength, nonceLength + tagLength));
    try {
      const decrypted = [decipher.update(bytes.subarray(nonceLength + tagLength)), decipher.final()];
      return Buffer.concat(decrypted).toString("utf8");
    } catch {
      return undefined;
    }
  }
}

const nonceLength = 12;
const tagLength = 16;

/** Returns the first 8 hexadecimal digits of a hash of the key. The prefix keeps it apart from other hashes of the key. */
const toKeyId = (key: Buffer): string =>
  hash("sha256", Buffer.concat([Buffer.from("gatehouse credential key "), key])).slice(0, 8);

const toAdditionalData = ({ organizationId, holderId, origin, purpose }: CredentialBinding): Buffer => {
  const parts = ["gatehouse-credential", 1, organizationId, holderId, origin, ...(purpose ? [purpose] : [])];
  return Buffer.from(JSON.stringify(parts));
};
