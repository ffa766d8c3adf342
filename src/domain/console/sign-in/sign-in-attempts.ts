import { createHmac, hash, randomBytes, timingSafeEqual } from "node:crypto";
import { jwtVerify, SignJWT } from "jose";
import { z } from "zod";
import type { ConsoleSignInSettings } from "../../../../schemas/console-sign-in.ts";
import { hasErrorCode } from "../../../errors.ts";
import { consoleSubmissions } from "../../../store/collections.ts";
import type { Store } from "../../../store/store.ts";
import type { SigningKey } from "../../connections/signing-key.ts";
import { newEntity, newUlid } from "../../entity.ts";

/** How long a sign-in may take, in milliseconds. */
export const signInAttemptMs = 10 * 60_000;
/** Browsers keep cookies of up to 4,096 bytes, with the name and the attributes. */
const cookieLengthMax = 3600;
/** Characters of the page to return to, which is in the cookie. */
const returnPathMax = 2048;
const audience = "console-sign-in";

const claims = z.object({
  organizationId: z.string(),
  settingsHash: z.string(),
  jti: z.string().regex(/^[0-9A-HJKMNP-TV-Z]{26}$/),
  secret: z.string().regex(/^[\w-]{43}$/),
  /** The page of the console to return to after the sign-in. */
  returnPath: z.string().optional(),
});

/** A sign-in that has begun in one browser. */
export type SignInAttempt = Readonly<z.output<typeof claims>>;

/** The values of one authorization request, each derived from the secret of the attempt. */
export interface AttemptValues {
  readonly state: string;
  readonly nonce: string;
  readonly codeVerifier: string;
}

/**
 * The sign-ins in progress. The browser keeps them in a signed cookie, so that any replica can complete a sign-in that
 * another one has begun, and a stranger who begins many writes nothing to the store. `state`, `nonce` and the code verifier
 * are derived from a secret in the cookie: only the browser that began the sign-in can complete it.
 */
export class SignInAttempts {
  readonly #store: Store;
  readonly #key: SigningKey;
  readonly #now: () => number;

  /** @param now in milliseconds since 1970 */
  constructor(store: Store, key: SigningKey, now: () => number) {
    this.#store = store;
    this.#key = key;
    this.#now = now;
  }

  /**
   * Begins a sign-in.
   * @param returnPath the page of the console to return to, which the cookie keeps unless it is very long
   * @returns the value of the cookie, and the values of the authorization request
   */
  async begin(
    organizationId: string,
    settings: ConsoleSignInSettings,
    returnPath?: string,
  ): Promise<{ readonly cookie: string; readonly values: AttemptValues }> {
    const attempt: SignInAttempt = {
      ...{ organizationId, settingsHash: hashSignInSettings(settings) },
      ...{ jti: newUlid(), secret: randomBytes(32).toString("base64url") },
      ...(returnPath !== undefined && returnPath.length <= returnPathMax && { returnPath }),
    };
    const cookie = await new SignJWT(attempt)
      .setProtectedHeader({ alg: "HS256" })
      .setAudience(audience)
      .setExpirationTime(new Date(this.#now() + signInAttemptMs))
      .sign(await this.#key.get());
    return { cookie, values: toAttemptValues(attempt) };
  }

  /** @returns the attempt in a cookie; undefined if this service did not begin it, or it has expired */
  async read(cookie: string): Promise<SignInAttempt | undefined> {
    if (cookie.length > cookieLengthMax) return undefined;
    const options = { algorithms: ["HS256"], audience, currentDate: new Date(this.#now()) };
    try {
      return claims.parse((await jwtVerify(cookie, await this.#key.get(), options)).payload);
    } catch (error) {
      if (hasErrorCode(error)) throw error;
      return undefined;
    }
  }

  /** Uses an attempt. @returns false if it was used before, on any replica */
  async use({ organizationId, jti }: SignInAttempt): Promise<boolean> {
    const record = { ...newEntity("sub", organizationId), id: `sub_${jti}` };
    try {
      await this.#store.transaction((tx) => tx.for(organizationId).open(consoleSubmissions).insert(record));
      return true;
    } catch (error) {
      if (hasErrorCode(error, "conflict")) return false;
      throw error;
    }
  }
}

/** Returns the values of the authorization request of an attempt. */
export function toAttemptValues({ secret }: SignInAttempt): AttemptValues {
  const derive = (label: string): string => createHmac("sha256", secret).update(label).digest("base64url");
  return { state: derive("state"), nonce: derive("nonce"), codeVerifier: derive("code-verifier") };
}

/** Whether two strings are equal, in constant time for strings of equal length. */
export function isSameValue(one: string, other: string): boolean {
  const [left, right] = [Buffer.from(one), Buffer.from(other)];
  return left.length === right.length && timingSafeEqual(left, right);
}

/** Returns a hash of what identifies users. A sign-in, and a session, with another one are not valid any more. */
export function hashSignInSettings({
  issuer,
  clientId,
  matchUsersBy,
  externalIdClaim,
  groupsClaim,
}: ConsoleSignInSettings): string {
  return hash("sha256", JSON.stringify([issuer, clientId, matchUsersBy, externalIdClaim, groupsClaim]), "base64url");
}
