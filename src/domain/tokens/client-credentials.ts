import type { Scope, Token } from "../../../schemas/token.ts";
import { AppError } from "../../errors.ts";
import type { Change, Store } from "../../store/collection.ts";
import { tokens } from "../../store/collections.ts";
import { service } from "../audit/record.ts";
import type { Caller } from "../caller.ts";
import { presentedToken } from "./giving.ts";
import { removeWithin } from "./token-changes.ts";
import type { Issued, Tokens } from "./tokens.ts";

/** How long what has ended stays listed, and how many of those are removed with each that is made. */
const keptMs = 86_400_000;
const removedMax = 10;

/**
 * Short-lived access tokens for a token (RFC 6749 section 4.4): no more than it may do, in its organisation, as its
 * user, and over with it. Whoever wants tokens of some hours gets them by one that is kept like a password.
 */
export class ClientCredentials {
  readonly #store: Store;
  readonly #tokens: Tokens;
  readonly #lifeMs: number;

  constructor(store: Store, tokens: Tokens, lifeSeconds: number) {
    this.#store = store;
    this.#tokens = tokens;
    this.#lifeMs = lifeSeconds * 1000;
  }

  /**
   * @param scopes what is asked for; absent: all that the client has
   * @throws AppError invalid-value for a scope that the client does not have; forbidden for one that is no client;
   *   invalid-token when it is not good any more
   */
  issue(client: Caller, scopes: readonly Scope[] | undefined): Promise<Issued> {
    return this.#store.transaction(
      async (change) => {
        const parent = await presentedToken(change, client);
        // A token that ends with another one is none to begin with: nothing would end with it.
        if (parent?.origin !== "issued" || parent.parentId !== undefined) {
          throw new AppError("forbidden", "This credential is none that gets access tokens.");
        }
        const beyond = (scopes ?? []).filter((scope) => !client.scopes.has(scope));
        if (beyond.length > 0) {
          throw new AppError("invalid-value", `The client does not have ${beyond.join(" ")}.`, { field: "scope" });
        }
        await removeEnded(change, parent);
        return this.#tokens.createWithin(change, parent.organizationId, client, {
          name: `Access token of ${parent.name}`.slice(0, 200).toWellFormed(),
          type: parent.type,
          origin: "oauth",
          scopes: scopes ?? parent.scopes ?? ["all"],
          userId: parent.userId,
          parentId: parent.id,
          environment: parent.environment,
          mcpServers: parent.mcpServers,
          expiresAt: new Date(Math.min(Date.now() + this.#lifeMs, Date.parse(parent.expiresAt ?? "") || Infinity)),
        });
      },
      { turn: client.actor.id ?? client.organizationId },
    );
  }
}

/** Some access tokens of this client that ended long ago: a client that asks every hour leaves no heap behind. */
async function removeEnded(change: Change, parent: Token): Promise<void> {
  const { items } = await change
    .for(parent.organizationId)
    .open(tokens)
    .list({ where: { op: "eq", path: "parentId", value: parent.id }, limit: removedMax });
  const before = new Date(Date.now() - keptMs).toISOString();
  for (const token of items) {
    if (token.expiresAt !== undefined && token.expiresAt < before) await removeWithin(change, service, token);
  }
}
