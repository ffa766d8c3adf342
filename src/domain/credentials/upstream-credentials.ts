import type { Connection } from "../../../schemas/connection.ts";
import type { CredentialStatus } from "../../../schemas/credential.ts";
import type { McpServer } from "../../../schemas/mcp-server.ts";
import { AppError } from "../../errors.ts";
import { mcpServers, type UpstreamCredential } from "../../store/collections.ts";
import type { Store, Transaction } from "../../store/store.ts";
import type { EffectiveAccess } from "../access/effective-access.ts";
import { recordAuditEvent } from "../audit/record.ts";
import type { Caller } from "../caller.ts";
import { retryOnConflict } from "../conflict.ts";
import {
  findConnection,
  mcpServerNotFound,
  putConnectionWithin,
  toConnectionKey,
} from "../connections/connection-changes.ts";
import type { ConnectionTokens } from "../oauth/connection-tokens.ts";
import { connectText, originOf } from "../oauth/oauth-settings.ts";
import { removeCredential } from "../oauth/removed-credentials.ts";
import type { CredentialCipher } from "./credential-cipher.ts";
import { findCredential, storeCredential, toCredentialId, toCredentialStatus } from "./stored-credential.ts";

export interface UpstreamCredentialOptions {
  readonly store: Store;
  readonly cipher: CredentialCipher;
  /** Whether a value contains a credential of this service, which no MCP server may receive. */
  readonly isOwnCredential: (value: string) => boolean;
  readonly tokens: Pick<ConnectionTokens, "toHeader">;
  /** The URL at which clients reach this service. */
  readonly publicUrl: string;
}

/**
 * The credentials with which MCP servers are called: one of the organization for a server, and one of a user for a
 * connection. They are written and used, but never returned. No audit event contains them.
 */
export class UpstreamCredentials {
  readonly #store: Store;
  readonly #cipher: CredentialCipher;
  readonly #isOwnCredential: (value: string) => boolean;
  readonly #tokens: Pick<ConnectionTokens, "toHeader">;
  readonly #publicUrl: string;

  constructor({ store, cipher, isOwnCredential, tokens, publicUrl }: UpstreamCredentialOptions) {
    this.#store = store;
    this.#cipher = cipher;
    this.#isOwnCredential = isOwnCredential;
    this.#tokens = tokens;
    this.#publicUrl = publicUrl;
  }

  /** Returns whether the holder, an MCP server or a connection, has a credential, and since when. */
  async describe(organizationId: string, holderId: string): Promise<CredentialStatus> {
    return toCredentialStatus(await findCredential(this.#store.for(organizationId), holderId));
  }

  /**
   * Stores the organization's credential for an MCP server.
   * @throws AppError not-found; invalid-value; conflict for a server without `auth`; not-implemented without a key
   */
  async setForServer(caller: Caller, mcpServerId: string, value: string): Promise<CredentialStatus> {
    this.#assertValue(value);
    return this.#store.transaction(
      async (transaction) => {
        const tenant = transaction.for(caller.organizationId);
        const server = await tenant.open(mcpServers).get(mcpServerId);
        if (!server) throw mcpServerNotFound();
        const stored = await this.#write(transaction, server, mcpServerId, value);
        await recordSet(transaction, caller, "mcp-server", mcpServerId);
        return toCredentialStatus(stored);
      },
      { lockKey: mcpServerId },
    );
  }

  /**
   * Stores a user's credential for an MCP server, and creates the connection or marks it as connected.
   * @throws AppError as `setForServer`; not-found also for a server that the user may not use
   */
  async setForUser(
    caller: Caller,
    access: EffectiveAccess,
    mcpServerId: string,
    value: string,
  ): Promise<CredentialStatus> {
    this.#assertValue(value);
    const write = async (transaction: Transaction): Promise<CredentialStatus> => {
      const tenant = transaction.for(access.organizationId);
      const server = await tenant.open(mcpServers).get(mcpServerId);
      const current = await findConnection(tenant, access.userId, mcpServerId);
      const content = {
        status: "connected",
        ...(current?.account !== undefined && { account: current.account }),
      } as const;
      const { connection } = await putConnectionWithin(transaction, caller, access, mcpServerId, {}, content);
      if (!server) throw mcpServerNotFound();
      const stored = await this.#write(transaction, server, connection.id, value);
      await recordSet(transaction, caller, "connection", connection.id);
      return toCredentialStatus(stored);
    };
    const lockKey = toConnectionKey(access.userId, mcpServerId);
    return retryOnConflict(() => this.#store.transaction(write, { lockKey }));
  }

  /** Removes the credential of an MCP server or connection, if there is one. */
  async remove(caller: Caller, type: "mcp-server" | "connection", holderId: string): Promise<void> {
    await this.#store.transaction(async (transaction) => {
      const tenant = transaction.for(caller.organizationId);
      if (!(await findCredential(tenant, holderId))) return;
      await removeCredential(transaction, caller.organizationId, holderId);
      await recordAuditEvent(transaction, caller.organizationId, caller, {
        action: `${type}.credential.delete`,
        target: { type, id: holderId },
      });
    });
  }

