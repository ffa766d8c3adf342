import { AppError } from "../../errors.ts";
import type { CredentialCipher } from "./credential-cipher.ts";

/**
 * Checks that the secret of a client at another server can be stored.
 * @param isOwnCredential whether a value contains a credential of this service, which no other server may receive
 * @throws AppError invalid-value; not-implemented without a key
 */
export function assertClientSecret(
  cipher: CredentialCipher,
  isOwnCredential: (value: string) => boolean,
  value: string,
): void {
  cipher.assertKey("client secrets");
  if (!isOwnCredential(value)) return;
  const detail = "value contains a token of this service, which no other server may receive.";
  throw new AppError("invalid-value", detail, { field: "value" });
}
