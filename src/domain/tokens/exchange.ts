import type { Exchange, ExchangedTokens, RenewedTokens } from "../../../schemas/auth-exchange.ts";
import type { AuthExchangeSettings } from "../../../schemas/organization.ts";
import type { Scope, Token, TokenType } from "../../../schemas/token.ts";
import type { User } from "../../../schemas/user.ts";
import { AppError } from "../../errors.ts";
import type { Change, Store } from "../../store/collection.ts";
import { exchanges, organizations, serviceTenant, tokens, users } from "../../store/collections.ts";
import { record } from "../audit/record.ts";
import type { ExchangeCause, Refusals } from "../audit/refusals.ts";
import type { Caller } from "../caller.ts";
import { newEntity, nextVersion } from "../entity.ts";
import type { Users } from "../people/users.ts";
import { closeWithin, makeRoomWithin } from "./exchange-family.ts";
import { verifyJwt } from "./exchange-jwt.ts";
import { hashesOfRefreshToken, mintRefreshToken } from "./exchange-refresh-token.ts";
import { userOf } from "./exchange-user.ts";
import { presentedToken } from "./giving.ts";
import type { Jwks } from "./jwks.ts";
import type { TokenPolicy, Tokens } from "./tokens.ts";

const accessMs = 3_600_000;
/** A refresh token that nobody used for so long is good for nothing. */
const refreshMs = 86_400_000;
/** And so long after the exchange the identity provider is asked again, however often was refreshed. */
const familyMs = 30 * 86_400_000;

export interface ExchangeRooms {
  readonly users: Users;
  readonly tokens: Tokens;
  readonly jwks: Jwks;
  readonly refusals: Refusals;
}

/**
 * Turns what an outside identity provider says of a user into a short-lived personal token (in the manner of RFC 8693),
 * and keeps that going by refresh tokens, each good once (RFC 9700 section 4.14). A refresh token that comes back after
 * it was used may be a stolen one, or the other may: its whole family ends. That holds for a client, too, that sends one
 * twice at the same time.
 */
export class Exchanges {
  readonly #store: Store;
  readonly #policy: TokenPolicy;
  readonly #rooms: ExchangeRooms;

  constructor(store: Store, policy: TokenPolicy, rooms: ExchangeRooms) {
    this.#store = store;
    this.#policy = policy;
    this.#rooms = rooms;
  }