  /**
   * Reads the credential for a call of an MCP server: the user's, or else the organization's. OAuth tokens are refreshed
   * if they expire.
   * @param rejected the credential that the server has just rejected; only OAuth tokens can be replaced by better ones
   * @returns undefined if there is none
   * @throws AppError conflict, with a message for the caller, if the credential cannot be used; upstream-failed likewise,
   *   if OAuth tokens cannot be refreshed now
   */
  async find(
    organizationId: string,
    server: McpServer,
    userId: string | undefined,
    rejected?: string,
  ): Promise<string | undefined> {
    const tenant = this.#store.for(organizationId);
    const connection = userId === undefined ? undefined : await findConnection(tenant, userId, server.id);
    const isOAuth = server.auth.type === "oauth2";
    const found = connection && (await findCredential(tenant, connection.id));
    const ofUser = found?.purpose === "oauth-tokens" && !isOAuth ? undefined : found;
    // The user has chosen an own account, so the organization's credential does not replace it silently.
    if (isOAuth && !ofUser && connection?.statusReason !== undefined) throw this.#disconnected(server, connection);
    const stored = ofUser ?? (await findCredential(tenant, server.id));
    if (!stored || (rejected !== undefined && stored.purpose !== "oauth-tokens")) return undefined;
    const origin = originOf(server.url);
    if (stored.origin !== origin) {
      throw new AppError(
        "conflict",
        `The URL of the MCP server ${server.slug} has changed since its credential was stored. ${this.#storeAgain(server, ofUser)}`,
      );
    }
    if (stored.purpose === "oauth-tokens") return this.#tokens.toHeader(server, stored, rejected);
    const value = this.#cipher.decrypt(stored, { organizationId, holderId: stored.holderId, origin });
    if (value !== undefined) return value;
    throw new AppError(
      "conflict",
      `The credential of the MCP server ${server.slug} cannot be decrypted: its key ${stored.keyId} is neither CREDENTIAL_KEY nor in CREDENTIAL_KEYS_PREVIOUS. The operator must set it again.`,
    );
  }

  #disconnected({ slug }: McpServer, { statusReason }: Connection): AppError {
    const connect = connectText(this.#publicUrl, slug);
    return new AppError(
      "conflict",
      `You are not connected to the MCP server ${slug} any more. ${statusReason} ${connect}`,
    );
  }

  #storeAgain({ slug }: McpServer, ofUser: UpstreamCredential | undefined): string {
    if (ofUser?.purpose === "oauth-tokens") return connectText(this.#publicUrl, slug);
    return ofUser
      ? `Store it again with PUT /api/connections/${slug}/credential.`
      : `An admin must store it again with PUT /api/mcp-servers/${slug}/credential.`;
  }

  async #write(
    transaction: Transaction,
    server: McpServer,
    holderId: string,
    value: string,
  ): Promise<UpstreamCredential> {
    if (server.transport !== "http" || server.auth.type === "none") {
      throw new AppError(
        "conflict",
        `The MCP server ${server.slug} takes no credential: it has transport ${server.transport} and the auth type ${server.auth.type}.`,
      );
    }
    const { organizationId } = server;
    const tenant = transaction.for(organizationId);
    const origin = originOf(server.url);
    const found = await findCredential(tenant, holderId);
    // OAuth tokens are not replaced but removed, so that they are revoked.
    const current = found?.purpose === undefined ? found : undefined;
    if (found && !current) await removeCredential(transaction, organizationId, holderId);
    return storeCredential(tenant, this.#cipher, toCredentialId(holderId), { holderId, origin }, value, current);
  }

  #assertValue(value: string): void {
    this.#cipher.assertKey();
    if (this.#isOwnCredential(value)) {
      const detail = "value contains a token of this service, which no MCP server may receive.";
      throw new AppError("invalid-value", detail, { field: "value" });
    }
  }
}

function recordSet(
  transaction: Transaction,
  caller: Caller,
  type: "mcp-server" | "connection",
  id: string,
): Promise<void> {
  const event = { action: `${type}.credential.set`, target: { type, id } } as const;
  return recordAuditEvent(transaction, caller.organizationId, caller, event);
}
