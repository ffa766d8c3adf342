import { createHmac, timingSafeEqual } from "node:crypto";
import { AppError, hasErrorCode } from "../../errors.ts";
import { consoleSubmissions } from "../../store/collections.ts";
import type { Store } from "../../store/store.ts";
import { newEntity, newUlid } from "../entity.ts";

/**
 * The submissions of forms whose result is shown once. Each form has a nonce that is valid for one submission in one
 * session, so that a reload of the result, which submits the form again, does not create a second token.
 */
export class ConsoleSubmissions {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Returns the nonce of a new form. @param sessionId the secret id of the session */
  issueNonce(sessionId: string): string {
    const ulid = newUlid();
    return `${ulid}.${sign(sessionId, ulid)}`;
  }

  /**
   * Uses the nonce of a submitted form. Of two concurrent submissions, one succeeds.
   * @param organizationId of the session
   * @throws AppError invalid-request for a nonce that was not issued in this session; conflict for a used one
   */
  async useNonce(organizationId: string, sessionId: string, nonce: string): Promise<void> {
    const [, ulid, signature] = noncePattern.exec(nonce) ?? [];
    if (ulid === undefined || signature === undefined || !isEqual(signature, sign(sessionId, ulid)))
      throw new AppError("invalid-request", "The form does not belong to this session. Open it again.");
    // A nonce is older than a day only in a session that has ended, so that the record can be removed then.
    const submission = { ...newEntity("sub", organizationId), id: `sub_${ulid}` };
    try {
      await this.#store.transaction((tx) => tx.for(organizationId).open(consoleSubmissions).insert(submission));
    } catch (error) {
      if (!hasErrorCode(error, "conflict")) throw error;
      throw new AppError(
        "conflict",
        "This form was submitted already, and nothing was changed now. A secret is shown only once.",
      );
    }
  }
}

const noncePattern = /^([0-9A-HJKMNP-TV-Z]{26})\.([\w-]{43})$/;

const sign = (sessionId: string, ulid: string): string =>
  createHmac("sha256", sessionId).update(`submission ${ulid}`).digest("base64url");

/** Compares two strings of the same length in constant time. */
const isEqual = (one: string, other: string): boolean => timingSafeEqual(Buffer.from(one), Buffer.from(other));
