import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import type { McpServer } from "../../../schemas/mcp-server.ts";
import { AppError, hasErrorCode } from "../../errors.ts";
import type { Log } from "../../log.ts";
import { type UpstreamCredential, upstreamCredentials } from "../../store/collections.ts";
import type { Store } from "../../store/store.ts";
import type { CredentialCipher } from "../credentials/credential-cipher.ts";
import { disconnectWithin } from "./disconnect.ts";
import { connectText, originOf, readClient } from "./oauth-settings.ts";
import { claimMs, claimRefresh, replaceClaimed } from "./refresh-claims.ts";
import { enqueueRevocation } from "./removed-credentials.ts";
import { type TokenEndpoint, TokenEndpointError } from "./token-endpoint.ts";
import { decryptTokens, encryptTokens, isExpiring, type TokenSet, toBearer } from "./token-set.ts";

export interface ConnectionTokenServices {
  readonly store: Store;
  readonly cipher: CredentialCipher;
  readonly endpoint: TokenEndpoint;
  readonly log: Log;
  readonly publicUrl: string;
  /** In milliseconds since 1970. */
  readonly now?: () => number;
}

/** The interval at which a refresh by another replica is awaited. */
const pollMs = 50;
/** The attempts to store refreshed tokens while the store is not available. */
const storeAttemptsMax = 6;
/** After a failed refresh, calls fail at once for this time. */
const pauseMs = 5000;
/** A token that a server rejects within this time after its issue is not refreshed again. */
const freshMs = 5000;

/** A refresh in progress, or a pause after one that failed. */
interface Refresh {
  readonly result: Promise<TokenSet>;
  /** In milliseconds since 1970; undefined while it runs. */
  pausedUntil?: number;
}

/**
 * The OAuth tokens of connections, refreshed before they expire. One refresh per connection runs at a time: in this
 * process its callers share it, and other replicas wait for the claim in the record, because a server that rotates refresh
 * tokens ends the authorization when one is used twice. New tokens are stored before they are used.
 */
export class ConnectionTokens {
  readonly #services: ConnectionTokenServices;
  readonly #now: () => number;
  readonly #refreshes = new Map<string, Refresh>();

  constructor(services: ConnectionTokenServices) {
    this.#services = services;
    this.#now = services.now ?? Date.now;
  }

  /**
   * Returns the value of the Authorization header for a call.
   * @param stored the credential of the connection, with the purpose `oauth-tokens`
   * @param rejected the value that the MCP server has just rejected
   * @returns undefined if the rejected value cannot be replaced by a better one
   * @throws AppError conflict if the user must connect again; upstream-failed if the tokens cannot be refreshed now
   */
  async toHeader(server: McpServer, stored: UpstreamCredential, rejected?: string): Promise<string | undefined> {
    const tokens = this.#decrypt(stored);
    if (!tokens) throw this.#undecryptable(server, stored);
    const now = this.#now();
    if (rejected !== undefined && rejected === toBearer(tokens)) {
      if (now - tokens.issuedAt < freshMs) return undefined;
    } else if (!isExpiring(tokens, now)) return toBearer(tokens);
    if (tokens.refreshToken !== undefined) return this.#renew(server, stored, tokens, rejected);
    if (rejected === undefined && (tokens.expiresAt ?? 0) > now) return toBearer(tokens);
    throw this.#mustConnect(server, "has expired, and the authorization server issued no refresh token");
  }

