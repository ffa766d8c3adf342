import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import type { Token, TokenFailure } from "../../../../schemas/token.ts";
import type { Log } from "../../../log.ts";
import { tokens, users } from "../../../store/collections.ts";
import type { Store } from "../../../store/store.ts";
import type { ActivityCounter } from "../../activity/activity-counter.ts";
import type { CredentialRejectionCause, RejectedCredentials } from "../../audit/rejections.ts";
import type { Caller, RequestSource } from "../../caller.ts";
import { findDefaultOrganization } from "../../organizations.ts";
import { isOutdated } from "../generation.ts";
import { candidateHashes, type SecretSettings } from "../issue/format.ts";
import type { TokenFormatGate } from "../legacy/legacy.ts";
import { expandScopes } from "../scopes.ts";
import { toTokenStatus } from "../status.ts";
import type { TokenSignals } from "../usage/signals.ts";
import type { TokenUsage } from "../usage/usage.ts";
import { AllowlistCache } from "./allowlist.ts";
import { readAncestors } from "./ancestors.ts";
import { type CredentialRejectionReport, RejectedCredentialError } from "./rejected-credential.ts";
import { toActor, toTokenCaller } from "./token-caller.ts";

/** The installation's settings for verifying credentials. */
export interface TokenSettings extends SecretSettings {
  /** The value of AUTH_SECRET. It grants the scope `all` in the default organization. */
  readonly authSecret?: string;
  /** False disables the cache of parsed allowlists. */
  readonly hasCache?: boolean;
}

/** The recorders of accepted and rejected credentials. */
export interface VerificationObservers {
  readonly usage: TokenUsage;
  readonly rejections: RejectedCredentials;
  readonly signals: TokenSignals;
  readonly activity?: Pick<ActivityCounter, "recordAuthSecretUse">;
  readonly log?: Log;
}

/**
 * Verifies a credential and returns the caller that it identifies. Every call reads the token from the store, so that
 * every replica rejects a revoked, disabled or expired token from its next request on.
 */
export class TokenVerifier {
  readonly #store: Store;
  readonly #settings: TokenSettings;
  readonly #authSecretDigest: Buffer | undefined;
  readonly #formatGate: TokenFormatGate;
  readonly #observers: VerificationObservers;
  readonly #allowlists: AllowlistCache;

  constructor(store: Store, settings: TokenSettings, formatGate: TokenFormatGate, observers: VerificationObservers) {
    this.#store = store;
    this.#settings = settings;
    this.#authSecretDigest = settings.authSecret === undefined ? undefined : sha256(settings.authSecret);
    this.#formatGate = formatGate;
    this.#allowlists = new AllowlistCache(settings.hasCache);
    this.#observers = observers;
  }

  /**
   * Verifies a secret and records its use or rejection.
   * @throws AppError invalid-token, with the same message for every cause; ip-not-allowed for a valid credential from an
   *   address outside its allowlist; unavailable if the store cannot be reached
   */
  async verify(secret: string, source: RequestSource): Promise<Caller> {
    if (this.#authSecretDigest && timingSafeEqual(sha256(secret), this.#authSecretDigest)) {
      return this.#authSecretCaller(source);
    }
    if (!this.#formatGate.canBeToken(secret)) throw this.#reject("malformed", source);
    const hashes = candidateHashes(secret, this.#settings.pepper);
    const token = await this.#store.lookup(tokens, "secrets.hash", hashes);
    if (!token) throw this.#reject("unknown", source);
    const { cause, ancestors } = await this.#check(token, hashes, source.ip);
    this.#observers.usage.record(token, cause, source.ip);
    this.#observers.signals.record(token, cause, source);
    if (cause !== undefined) throw this.#reject(cause, source, token);
    this.#observers.log?.debug("credential checked", {
      requestId: source.requestId,
      tokenId: token.id,
      result: "accepted",
    });
    return toTokenCaller(token, hashes, ancestors, source);
  }

  /**
   * Verifies again the credential of a request that is in progress. This is no use of the token, and records nothing.
   * @returns the caller with the scopes and restrictions of now; undefined if the credential would be rejected
   * @throws AppError unavailable
   */
  async verifyAgain(caller: Caller): Promise<Caller | undefined> {
    const { token: presented, ip = "", requestId = "" } = caller;
    if (!presented) return this.#verifyAuthSecretAgain(caller);
    const token = await this.#store.lookup(tokens, "secrets.hash", [presented.hash]);
    if (!token) return undefined;
    const { cause, ancestors } = await this.#check(token, [presented.hash], ip);
    return cause === undefined ? toTokenCaller(token, [presented.hash], ancestors, { ip, requestId }) : undefined;
  }

  /**
   * Returns what a session stores of the credential that opened it.
   * @param sessionId the secret id of the session. AUTH_SECRET is never stored, not even as a hash that a copy of the
   *   database could be used to guess, so that its proof is an HMAC under this id
   */
  toSessionCredential({ token }: Caller, sessionId: string): SessionCredential {
    return token ? { secretHash: token.hash } : { authSecretProof: this.#proveAuthSecret(sessionId) };
  }

  /**
   * Verifies the credential of a session for one request of it, as `verify` does, and records the use.
   * @returns undefined if the credential is not valid any more
   * @throws AppError ip-not-allowed; unavailable
   */
  async verifySession(
    { secretHash, authSecretProof }: SessionCredential,
    sessionId: string,
    source: RequestSource,
  ): Promise<Caller | undefined> {
    if (secretHash === undefined) {
      const isCurrent = authSecretProof !== undefined && authSecretProof === this.#proveAuthSecret(sessionId);
      return isCurrent ? this.#authSecretCaller(source).catch(toUndefinedIfRejected) : undefined;
    }
    const token = await this.#store.lookup(tokens, "secrets.hash", [secretHash]);
    if (!token) return undefined;
    const { cause, ancestors } = await this.#check(token, [secretHash], source.ip);
    if (cause !== undefined && cause !== "ip-not-allowed") return undefined;
    this.#observers.usage.record(token, cause, source.ip);
    if (cause !== undefined) throw this.#reject(cause, source, token);
    return toTokenCaller(token, [secretHash], ancestors, source);
  }

  #proveAuthSecret(sessionId: string): string | undefined {
    const { authSecret } = this.#settings;
    return authSecret === undefined
      ? undefined
      : createHmac("sha256", sessionId).update(authSecret).digest("base64url");
  }

