import type { Entity } from "../record.ts";
import type { CollectionDefinition } from "../store.ts";

/** What a session stores of a user who signed in through an OpenID Provider. */
export interface UserSignInCredential {
  readonly userId: string;
  /** The user's number of deactivations at the sign-in. */
  readonly userGeneration?: number;
  /** SHA-256 of the settings that identified the user. */
  readonly settingsHash: string;
  /** The groups of the ID token that granted a role at the sign-in. */
  readonly idTokenGroups: readonly string[];
}

/** A session of the console. It is bound to the credential that signed in, which every request verifies again. */
export interface ConsoleSession extends Entity {
  /** SHA-256 of the session id, which only the cookie has. */
  readonly idHash: string;
  /** The stored hash of the token's secret that signed in. */
  readonly secretHash?: string | undefined;
  /** Of a session of AUTH_SECRET instead: the HMAC of its value under the session id, which is not stored. */
  readonly authSecretProof?: string | undefined;
  /** Of a session of a user instead. */
  readonly signIn?: UserSignInCredential | undefined;
  /** The time of the last request (ISO 8601), updated at most once a minute. */
  readonly lastUsedAt: string;
}

export const consoleSessions: CollectionDefinition<ConsoleSession> = {
  name: "console_sessions",
  indexes: [{ path: "idHash", unique: "global" }],
};

/** A form of the console that was submitted, and whose nonce is in the id. A reload does not submit it again. */
export const consoleSubmissions: CollectionDefinition<Entity> = { name: "console_submissions", indexes: [] };
