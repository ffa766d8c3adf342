import type { IncomingMessage } from "node:http";
import { AppError } from "../../../errors.ts";
import { readCredential } from "../../auth/credentials.ts";

/**
 * Reads `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header): a string in quotes, as the draft has it, or the key
 * alone, as many clients send it.
 * @returns the key and the credential that it belongs to; undefined if the request has no key
 * @throws AppError invalid-request for more than one key, and for a key that is empty, too long or not ASCII
 */
export function readIdempotencyKey(
  req: IncomingMessage,
): { readonly key: string; readonly credential: string } | undefined {
  const values = req.headersDistinct["idempotency-key"];
  if (values === undefined) return undefined;
  const [value = "", ...others] = values;
  const [, quoted, bare] = keyPattern.exec(value.trim()) ?? [];
  const key = quoted ?? bare;
  const credential = readCredential(req);
  if (key !== undefined && others.length === 0 && credential !== undefined) return { key, credential };
  throw new AppError(
    "invalid-request",
    "Idempotency-Key must appear once and have 1 to 255 visible ASCII characters without quotes, such as a UUID.",
  );
}

const keyPattern = /^(?:"([\x21\x23-\x5b\x5d-\x7e]{1,255})"|([\x21\x23-\x5b\x5d-\x7e]{1,255}))$/;