  /**
   * @param jwt of the organisation's identity provider
   * @throws AppError invalid-request where the organisation exchanges nothing; invalid-token for a JWT that is not
   *   believed, and forbidden for one that names no active user, each alike for every cause; unavailable
   */
  async exchange(caller: Caller, jwt: string): Promise<ExchangedTokens> {
    const { organizationId } = caller;
    const settings = await this.#settingsOf(organizationId);
    const { users: people, jwks } = this.#rooms;
    const verified = await verifyJwt(jwt, settings, (header) => jwks.keyOf(organizationId, settings.jwksUri, header));
    if ("cause" in verified) throw this.#refuse(caller, verified.cause, invalidJwt());
    const user = await userOf(verified.claims, organizationId, people);
    if (!user) throw this.#refuse(caller, "jwt-user", noUser());
    const made = await this.#store.transaction((change) => this.#exchangeWithin(change, caller, user.id), {
      turn: user.id,
    });
    return { ...made, id_token: jwt };
  }

  /**
   * A new access token in the place of the one before, and the next refresh token.
   * @throws AppError invalid-token, alike for every cause
   */
  async refresh(caller: Caller, refreshToken: string): Promise<RenewedTokens> {
    const hashes = hashesOfRefreshToken(refreshToken, this.#policy);
    const family = hashes && (await this.#store.lookup(exchanges, "familyHash", hashes.family));
    if (!family) throw this.#refuse(caller, "refresh-unknown", invalidRefresh());
    const { organizationId, exchangedBy } = family;
    if (organizationId !== caller.organizationId || exchangedBy !== exchangerOf(caller)) {
      throw this.#refuse(caller, "refresh-foreign", invalidRefresh());
    }
    const outcome = await this.#store.transaction(
      (change) => this.#refreshWithin(change, caller, family.id, refreshToken, hashes.refresh),
      { turn: family.userId },
    );
    if (typeof outcome === "string") throw this.#refuse(caller, outcome, invalidRefresh());
    return outcome;
  }

  async #settingsOf(organizationId: string): Promise<AuthExchangeSettings> {
    const organization = await this.#store.for(serviceTenant).open(organizations).get(organizationId);
    if (organization?.authExchange) return organization.authExchange;
    throw new AppError("invalid-request", "The organization exchanges no outside tokens: authExchange is not set.");
  }

  async #exchangeWithin(change: Change, caller: Caller, userId: string): Promise<RenewedTokens> {
    const { organizationId, restriction } = caller;
    const tenant = change.for(organizationId);
    const user = await tenant.open(users).get(userId);
    if (!user?.active) throw noUser();
    const parent = await presentedToken(change, caller);
    await makeRoomWithin(change, caller, userId);
    const life = this.#lifeOf(parent);
    const { token, secret } = await this.#rooms.tokens.createWithin(change, organizationId, caller, {
      name: `Exchanged for ${caller.actor.name ?? caller.actor.type}`.slice(0, 200).toWellFormed(),
      ...grantOf(caller),
      origin: "exchange",
      userId,
      ...(parent && { parentId: parent.id }),
      ...restriction,
      expiresAt: life.access,
    });
    const refresh = mintRefreshToken(this.#policy);
    const family: Exchange = {
      ...newEntity("exc", organizationId),
      userId,
      tokenId: token.id,
      exchangedBy: exchangerOf(caller),
      familyHash: refresh.familyHash,
      refreshHash: refresh.refreshHash,
      refreshExpiresAt: life.refresh.toISOString(),
      expiresAt: life.family.toISOString(),
    };
    await tenant.open(exchanges).insert(family);
    return answerOf(secret, refresh.secret, family, life.access, user);
  }

  /** @returns the cause of a refusal: to throw it here would undo what ends the family */
  async #refreshWithin(
    change: Change,
    caller: Caller,
    familyId: string,
    refreshToken: string,
    hashes: readonly string[],
  ): Promise<RenewedTokens | ExchangeCause> {
    const tenant = change.for(caller.organizationId);
    const family = await tenant.open(exchanges).get(familyId);
    if (!family || family.closedAt !== undefined) return "refresh-closed";
    const [user, token] = [await tenant.open(users).get(family.userId), await tenant.open(tokens).get(family.tokenId)];
    if (!hashes.includes(family.refreshHash)) {
      await closeWithin(change, caller, family);
      await record(change, caller.organizationId, caller, {
        action: "exchange.refresh_reused",
        target: { type: "token", id: family.tokenId },
        details: { userId: family.userId },
      });
      return "refresh-reused";
    }
    if (!user?.active || !token || token.revokedAt !== undefined) {
      await closeWithin(change, caller, family);
      return "refresh-closed";
    }
    if (family.refreshExpiresAt <= new Date().toISOString()) return "refresh-expired";
    // What is disabled may be enabled again.
    if (!token.enabled) return "refresh-closed";
    const life = this.#lifeOf(await presentedToken(change, caller), family);
    const grant = token.type === "agent" ? grantOf(caller) : readOnly;
    const { secret } = await this.#rooms.tokens.renewWithin(change, caller, token, {
      ...grant,
      expiresAt: life.access.toISOString(),
    });
    const refresh = mintRefreshToken(this.#policy, refreshToken);
    const { familyHash, refreshHash } = refresh;
    const refreshExpiresAt = life.refresh.toISOString();
    const next = { ...family, ...nextVersion(family), familyHash, refreshHash, refreshExpiresAt };
    await tenant.open(exchanges).replace(next, family.version);
    return answerOf(secret, refresh.secret, next, life.access, user);
  }

  /** Nothing lives longer than the exchanging token, nor than any token may. */
  #lifeOf(parent: Token | undefined, family?: Exchange): { access: Date; refresh: Date; family: Date } {
    const now = Date.now();
    const { maxTtlDays } = this.#policy;
    const ends = [
      family ? Date.parse(family.expiresAt) : now + familyMs,
      ...(maxTtlDays === undefined ? [] : [now + maxTtlDays * 86_400_000]),
      ...(parent?.expiresAt === undefined ? [] : [Date.parse(parent.expiresAt)]),
    ];
    const within = (ms: number): Date => new Date(Math.min(now + ms, ...ends));
    return { access: within(accessMs), refresh: within(refreshMs), family: within(familyMs) };
  }

  #refuse(caller: Caller, cause: ExchangeCause, refused: AppError): AppError {
    const { organizationId, actor, ip = "", requestId = "" } = caller;
    this.#rooms.refusals.note({ organizationId, actor, cause, ip, requestId });
    return refused;
  }
}

interface Grant {
  readonly type: TokenType;
  readonly scopes: readonly Scope[];
}

const readOnly: Grant = { type: "mcp", scopes: ["connect:read"] };

/** No more than the exchanging token may do itself. */
const grantOf = ({ scopes }: Caller): Grant =>
  scopes.has("connect:write") ? { type: "agent", scopes: ["connect:write"] } : readOnly;

/** Only who made a family may refresh it. */
const exchangerOf = ({ actor }: Caller): string => actor.id ?? actor.type;

function answerOf(access: string, refresh: string, family: Exchange, expiresAt: Date, user: User): RenewedTokens {
  return {
    access_token: access,
    token_type: "Bearer",
    expires_in: Math.floor((expiresAt.getTime() - Date.now()) / 1000),
    expires_at: expiresAt.toISOString(),
    refresh_token: refresh,
    refresh_expires_at: family.refreshExpiresAt,
    user: { id: user.id, userName: user.userName },
  };
}

const invalidJwt = (): AppError => new AppError("invalid-token", "The identity provider's token is not valid.");
const invalidRefresh = (): AppError => new AppError("invalid-token", "The refresh token is not valid.");
const noUser = (): AppError => new AppError("forbidden", "The token names no user that this credential can act for.");
