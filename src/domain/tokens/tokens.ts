import type { Scope, Token, TokenType } from "../../../schemas/token.ts";
import { AppError } from "../../errors.ts";
import type { Change, Page, Position, Store } from "../../store/collection.ts";
import { tokens, users } from "../../store/collections.ts";
import { type Author, record } from "../audit/record.ts";
import { newEntity, nextVersion } from "../entity.ts";
import { assertAllowlist } from "./allowlist.ts";
import { hashSecret, mintSecret, type SecretSettings, visiblePrefix } from "./format.ts";
import { allowedScopes } from "./scopes.ts";

export interface NewToken {
  readonly name: string;
  readonly description?: string;
  readonly type?: TokenType;
  /** At least one; there is no default, so that nobody gets more than was asked for. */
  readonly scopes: readonly Scope[];
  readonly userId?: string;
  /** The token that it is made with, and without which it is to be worth nothing. */
  readonly parentId?: string;
  /** Restricts it to the servers of one environment. */
  readonly environment?: string;
  /** Restricts it to the servers with these slugs. */
  readonly mcpServers?: readonly string[];
  /** Addresses and CIDR ranges that it may be used from; none: from anywhere. */
  readonly allowedIps?: readonly string[];
  readonly expiresAt?: Date;
}

export interface TokenPolicy extends SecretSettings {
  /** The longest life that a token may be given. */
  readonly maxTtlDays?: number;
}

/** Issues tokens and takes them back. */
export class Tokens {
  readonly #store: Store;
  readonly #policy: TokenPolicy;

  constructor(store: Store, policy: TokenPolicy) {
    this.#store = store;
    this.#policy = policy;
  }

  /**
   * @returns the stored record and the secret, which nobody can show again
   * @throws AppError invalid-value naming the field
   */
  create(organizationId: string, author: Author, wanted: NewToken): Promise<{ token: Token; secret: string }> {
    return this.#store.transaction((change) => this.createWithin(change, organizationId, author, wanted));
  }