  /** Waits for the refreshes in progress: their tokens would be lost. */
  async close(): Promise<void> {
    await Promise.allSettled([...this.#refreshes.values()].map(({ result }) => result));
  }

  async #renew(server: McpServer, stored: UpstreamCredential, tokens: TokenSet, rejected?: string): Promise<string> {
    try {
      return toBearer(await this.#share(server, stored, tokens));
    } catch (error) {
      const isUsable = rejected === undefined && (tokens.expiresAt ?? 0) > this.#now();
      if (isUsable && hasErrorCode(error, "upstream-failed")) return toBearer(tokens);
      throw error;
    }
  }

  #share(server: McpServer, stored: UpstreamCredential, tokens: TokenSet): Promise<TokenSet> {
    // A connection with other tokens has another key.
    const key = `${stored.id} ${tokens.issuedAt}`;
    const running = this.#refreshes.get(key);
    if (running && (running.pausedUntil ?? Number.POSITIVE_INFINITY) > this.#now()) return running.result;
    const refresh: Refresh = { result: this.#refresh(server, stored, tokens) };
    this.#refreshes.set(key, refresh);
    refresh.result.then(
      () => this.#refreshes.delete(key),
      () => {
        refresh.pausedUntil = this.#now() + pauseMs;
        setTimeout(() => this.#forget(key, refresh), pauseMs).unref();
      },
    );
    return refresh.result;
  }

  #forget(key: string, refresh: Refresh): void {
    if (this.#refreshes.get(key) === refresh) this.#refreshes.delete(key);
  }

  async #refresh(server: McpServer, stored: UpstreamCredential, tokens: TokenSet): Promise<TokenSet> {
    const claim = randomUUID();
    const deadline = performance.now() + claimMs;
    for (;;) {
      const result = await claimRefresh(this.#services.store, stored, claim, (current) =>
        this.#findOther(current, tokens),
      );
      if (result.kind === "renewed") return result.tokens;
      if (result.kind === "gone") throw this.#mustConnect(server, "was removed");
      if (result.kind === "claimed") return this.#refreshClaimed(server, stored, tokens, claim);
      if (performance.now() > deadline) {
        const problem = `The tokens of the MCP server ${server.slug} are being refreshed by another replica.`;
        throw new AppError("upstream-failed", `${problem} Try again later.`);
      }
      await delay(pollMs);
    }
  }

  async #refreshClaimed(
    server: McpServer,
    stored: UpstreamCredential,
    tokens: TokenSet,
    claim: string,
  ): Promise<TokenSet> {
    try {
      const { store, cipher, endpoint } = this.#services;
      const { auth } = server;
      // A refresh token is sent only to the origin that issued it.
      if (auth.type !== "oauth2" || originOf(auth.tokenUrl) !== originOf(tokens.tokenUrl)) {
        throw this.#mustConnect(server, "is of another authorization server than the one that is configured now");
      }
      const client = await readClient(store.for(stored.organizationId), cipher, server, auth);
      const renewed = await endpoint.refresh(client, tokens);
      return (
        (await this.#storeRenewed(stored, renewed, claim)) ?? (await this.#rereadAfterLoss(server, stored, renewed))
      );
    } catch (error) {
      if (!(error instanceof TokenEndpointError)) {
        await this.#release(stored, claim);
        throw error;
      }
      this.#services.log.warn("the tokens of a connection could not be refreshed", {
        organizationId: stored.organizationId,
        connectionId: stored.holderId,
        problem: error.message,
      });
      if (!error.isInvalidGrant) {
        await this.#release(stored, claim);
        throw new AppError("upstream-failed", error.message);
      }
      await this.#disconnect(stored, claim, error.message);
      throw this.#mustConnect(server, "is not accepted any more by the authorization server");
    }
  }

  /** @returns undefined if the connection was removed, or has other tokens, since the refresh began */
  async #storeRenewed(stored: UpstreamCredential, tokens: TokenSet, claim: string): Promise<TokenSet | undefined> {
    for (let attempt = 1; ; attempt++) {
      try {
        const isStored = await replaceClaimed(this.#services.store, stored, claim, (current) =>
          encryptTokens(this.#services.cipher, current, tokens),
        );
        return isStored ? tokens : undefined;
      } catch (error) {
        if (!hasErrorCode(error, "unavailable") || attempt === storeAttemptsMax) throw error;
        await delay(100 * 2 ** attempt);
      }
    }
  }

  async #rereadAfterLoss(server: McpServer, stored: UpstreamCredential, renewed: TokenSet): Promise<TokenSet> {
    const { store, cipher } = this.#services;
    const current = await store.for(stored.organizationId).open(upstreamCredentials).get(stored.id);
    const tokens = current?.purpose === "oauth-tokens" ? this.#decrypt(current) : undefined;
    if (tokens) return tokens;
    const lost = { ...stored, ...encryptTokens(cipher, stored, renewed) };
    await store.transaction((transaction) => enqueueRevocation(transaction, lost));
    throw this.#mustConnect(server, "was removed");
  }

  /** Lets the next call try again at once. Never fails: the claim expires by itself. */
  async #release(stored: UpstreamCredential, claim: string): Promise<void> {
    await replaceClaimed(this.#services.store, stored, claim, () => ({})).catch(() => undefined);
  }

  async #disconnect(stored: UpstreamCredential, claim: string, reason: string): Promise<void> {
    const { organizationId, id } = stored;
    await this.#services.store.transaction(
      async (transaction) => {
        const current = await transaction.for(organizationId).open(upstreamCredentials).get(id);
        if (current?.refresh?.claim !== claim) return;
        await disconnectWithin(transaction, current, { reason });
      },
      { lockKey: id },
    );
  }

  /** @returns the tokens of a record if they are others than these */
  #findOther(current: UpstreamCredential, tokens: TokenSet): TokenSet | undefined {
    const currentTokens = this.#decrypt(current);
    return currentTokens?.accessToken === tokens.accessToken ? undefined : currentTokens;
  }

  #decrypt(stored: UpstreamCredential): TokenSet | undefined {
    return decryptTokens(this.#services.cipher, stored);
  }

  #mustConnect({ slug }: McpServer, problem: string): AppError {
    const connect = connectText(this.#services.publicUrl, slug);
    return new AppError("conflict", `Your authorization of the MCP server ${slug} ${problem}. ${connect}`);
  }

  #undecryptable(server: McpServer, { keyId }: UpstreamCredential): AppError {
    return this.#mustConnect(
      server,
      `cannot be decrypted: its key ${keyId} is neither CREDENTIAL_KEY nor in CREDENTIAL_KEYS_PREVIOUS`,
    );
  }
}
