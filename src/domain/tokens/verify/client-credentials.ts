import type { Scope, Token } from "../../../../schemas/token.ts";
import { AppError } from "../../../errors.ts";
import { tokens } from "../../../store/collections.ts";
import type { Store, Transaction } from "../../../store/store.ts";
import { serviceActor } from "../../audit/record.ts";
import type { Caller } from "../../caller.ts";
import type { IssuedToken } from "../idempotency/run-once.ts";
import { readCallerToken } from "../issue/delegation.ts";
import { removeToken } from "../issue/token-changes.ts";
import type { Tokens } from "../tokens.ts";

/** How long an expired access token stays listed, and how many each issued access token removes at most. */
const expiredRetentionMs = 86_400_000;
const removalBatchMax = 10;

/**
 * Issues short-lived access tokens to a token that acts as an OAuth client (RFC 6749 section 4.4). An access token has no
 * more access than the client, acts in its organization and as its user, and is valid only while the client is active.
 */
export class ClientCredentials {
  readonly #store: Store;
  readonly #tokens: Tokens;
  readonly #ttlMs: number;

  constructor(store: Store, tokens: Tokens, ttlSeconds: number) {
    this.#store = store;
    this.#tokens = tokens;
    this.#ttlMs = ttlSeconds * 1000;
  }

  /**
   * Issues an access token.
   * @param scopes the requested scopes; absent: all scopes of the client
   * @throws AppError invalid-value for a scope that the client does not have; forbidden for a credential that cannot be
   *   a client; invalid-token if the client's token is not active any more
   */
  issue(client: Caller, scopes: readonly Scope[] | undefined): Promise<IssuedToken> {
    return this.#store.transaction(
      async (tx) => {
        const parent = await readCallerToken(tx, client);
        // A token with a parent cannot be a client: its access tokens would not depend on that parent.
        if (parent?.origin !== "issued" || parent.parentId !== undefined) {
          throw new AppError("forbidden", "This credential cannot request access tokens. Use an issued token.");
        }
        const excessScopes = (scopes ?? []).filter((scope) => !client.scopes.has(scope));
        if (excessScopes.length > 0) {
          throw new AppError("invalid-value", `The client does not have the scopes ${excessScopes.join(" ")}.`, {
            field: "scope",
          });
        }
        await removeExpired(tx, parent);
        return this.#tokens.createInTransaction(tx, parent.organizationId, client, {
          name: `Access token of ${parent.name}`.slice(0, 200).toWellFormed(),
          type: parent.type,
          origin: "oauth",
          scopes: scopes ?? parent.scopes ?? ["all"],
          userId: parent.userId,
          parentId: parent.id,
          environment: parent.environment,
          mcpServers: parent.mcpServers,
          maxRisk: parent.maxRisk,
          expiresAt: new Date(Math.min(Date.now() + this.#ttlMs, Date.parse(parent.expiresAt ?? "") || Infinity)),
        });
      },
      { lockKey: client.actor.id ?? client.organizationId },
    );
  }
}

/** Removes some access tokens of the client that expired long ago, so that hourly requests do not accumulate records. */
async function removeExpired(tx: Transaction, parent: Token): Promise<void> {
  const { items } = await tx
    .for(parent.organizationId)
    .open(tokens)
    .list({ where: { op: "eq", path: "parentId", value: parent.id }, limit: removalBatchMax });
  const cutoffMs = Date.now() - expiredRetentionMs;
  for (const token of items) {
    if (token.expiresAt !== undefined && Date.parse(token.expiresAt) < cutoffMs)
      await removeToken(tx, serviceActor, token);
  }
}
