import type { ExchangedTokens, RefreshTokenFamily, RenewedTokens } from "../../../../schemas/auth-exchange.ts";
import type { AuthExchangeSettings } from "../../../../schemas/organization.ts";
import type { Scope, Token, TokenType } from "../../../../schemas/token.ts";
import type { User } from "../../../../schemas/user.ts";
import { AppError } from "../../../errors.ts";
import { exchanges, organizations, serviceTenant, tokens, users } from "../../../store/collections.ts";
import type { Store, Transaction } from "../../../store/store.ts";
import { recordAuditEvent } from "../../audit/record.ts";
import type { ExchangeRejectionCause, RejectedCredentials } from "../../audit/rejections.ts";
import type { Caller } from "../../caller.ts";
import type { Users } from "../../directory/users.ts";
import { newEntity, nextVersion } from "../../entity.ts";
import { isOutdated } from "../generation.ts";
import { readCallerToken } from "../issue/delegation.ts";
import type { TokenPolicy } from "../issue/token-policy.ts";
import type { Tokens } from "../tokens.ts";
import { closeFamily, evictFamilies } from "./family.ts";
import type { JwksCache } from "./jwks.ts";
import { verifyJwt } from "./jwt.ts";
import { hashRefreshToken, mintRefreshToken } from "./refresh-token.ts";
import { findUserByClaims } from "./user.ts";

const accessTokenTtlMs = 3_600_000;
/** A refresh token expires if it is not used for this long. */
const refreshTokenTtlMs = 86_400_000;
/** The family expires this long after the exchange, however often it is refreshed; then a new exchange is needed. */
const familyTtlMs = 30 * 86_400_000;

/** The services that exchanges use. */
export interface ExchangeServices {
  readonly users: Users;
  readonly tokens: Tokens;
  readonly jwks: JwksCache;
  readonly rejections: RejectedCredentials;
}

/**
 * Exchanges a JWT of an external identity provider (the subject token of RFC 8693) for a short-lived personal token of
 * the user, and renews it by single-use refresh tokens (RFC 9700 section 4.14). If a refresh token is used twice, one of
 * the two uses may be a thief's, so the whole family is closed. This also applies to a client that sends one twice at
 * the same time.
 */
export class TokenExchanges {
  readonly #store: Store;
  readonly #policy: TokenPolicy;
  readonly #services: ExchangeServices;

  constructor(store: Store, policy: TokenPolicy, services: ExchangeServices) {
    this.#store = store;
    this.#policy = policy;
    this.#services = services;
  }

