import { hash, randomBytes } from "node:crypto";
import { AppError } from "../../errors.ts";
import { type ConsoleSession, consoleSessions, type UserSignInCredential } from "../../store/collections.ts";
import type { Store } from "../../store/store.ts";
import { recordAuditEvent } from "../audit/record.ts";
import type { Caller, RequestSource } from "../caller.ts";
import { newEntity } from "../entity.ts";
import type { TokenVerifier } from "../tokens/verify/token-verifier.ts";
import type { UserSessions } from "./sign-in/user-sessions.ts";

/** A session ends after this time without a request, and after this time in any case, in milliseconds. */
export const sessionLimits = { idleMs: 30 * 60_000, absoluteMs: 8 * 3_600_000 } as const;
/** The scopes of which the console requires one. */
export const consoleScopes = ["admin:read", "admin:tokens"] as const;
/** The scope that a personal token requires, which opens only the pages of its user's own tokens. */
const personalScope = "connect:read";
/** The time of the last request is written at most this often, in milliseconds, so that reading pages writes little. */
const lastUsedMs = 60_000;
const sessionIdPattern = /^[\w-]{43}$/;

/** What verifies the credentials of sessions. */
export interface SessionVerifiers {
  /** Of tokens and of AUTH_SECRET. */
  readonly tokens: TokenVerifier;
  /** Of users who signed in through an OpenID Provider. */
  readonly users: UserSessions;
}

/**
 * The sessions of the console. A session is bound to the credential that signed in: each request of it verifies that
 * credential again. So it ends when the token is revoked, disabled, expired or rotated, when the user is deactivated or has
 * no role any more, or when the organization is disabled, on every replica. Only the hash of the session id is stored.
 */
export class ConsoleSessions {
  readonly #store: Store;
  readonly #verifiers: SessionVerifiers;
  readonly #now: () => number;

  /** @param now in milliseconds since 1970 */
  constructor(store: Store, verifiers: SessionVerifiers, now: () => number = Date.now) {
    this.#store = store;
    this.#verifiers = verifiers;
    this.#now = now;
  }

  /**
   * Verifies a token for the sign-in.
   * @param secret a token, or the value of AUTH_SECRET
   * @throws AppError invalid-token; ip-not-allowed; insufficient-scope; unavailable
   */
  async verify(secret: string, source: RequestSource): Promise<Caller> {
    const caller = await this.#verifiers.tokens.verify(secret, source);
    if (hasConsoleScope(caller) || (isPersonalSession(caller) && caller.scopes.has(personalScope))) return caller;
    throw new AppError(
      "insufficient-scope",
      `The console requires a token with ${consoleScopes.join(" or ")}, or a personal token with ${personalScope}.`,
      { scopes: [...consoleScopes, personalScope] },
    );
  }

  /**
   * Opens a session.
   * @param caller as `verify` or the sign-in of a user has returned it
   * @param signIn of a user who signed in through an OpenID Provider
   * @returns the new session id, 32 random bytes in base64url
   * @throws AppError unavailable
   */
  async open(caller: Caller, signIn?: UserSignInCredential): Promise<string> {
    const { organizationId } = caller;
    const sessionId = randomBytes(32).toString("base64url");
    const now = new Date(this.#now());
    const session: ConsoleSession = {
      ...newEntity("ses", organizationId, now),
      ...{ idHash: hashId(sessionId), lastUsedAt: now.toISOString() },
      ...(signIn ? { signIn } : this.#verifiers.tokens.toSessionCredential(caller, sessionId)),
    };
    await this.#store.transaction(async (tx) => {
      await tx.for(organizationId).open(consoleSessions).insert(session);
      await recordAuditEvent(tx, organizationId, caller, { action: "console.sign_in" });
    });
    return sessionId;
  }

  /**
   * Verifies a session for one request.
   * @param sessionId as the client sent it
   * @returns the caller that the credential of the session identifies; undefined if the session has ended
   * @throws AppError ip-not-allowed for an address outside the token's list; unavailable
   */
  async resume(sessionId: string, source: RequestSource): Promise<Caller | undefined> {
    const session = await this.#find(sessionId);
    if (!session) return undefined;
    const caller = this.#isWithinLimits(session) ? await this.#verify(session, sessionId, source) : undefined;
    // Removed, so that it stays ended when the token is enabled or the user is activated again.
    if (!caller) await this.#remove(session);
    else if (this.#now() - Date.parse(session.lastUsedAt) > lastUsedMs) await this.#recordUse(session);
    return caller;
  }

  /** Ends a session. Without such a session, nothing happens. @throws AppError unavailable */
  async signOut(sessionId: string, caller: Caller): Promise<void> {
    const session = await this.#find(sessionId);
    if (session) await this.#remove(session, caller);
  }

  #verify(session: ConsoleSession, sessionId: string, source: RequestSource): Promise<Caller | undefined> {
    const { organizationId, signIn } = session;
    return signIn
      ? this.#verifiers.users.verify(organizationId, signIn, source)
      : this.#verifiers.tokens.verifySession(session, sessionId, source);
  }

  async #find(sessionId: string): Promise<ConsoleSession | undefined> {
    if (!sessionIdPattern.test(sessionId)) return undefined;
    return this.#store.lookup(consoleSessions, "idHash", [hashId(sessionId)]);
  }

  #isWithinLimits({ createdAt, lastUsedAt }: ConsoleSession): boolean {
    const now = this.#now();
    return (
      now - Date.parse(createdAt) < sessionLimits.absoluteMs && now - Date.parse(lastUsedAt) < sessionLimits.idleMs
    );
  }

  async #recordUse({ organizationId, id }: ConsoleSession): Promise<void> {
    const lastUsedAt = new Date(this.#now()).toISOString();
    await this.#store.transaction((tx) =>
      tx.for(organizationId).open(consoleSessions).increment(id, {}, { lastUsedAt }),
    );
  }

  /** @param caller who signs out; absent: the session has ended by itself, which is no change to audit */
  async #remove({ organizationId, id }: ConsoleSession, caller?: Caller): Promise<void> {
    await this.#store.transaction(async (tx) => {
      const isRemoved = await tx.for(organizationId).open(consoleSessions).remove(id, "any");
      if (isRemoved && caller) await recordAuditEvent(tx, organizationId, caller, { action: "console.sign_out" });
    });
  }
}

const hasConsoleScope = ({ scopes }: Caller): boolean => consoleScopes.some((scope) => scopes.has(scope));

/** Whether the session of a caller is limited to the caller's own tokens. */
export const isPersonalSession = (caller: Caller): boolean => caller.userId !== undefined && !hasConsoleScope(caller);

const hashId = (sessionId: string): string => hash("sha256", sessionId, "base64url");