  async #check(token: Token, hashes: readonly string[], ip: string): Promise<TokenCheck> {
    const now = Date.now();
    const reject = (cause: TokenFailure): TokenCheck => ({ cause, ancestors: [] });
    const status = toTokenStatus(token, now);
    if (status === "disabled" && token.organizationDisabled) return reject("organization-disabled");
    if (status !== "active") return reject(status);
    const presentedSecret = token.secrets.find((each) => hashes.includes(each.hash));
    if (presentedSecret?.notAfter !== undefined && Date.parse(presentedSecret.notAfter) <= now)
      return reject("superseded");
    const tenant = this.#store.for(token.organizationId);
    const ancestors = token.parentId === undefined ? [] : await readAncestors(tenant.open(tokens), token);
    if (!ancestors?.every((each) => toTokenStatus(each, now) === "active")) return reject("parent-inactive");
    if (token.userId !== undefined) {
      const user = await tenant.open(users).get(token.userId);
      if (!user?.active) return reject("user-inactive");
      if (isOutdated(token, user)) return reject("revoked");
    }
    const isAllowed = [token, ...ancestors].every((each) => this.#allowlists.allows(each, ip));
    return isAllowed ? { cause: undefined, ancestors } : reject("ip-not-allowed");
  }

  async #authSecretCaller(source: RequestSource): Promise<Caller> {
    const organization = await findDefaultOrganization(this.#store);
    if (!organization) throw this.#reject("unknown", source);
    const { id: organizationId, disabledAt } = organization;
    const actor = { type: "auth-secret" } as const;
    if (disabledAt !== undefined) throw this.#record("organization-disabled", source, { organizationId, actor });
    this.#observers.activity?.recordAuthSecretUse(organizationId, source.ip);
    this.#observers.log?.debug("credential checked", {
      requestId: source.requestId,
      actor: "auth-secret",
      result: "accepted",
    });
    return {
      ...source,
      organizationId,
      actor,
      scopes: expandScopes(["all"]),
    };
  }

  /** AUTH_SECRET changes only with the process, but its organization can be disabled, renamed or removed. */
  async #verifyAuthSecretAgain(caller: Caller): Promise<Caller | undefined> {
    const organization = await findDefaultOrganization(this.#store);
    const isValid = organization?.id === caller.organizationId && organization.disabledAt === undefined;
    return isValid ? caller : undefined;
  }

  /**
   * Records the rejection of a request whose credential was not verified.
   * @param candidate a string that may be a token in a wrong form: the rejection belongs to the organization of that token
   * @returns what the request log shows of the rejection
   */
  async reject(
    cause: CredentialRejectionCause,
    source: RequestSource,
    candidate?: string,
  ): Promise<CredentialRejectionReport> {
    const token = candidate === undefined ? undefined : await this.#findToken(candidate).catch(() => undefined);
    return this.#record(cause, source, token && { ...token, actor: toActor(token) }).report;
  }

  /** Records that a client presented a valid token under the id of another one. */
  rejectClientId(client: Caller, source: RequestSource): CredentialRejectionReport {
    return this.#record("client-mismatch", source, client).report;
  }

  async #findToken(secret: string): Promise<Token | undefined> {
    if (!this.#formatGate.canBeToken(secret)) return undefined;
    return this.#store.lookup(tokens, "secrets.hash", candidateHashes(secret, this.#settings.pepper));
  }

  #reject(cause: CredentialRejectionCause, source: RequestSource, token?: Token): RejectedCredentialError {
    return this.#record(cause, source, token && { organizationId: token.organizationId, actor: toActor(token) });
  }

  #record(
    cause: CredentialRejectionCause,
    source: RequestSource,
    owner?: Pick<Caller, "organizationId" | "actor">,
  ): RejectedCredentialError {
    const report = { cause, ...(owner && { organizationId: owner.organizationId, actor: owner.actor }) };
    this.#observers.rejections.record({ ...report, ip: source.ip, requestId: source.requestId });
    return new RejectedCredentialError(report);
  }
}

/** What a session stores of the credential that opened it: one of both. */
export interface SessionCredential {
  readonly secretHash?: string | undefined;
  readonly authSecretProof?: string | undefined;
}

/** @throws whatever is not a rejected credential */
function toUndefinedIfRejected(error: unknown): undefined {
  if (!(error instanceof RejectedCredentialError)) throw error;
}

/** The result of checking a token. */
interface TokenCheck {
  /** Why the token is rejected; undefined if it is accepted. */
  readonly cause: TokenFailure | undefined;
  /** The tokens that an accepted token depends on, the root last. */
  readonly ancestors: readonly Token[];
}

/** Returns the SHA-256 of a string, for comparisons in constant time. */
export const sha256 = (text: string): Buffer => createHash("sha256").update(text).digest();