  /**
   * Exchanges a JWT for an access token and a refresh token.
   * @param jwt issued by the organization's identity provider
   * @throws AppError invalid-request if the organization has no authExchange settings; invalid-token for an invalid JWT
   *   and forbidden for one without a matching active user, each with the same message for every cause; unavailable if
   *   the identity provider's keys cannot be read
   */
  async exchange(caller: Caller, jwt: string): Promise<ExchangedTokens> {
    const { organizationId } = caller;
    const settings = await this.#loadSettings(organizationId);
    const { users: userService, jwks } = this.#services;
    const verified = await verifyJwt(jwt, settings, (header) => jwks.findKey(organizationId, settings.jwksUri, header));
    if ("cause" in verified) throw this.#reject(caller, verified.cause, invalidJwt());
    const user = await findUserByClaims(verified.claims, organizationId, userService);
    if (!user) throw this.#reject(caller, "jwt-user", noMatchingUser());
    const issued = await this.#store.transaction((tx) => this.#exchangeInTransaction(tx, caller, user.id), {
      lockKey: user.id,
    });
    return { ...issued, id_token: jwt };
  }

  /**
   * Replaces the access token and returns the next refresh token.
   * @throws AppError invalid-token, with the same message for every cause
   */
  async refresh(caller: Caller, refreshToken: string): Promise<RenewedTokens> {
    const hashes = hashRefreshToken(refreshToken, this.#policy);
    const family = hashes && (await this.#store.lookup(exchanges, "familyHash", hashes.family));
    if (!family) throw this.#reject(caller, "refresh-unknown", invalidRefreshToken());
    const { organizationId, exchangedBy } = family;
    if (organizationId !== caller.organizationId || exchangedBy !== toExchangerId(caller)) {
      throw this.#reject(caller, "refresh-foreign", invalidRefreshToken());
    }
    const outcome = await this.#store.transaction(
      (tx) => this.#refreshInTransaction(tx, caller, family.id, refreshToken, hashes.refresh),
      { lockKey: family.userId },
    );
    if (typeof outcome === "string") throw this.#reject(caller, outcome, invalidRefreshToken());
    return outcome;
  }

  async #loadSettings(organizationId: string): Promise<AuthExchangeSettings> {
    const organization = await this.#store.for(serviceTenant).open(organizations).get(organizationId);
    if (organization?.authExchange) return organization.authExchange;
    throw new AppError("invalid-request", "Token exchange is not configured: set authExchange of the organization.");
  }

  async #exchangeInTransaction(tx: Transaction, caller: Caller, userId: string): Promise<RenewedTokens> {
    const { organizationId, restriction } = caller;
    const tenant = tx.for(organizationId);
    const user = await tenant.open(users).get(userId);
    if (!user?.active) throw noMatchingUser();
    const parent = await readCallerToken(tx, caller);
    await evictFamilies(tx, caller, userId);
    const expiry = this.#toExpiry(parent);
    const { token, secret } = await this.#services.tokens.createInTransaction(tx, organizationId, caller, {
      name: `Exchanged for ${caller.actor.name ?? caller.actor.type}`.slice(0, 200).toWellFormed(),
      ...toGrant(caller),
      origin: "exchange",
      userId,
      ...(parent && { parentId: parent.id }),
      ...restriction,
      expiresAt: expiry.access,
    });
    const refresh = mintRefreshToken(this.#policy);
    const family: RefreshTokenFamily = {
      ...newEntity("exc", organizationId),
      userId,
      tokenId: token.id,
      exchangedBy: toExchangerId(caller),
      familyHash: refresh.familyHash,
      refreshHash: refresh.refreshHash,
      refreshExpiresAt: expiry.refresh.toISOString(),
      expiresAt: expiry.family.toISOString(),
    };
    await tenant.open(exchanges).insert(family);
    return toTokenResponse(secret, refresh.secret, family, expiry.access, user);
  }

  /** @returns the cause of a rejection; to throw it would roll back the closing of the family */
  async #refreshInTransaction(
    tx: Transaction,
    caller: Caller,
    familyId: string,
    refreshToken: string,
    refreshHashes: readonly string[],
  ): Promise<RenewedTokens | ExchangeRejectionCause> {
    const tenant = tx.for(caller.organizationId);
    const family = await tenant.open(exchanges).get(familyId);
    if (!family || family.closedAt !== undefined) return "refresh-closed";
    const [user, token] = [await tenant.open(users).get(family.userId), await tenant.open(tokens).get(family.tokenId)];
    if (!refreshHashes.includes(family.refreshHash)) {
      await closeFamily(tx, caller, family);
      await recordAuditEvent(tx, caller.organizationId, caller, {
        action: "exchange.refresh_reused",
        target: { type: "token", id: family.tokenId },
        details: { userId: family.userId },
      });
      return "refresh-reused";
    }
    if (!user?.active || !token || token.revokedAt !== undefined || isOutdated(token, user)) {
      await closeFamily(tx, caller, family);
      return "refresh-closed";
    }
    if (Date.parse(family.refreshExpiresAt) <= Date.now()) return "refresh-expired";
    // The family stays open, because a disabled token can be enabled again.
    if (!token.enabled) return "refresh-closed";
    const expiry = this.#toExpiry(await readCallerToken(tx, caller), family);
    const grant = token.type === "agent" ? toGrant(caller) : readOnlyGrant;
    const { secret } = await this.#services.tokens.renewInTransaction(tx, caller, token, {
      ...grant,
      expiresAt: expiry.access.toISOString(),
    });
    const refresh = mintRefreshToken(this.#policy, refreshToken);
    const { familyHash, refreshHash } = refresh;
    const refreshExpiresAt = expiry.refresh.toISOString();
    const next = { ...family, ...nextVersion(family), familyHash, refreshHash, refreshExpiresAt };
    await tenant.open(exchanges).replace(next, family.version);
    return toTokenResponse(secret, refresh.secret, next, expiry.access, user);
  }

  /** No expiry is later than that of the exchanging token, or than the longest lifetime of a token allows. */
  #toExpiry(parent: Token | undefined, family?: RefreshTokenFamily): { access: Date; refresh: Date; family: Date } {
    const now = Date.now();
    const { maxTtlDays } = this.#policy;
    const expiriesMs = [
      family ? Date.parse(family.expiresAt) : now + familyTtlMs,
      ...(maxTtlDays === undefined ? [] : [now + maxTtlDays * 86_400_000]),
      ...(parent?.expiresAt === undefined ? [] : [Date.parse(parent.expiresAt)]),
    ];
    const capped = (ms: number): Date => new Date(Math.min(now + ms, ...expiriesMs));
    return { access: capped(accessTokenTtlMs), refresh: capped(refreshTokenTtlMs), family: capped(familyTtlMs) };
  }

  #reject(caller: Caller, cause: ExchangeRejectionCause, error: AppError): AppError {
    const { organizationId, actor, ip = "", requestId = "" } = caller;
    this.#services.rejections.record({ organizationId, actor, cause, ip, requestId });
    return error;
  }
}

interface Grant {
  readonly type: TokenType;
  readonly scopes: readonly Scope[];
}

const readOnlyGrant: Grant = { type: "mcp", scopes: ["connect:read"] };

/** Grants no more than the exchanging token has. */
const toGrant = ({ scopes }: Caller): Grant =>
  scopes.has("connect:write") ? { type: "agent", scopes: ["connect:write"] } : readOnlyGrant;

/** Identifies the credential that created a family; no other credential can refresh it. */
const toExchangerId = ({ actor }: Caller): string => actor.id ?? actor.type;

function toTokenResponse(
  accessToken: string,
  refreshToken: string,
  family: RefreshTokenFamily,
  expiresAt: Date,
  user: User,
): RenewedTokens {
  return {
    access_token: accessToken,
    token_type: "Bearer",
    expires_in: Math.floor((expiresAt.getTime() - Date.now()) / 1000),
    expires_at: expiresAt.toISOString(),
    refresh_token: refreshToken,
    refresh_expires_at: family.refreshExpiresAt,
    user: { id: user.id, userName: user.userName },
  };
}

const invalidJwt = (): AppError => new AppError("invalid-token", "The identity provider's token is not valid.");
const invalidRefreshToken = (): AppError => new AppError("invalid-token", "The refresh token is not valid.");
const noMatchingUser = (): AppError =>
  new AppError("forbidden", "The identity provider's token does not match an active user.");
