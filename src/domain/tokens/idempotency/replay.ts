import type { Token } from "../../../../schemas/token.ts";
import { AppError } from "../../../errors.ts";
import { type IdempotencyRecord, tokens } from "../../../store/collections.ts";
import type { Transaction } from "../../../store/store.ts";
import { recordAuditEvent } from "../../audit/record.ts";
import type { Caller } from "../../caller.ts";
import { assertCanGrant } from "../issue/delegation.ts";
import { candidateHashes, mintSecret, type SecretSettings, secretRandomLength } from "../issue/format.ts";
import { toTokenStatus } from "../status.ts";
import { deriveBase62 } from "./derived-randomness.ts";
import type { IdempotentRequest } from "./idempotent-requests.ts";

/** Derives the secret of an idempotent request: the same one for the same credential, key and record. */
export function deriveSecret(
  { key, credential }: IdempotentRequest,
  { salt }: Pick<IdempotencyRecord, "salt">,
  { prefix }: SecretSettings,
): string {
  return mintSecret(prefix, deriveBase62({ credential, key, salt }, secretRandomLength));
}

/**
 * Returns what the first request with the key returned: its token as it is now, and the same secret.
 * @throws AppError conflict if the token is gone or has another secret now, and if the credential is not the one of the
 *   first request; forbidden naming the field that the caller cannot grant any more
 */
export async function replayIdempotentRequest(
  tx: Transaction,
  caller: Caller,
  request: IdempotentRequest,
  record: IdempotencyRecord,
  settings: SecretSettings,
): Promise<{ readonly token: Token; readonly secret: string }> {
  const { organizationId } = caller;
  const { tokenId } = record;
  const token = await tx.for(organizationId).open(tokens).get(tokenId);
  const secret = deriveSecret(request, record, settings);
  const hashes = candidateHashes(secret, settings.pepper);
  const isCurrent = token?.secrets.some(({ hash, notAfter }) => notAfter === undefined && hashes.includes(hash));
  if (!token || !isCurrent || toTokenStatus(token) === "revoked") {
    throw new AppError(
      "conflict",
      `A request with this Idempotency-Key has succeeded, and its secret cannot be returned again: the token ${tokenId} was changed or removed since then, or the request had another credential. Send a new key.`,
    );
  }
  if (caller.actor.type !== "token" || caller.actor.id !== tokenId) assertCanGrant(caller, token);
  await recordAuditEvent(tx, organizationId, caller, {
    action: "token.replay",
    target: { type: "token", id: tokenId },
  });
  return { token, secret };
}
