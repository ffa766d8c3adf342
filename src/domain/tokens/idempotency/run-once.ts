import type { Token } from "../../../../schemas/token.ts";
import type { Store, Transaction, TransactionOptions } from "../../../store/store.ts";
import type { Caller } from "../../caller.ts";
import { retryOnConflict } from "../../conflict.ts";
import { mintSecret, type SecretSettings } from "../issue/format.ts";
import {
  findIdempotencyRecord,
  type IdempotentRequest,
  insertIdempotencyRecord,
  newIdempotencyRecord,
} from "./idempotent-requests.ts";
import { deriveSecret, replayIdempotentRequest } from "./replay.ts";

/** A token and its secret, which cannot be read again. */
export interface IssuedToken {
  readonly token: Token;
  readonly secret: string;
  /** Whether an earlier request with the same idempotency key has created the secret. */
  readonly isReplay?: boolean;
}

/** A change of a caller that returns a secret. */
interface SecretChange extends TransactionOptions {
  readonly caller: Caller;
  /** What the key is used for; a key of another operation is another key. */
  readonly operation: string;
  /** Present if the client may send the request again. */
  readonly idempotent: IdempotentRequest | undefined;
}

/**
 * Runs a change that returns a secret in a transaction. With an idempotency key, a repeated request returns the same token
 * and secret, and changes nothing. Of concurrent requests with the same key, one runs the change.
 * @param run gets the secret that the token shall have
 * @throws AppError idempotency-key-reused; conflict as `replayIdempotentRequest`; and whatever `run` throws
 */
export function runOnce(
  store: Store,
  settings: SecretSettings,
  { caller, operation, idempotent, ...options }: SecretChange,
  run: (tx: Transaction, secret: string) => Promise<IssuedToken>,
): Promise<IssuedToken> {
  if (!idempotent) return store.transaction((tx) => run(tx, mintSecret(settings.prefix)), options);
  return retryOnConflict(() =>
    store.transaction(async (tx) => {
      const earlier = await findIdempotencyRecord(tx, caller, operation, idempotent);
      if (earlier) {
        const replayed = await replayIdempotentRequest(tx, caller, idempotent, earlier, settings);
        return { ...replayed, isReplay: true };
      }
      const record = newIdempotencyRecord(caller, operation, idempotent);
      const issued = await run(tx, deriveSecret(idempotent, record, settings));
      await insertIdempotencyRecord(tx, { ...record, tokenId: issued.token.id });
      return issued;
    }, options),
  );
}
