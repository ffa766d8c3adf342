import type { Log } from "../../log.ts";
import { serviceTenant, type TokenRevocation, tokenRevocations } from "../../store/collections.ts";
import type { Store } from "../../store/store.ts";
import type { CredentialCipher } from "../credentials/credential-cipher.ts";
import { nextVersion } from "../entity.ts";
import { decryptClientSecret, originOf } from "./oauth-settings.ts";
import type { OAuthClient, TokenEndpoint } from "./token-endpoint.ts";
import { decryptTokens } from "./token-set.ts";

/** Revocations per run, and attempts before one is abandoned. Each attempt sends two requests at most. */
const batchMax = 20;
const attemptsMax = 5;
const firstDelayMs = 60_000;

/**
 * Revokes the tokens of ended connections at their authorization servers (RFC 7009). The connection has lost its tokens
 * before, so nothing depends on the outcome. An attempt that fails is repeated after 1, 4, 16 and 64 minutes, also if the key
 * is missing, because another replica may have it.
 */
export class TokenRevocations {
  readonly #store: Store;
  readonly #cipher: CredentialCipher;
  readonly #endpoint: TokenEndpoint;
  readonly #log: Log;

  constructor(store: Store, cipher: CredentialCipher, endpoint: TokenEndpoint, log: Log) {
    this.#store = store;
    this.#cipher = cipher;
    this.#endpoint = endpoint;
    this.#log = log;
  }

  /**
   * Attempts the revocations that are due.
   * @param isOver whether to stop before the next one
   * @throws AppError unavailable
   */
  async flush(isOver: () => boolean = () => false, now = new Date()): Promise<void> {
    const where = { op: "lt", path: "notBefore", value: now.toISOString() } as const;
    const { items } = await this.#store.for(serviceTenant).open(tokenRevocations).list({ where, limit: batchMax });
    for (const { id } of items) {
      if (isOver()) return;
      const claimed = await this.#claim(id, now);
      if (!claimed) continue;
      const failure = await this.#revoke(claimed);
      if (failure !== undefined && claimed.attempts < attemptsMax) continue;
      const { holderId } = claimed;
      if (failure !== undefined) {
        this.#log.warn("tokens of an ended connection could not be revoked", { holderId, cause: failure });
      }
      await this.#store.transaction(async (transaction) => {
        await transaction.for(serviceTenant).open(tokenRevocations).remove(id, "any");
      });
    }
  }

  /** Sets the time of the next attempt first, so that no other replica attempts the same now. */
  #claim(id: string, now: Date): Promise<TokenRevocation | undefined> {
    return this.#store.transaction(async (transaction) => {
      const writer = transaction.for(serviceTenant).open(tokenRevocations);
      const current = await writer.get(id);
      if (!current || current.notBefore >= now.toISOString()) return undefined;
      const notBefore = new Date(now.getTime() + firstDelayMs * 4 ** current.attempts).toISOString();
      const next = { ...current, ...nextVersion(current, now), attempts: current.attempts + 1, notBefore };
      await writer.replace(next, current.version);
      return next;
    });
  }

  /** @returns why the attempt failed; undefined if nothing is left to do */
  async #revoke({
    targetOrganizationId: organizationId,
    client,
    ...stored
  }: TokenRevocation): Promise<string | undefined> {
    const tokens = decryptTokens(this.#cipher, { ...stored, organizationId });
    if (!tokens) return "the tokens cannot be decrypted";
    const { revocationUrl, clientId, authentication } = client;
    // Tokens are sent only to the origin that issued them.
    if (originOf(tokens.tokenUrl) !== originOf(revocationUrl)) return undefined;
    const secret = client.secret && decryptClientSecret(this.#cipher, { ...client.secret, organizationId });
    if (client.secret && secret === undefined) return "the client secret cannot be decrypted";
    const oauthClient: OAuthClient = {
      ...{ slug: "", tokenUrl: tokens.tokenUrl, clientId, authentication },
      ...(secret !== undefined && { secret }),
    };
    const { refreshToken, accessToken } = tokens;
    const revoke = this.#endpoint.revoke.bind(this.#endpoint, oauthClient, revocationUrl);
    const isRevoked =
      (refreshToken === undefined || (await revoke(refreshToken, "refresh_token"))) &&
      (await revoke(accessToken, "access_token"));
    return isRevoked ? undefined : "the authorization server did not accept the request";
  }
}