  /** `create` inside a transaction that makes more than the token. */
  async createWithin(
    change: Change,
    organizationId: string,
    author: Author,
    wanted: NewToken,
  ): Promise<{ token: Token; secret: string }> {
    const { type = "admin", scopes, expiresAt, userId, parentId, environment, mcpServers, allowedIps } = wanted;
    this.#check(wanted, type);
    const tenant = change.for(organizationId);
    if (userId !== undefined && !(await tenant.open(users).get(userId))?.active) {
      throw new AppError("invalid-value", "userId names no active user of the organization.", { field: "userId" });
    }
    const secret = mintSecret(this.#policy.prefix);
    const token: Token = {
      ...newEntity("tok", organizationId),
      name: wanted.name,
      ...(wanted.description !== undefined && { description: wanted.description }),
      type,
      scopes: [...new Set(scopes)],
      prefix: visiblePrefix(secret),
      secrets: [{ hash: hashSecret(secret, this.#policy.pepper) }],
      ...(userId !== undefined && { userId }),
      ...(parentId !== undefined && { parentId }),
      ...(environment !== undefined && { environment }),
      ...(mcpServers && { mcpServers: [...mcpServers] }),
      ...(allowedIps && allowedIps.length > 0 && { allowedIps: [...allowedIps] }),
      ...(expiresAt && { expiresAt: expiresAt.toISOString() }),
      enabled: true,
      createdBy: author.actor,
      requestCount: 0,
      failedCount: 0,
    };
    await tenant.open(tokens).insert(token);
    await record(change, organizationId, author, {
      action: "token.create",
      target: { type: "token", id: token.id },
      after: shown(token),
    });
    return { token, secret };
  }

  /**
   * Gives a token that was read in the same transaction a new secret and a new end, in its place: what opened it before
   * opens nothing from then on.
   * @param renewal what it may do from now on, which is no more than before, and until when
   */
  async renewWithin(
    change: Change,
    author: Author,
    token: Token,
    { type, scopes, expiresAt }: Pick<Token, "type" | "expiresAt"> & { readonly scopes: readonly Scope[] },
  ): Promise<{ token: Token; secret: string }> {
    const secret = mintSecret(this.#policy.prefix);
    const renewed: Token = {
      ...token,
      ...nextVersion(token),
      type,
      scopes: [...scopes],
      prefix: visiblePrefix(secret),
      secrets: [{ hash: hashSecret(secret, this.#policy.pepper) }],
      ...(expiresAt !== undefined && { expiresAt }),
    };
    await change.for(token.organizationId).open(tokens).replace(renewed, token.version);
    await record(change, token.organizationId, author, {
      action: "token.renew",
      target: { type: "token", id: token.id },
      before: shown(token),
      after: shown(renewed),
    });
    return { token: renewed, secret };
  }

  /** In order of creation. */
  list(organizationId: string, page: { readonly limit: number; readonly after?: Position }): Promise<Page<Token>> {
    return this.#store.for(organizationId).open(tokens).list(page);
  }

  /**
   * Final and immediate: every replica refuses the token on its next request. Revoking again changes nothing.
   * @throws AppError not-found
   */
  revoke(organizationId: string, author: Author, id: string): Promise<Token> {
    return this.#store.transaction(
      async (change) => {
        const token = await change.for(organizationId).open(tokens).get(id);
        if (!token) throw new AppError("not-found", "There is no such token.");
        return token.revokedAt === undefined ? revokeWithin(change, author, token) : token;
      },
      { turn: id },
    );
  }

  #check(wanted: NewToken, type: TokenType): void {
    const { name, description, scopes, expiresAt, userId, environment, mcpServers, allowedIps } = wanted;
    const refuse = (field: string, message: string): never => {
      throw new AppError("invalid-value", message, { field });
    };
    if (name.trim() === "" || name.length > 200) refuse("name", "name must have 1 to 200 characters.");
    if ((description?.length ?? 0) > 1000) refuse("description", "description must have 1000 characters or fewer.");
    if (scopes.length === 0) refuse("scopes", "scopes must name at least one scope.");
    if (userId !== undefined && !scopes.every((scope) => scope.startsWith("connect:"))) {
      refuse("scopes", "scopes of a personal token can be connect scopes only: it acts as its user.");
    }
    const isRestricted = environment !== undefined || mcpServers !== undefined;
    if (isRestricted && !scopes.every((scope) => scope.startsWith("connect:"))) {
      refuse("scopes", "scopes of a token that is restricted to some MCP servers can be connect scopes only.");
    }
    if (mcpServers?.length === 0) refuse("mcpServers", "mcpServers must name at least one server.");
    if (allowedIps) assertAllowlist(allowedIps);
    const beyond = scopes.filter((scope) => !allowedScopes[type].includes(scope));
    if (beyond.length > 0) {
      refuse(
        "scopes",
        `A token of type ${type} cannot have ${beyond.join(", ")}; it can: ${allowedScopes[type].join(", ")}.`,
      );
    }
    const { maxTtlDays } = this.#policy;
    if (expiresAt && !(expiresAt.getTime() > Date.now())) refuse("expiresAt", "expiresAt must lie in the future.");
    if (maxTtlDays === undefined) return;
    if (!expiresAt || expiresAt.getTime() > Date.now() + maxTtlDays * dayMs + clockToleranceMs) {
      refuse("expiresAt", `A token must expire within ${maxTtlDays} days.`);
    }
  }
}

const dayMs = 86_400_000;
/** "In 30 days" was reckoned a moment before it is checked. */
const clockToleranceMs = 60_000;

/** Revokes a token that was read in the same transaction. */
export async function revokeWithin(change: Change, author: Author, token: Token): Promise<Token> {
  const revoked: Token = { ...token, ...nextVersion(token), revokedAt: new Date().toISOString() };
  await change.for(token.organizationId).open(tokens).replace(revoked, token.version);
  await record(change, token.organizationId, author, {
    action: "token.revoke",
    target: { type: "token", id: token.id },
    before: shown(token),
  });
  return revoked;
}

/** Removes the record of a token that was read in the same transaction and is of no use any more. */
export async function removeWithin(change: Change, author: Author, token: Token): Promise<void> {
  await change.for(token.organizationId).open(tokens).remove(token.id, token.version);
  await record(change, token.organizationId, author, {
    action: "token.remove",
    target: { type: "token", id: token.id },
    before: shown(token),
  });
}

/** What of a token may be shown: everything but the hashes of its secrets. */
function shown(token: Token): Record<string, unknown> {
  const { secrets: _, ...rest } = token;
  return rest;
}
