import type { Connection } from "../../../schemas/connection.ts";
import type { McpServer } from "../../../schemas/mcp-server.ts";
import { AppError } from "../../errors.ts";
import type { Log } from "../../log.ts";
import {
  type AuthorizationRequest,
  mcpServers,
  organizations,
  serviceTenant,
  type UpstreamCredential,
  users,
} from "../../store/collections.ts";
import type { Store, Transaction } from "../../store/store.ts";
import type { AccessResolver } from "../access/access-resolver.ts";
import type { EffectiveAccess } from "../access/effective-access.ts";
import { recordAuditEvent } from "../audit/record.ts";
import { recordRejectedAuthorization } from "../audit/rejected-authorizations.ts";
import type { Caller } from "../caller.ts";
import { retryOnConflict } from "../conflict.ts";
import { findConnection, putConnectionWithin, toConnectionKey } from "../connections/connection-changes.ts";
import { invalidState } from "../connections/state.ts";
import type { CredentialCipher } from "../credentials/credential-cipher.ts";
import { findCredential, toCredentialId, writeCredential } from "../credentials/stored-credential.ts";
import { newEntity, nextVersion } from "../entity.ts";
import { isOutdated } from "../tokens/generation.ts";
import type { AuthorizationRequests } from "./authorization-requests.ts";
import { hashSettings, type OAuth2Auth, originOf, readClient, toRedirectUri } from "./oauth-settings.ts";
import { enqueueRevocation } from "./removed-credentials.ts";
import { type TokenEndpoint, TokenEndpointError } from "./token-endpoint.ts";
import { encryptTokens, type TokenSet } from "./token-set.ts";

export interface OAuthConnectionServices {
  readonly store: Store;
  readonly cipher: CredentialCipher;
  readonly requests: AuthorizationRequests;
  readonly endpoint: TokenEndpoint;
  readonly access: AccessResolver;
  readonly log: Log;
  /** The URL at which clients reach this service. */
  readonly publicUrl: string;
}

/** An authorization response (RFC 6749 section 4.1.2, RFC 9207). */
export interface AuthorizationResponse {
  readonly state: string;
  /** Undefined for an error response. */
  readonly code: string | undefined;
  readonly iss?: string | undefined;
}

type OAuthServer = McpServer & { readonly auth: OAuth2Auth };

/**
 * Completes connections of users to MCP servers with `auth.type` `oauth2`: exchanges the code of an authorization response
 * for tokens and stores these as the credential of the connection.
 */
export class OAuthConnections {
  readonly #services: OAuthConnectionServices;

  constructor(services: OAuthConnectionServices) {
    this.#services = services;
  }

  /**
   * Completes a connection for the authenticated user who started it.
   * @throws AppError invalid-value, with one message for every state that cannot be used by this user; upstream-failed
   *   with what to fix; conflict; not-found
   */
  async complete(
    caller: Caller,
    access: EffectiveAccess,
    mcpServerId: string,
    response: AuthorizationResponse,
  ): Promise<{ readonly connection: Connection; readonly isNew: boolean }> {
    const request = await this.#services.requests.find(response.state);
    const { organizationId, userId } = access;
    // The state of another user stays valid for that user.
    const isOwn =
      request?.organizationId === organizationId && request.userId === userId && request.mcpServerId === mcpServerId;
    if (!request || !isOwn) throw invalidState();
    return this.#complete(caller, access, request, response);
  }

  /**
   * Returns what a browser with an authorization response is about to connect, for the user to confirm. The browser has
   * no credential of this service, so that the user must recognize the name.
   * @returns undefined for every state that cannot be used
   */
  async describe(state: string): Promise<{ readonly serverName: string; readonly userName: string } | undefined> {
    const request = await this.#services.requests.find(state);
    const subject = request && (await this.#findSubject(request));
    return subject && { serverName: subject.server.name, userName: subject.userName };
  }

  /**
   * Completes a connection that the user has confirmed in the browser.
   * @returns whether it succeeded. The cause of a failure is for the organization's audit log only: the browser may be
   *   that of someone else than the user.
   */
  async completeInBrowser(response: AuthorizationResponse): Promise<boolean> {
    const request = await this.#services.requests.find(response.state);
    const subject = request && (await this.#findSubject(request));
    if (!subject) return false;
    const { organizationId, requestedBy } = request;
    const caller: Caller = { organizationId, scopes: new Set(), ...requestedBy };
    try {
      await this.#complete(caller, subject.access, request, response);
      return true;
    } catch (error) {
      if (error instanceof AppError && error.code !== "unavailable" && error.code !== "internal") return false;
      throw error;
    }
  }

  async #complete(
    caller: Caller,
    access: EffectiveAccess,
    request: AuthorizationRequest,
    response: AuthorizationResponse,
  ): Promise<{ readonly connection: Connection; readonly isNew: boolean }> {
    try {
      const server = await this.#findServer(request);
      const tokens = await this.#exchange(server, request, response);
      return await this.#store(caller, access, request, server, tokens).catch(async (error: unknown) => {
        await this.#revoke(request, server, tokens);
        throw error;
      });
    } catch (error) {
      const appError = error instanceof TokenEndpointError ? new AppError("upstream-failed", error.message) : error;
      if (appError instanceof AppError && appError.code !== "unavailable") {
        await recordRejectedAuthorization(this.#services, caller, request, appError.message);
      }
      throw appError;
    }
  }

  async #exchange(server: OAuthServer, request: AuthorizationRequest, response: AuthorizationResponse) {
    const { store, cipher, requests, endpoint, publicUrl } = this.#services;
    const { auth } = server;
    const used = await requests.use(request, auth);
    if (!used || used.authHash !== hashSettings(auth) || used.codeVerifier === undefined) throw invalidState();
    const user = await store.for(request.organizationId).open(users).get(request.userId);
    if (!user?.active || isOutdated(request, user)) throw invalidState();
    if (response.code === undefined) {
      throw new AppError(
        "upstream-failed",
        `The authorization server of the MCP server ${server.slug} issued no code.`,
      );
    }
    assertIssuer(server, response.iss);
    const client = await readClient(store.for(request.organizationId), cipher, server, auth);
    const { codeVerifier } = used;
    return endpoint.exchangeCode(client, {
      ...{ code: response.code, codeVerifier, redirectUri: toRedirectUri(auth, publicUrl) },
    });
  }

  #store(
    caller: Caller,
    access: EffectiveAccess,
    request: AuthorizationRequest,
    server: OAuthServer,
    tokens: TokenSet,
  ): Promise<{ readonly connection: Connection; readonly isNew: boolean }> {
    const { userId, mcpServerId } = request;
    const store = async (transaction: Transaction) => {
      const tenant = transaction.for(request.organizationId);
      const user = await tenant.open(users).get(userId);
      if (!user?.active || isOutdated(request, user)) throw invalidState();
      const account = (await findConnection(tenant, userId, mcpServerId))?.account;
      const content = { status: "connected", ...(account !== undefined && { account }) } as const;
      const result = await putConnectionWithin(transaction, caller, access, mcpServerId, {}, content);
      await this.#writeTokens(transaction, result.connection, server, tokens);
      await recordAuditEvent(transaction, request.organizationId, caller, {
        action: "connection.authorize",
        target: { type: "connection", id: result.connection.id },
        details: { mcpServer: server.slug, userId },
      });
      return result;
    };
    const lockKey = toConnectionKey(userId, mcpServerId);
    return retryOnConflict(() => this.#services.store.transaction(store, { lockKey }));
  }

  /** Revokes tokens that no connection has. Never fails: the caller learns the cause of the failure before it. */
  async #revoke(
    { organizationId, id: holderId, mcpServerId }: AuthorizationRequest,
    { url }: McpServer,
    tokens: TokenSet,
  ) {
    const { store, cipher, log } = this.#services;
    const holder = { organizationId, holderId, origin: originOf(url) };
    const unused = {
      ...holder,
      mcpServerId,
      ...encryptTokens(cipher, holder, tokens),
      purpose: "oauth-tokens",
    } as const;
    await store
      .transaction((transaction) => enqueueRevocation(transaction, unused))
      .catch((cause: unknown) =>
        log.warn("unused tokens could not be revoked", { organizationId, mcpServerId, cause }),
      );
  }

  async #writeTokens(
    transaction: Transaction,
    { id: holderId, organizationId, userId, mcpServerId }: Connection,
    { url }: McpServer,
    tokens: TokenSet,
  ): Promise<void> {
    const tenant = transaction.for(organizationId);
    const current = await findCredential(tenant, holderId);
    const holder = { organizationId, holderId, origin: originOf(url) };
    const credential: UpstreamCredential = {
      ...{ ...newEntity("crd", organizationId), id: toCredentialId(holderId), ...holder, userId, mcpServerId },
      ...{ ...encryptTokens(this.#services.cipher, holder, tokens), purpose: "oauth-tokens" },
      ...(current && { version: nextVersion(current).version }),
    };
    // The previous tokens are not revoked: at some servers that would end the new authorization too.
    await writeCredential(tenant, credential, current);
  }

  async #findServer({ organizationId, mcpServerId }: AuthorizationRequest): Promise<OAuthServer> {
    const server = await this.#services.store.for(organizationId).open(mcpServers).get(mcpServerId);
    if (server?.auth.type === "oauth2") return server as OAuthServer;
    throw invalidState();
  }

  async #findSubject(request: AuthorizationRequest) {
    const { store, access: resolver } = this.#services;
    const { organizationId, userId, mcpServerId } = request;
    const tenant = store.for(organizationId);
    const user = await tenant.open(users).get(userId);
    const server = await tenant.open(mcpServers).get(mcpServerId);
    if (!user?.active || isOutdated(request, user) || server?.auth.type !== "oauth2") return undefined;
    // A browser sends no token, which would be rejected while the organization is disabled.
    const organization = await store.for(serviceTenant).open(organizations).get(organizationId);
    if (organization?.disabledAt !== undefined) return undefined;
    // The redirect URI of a client is not here.
    if (server.auth.redirectUri !== undefined) return undefined;
    const access = await resolver.resolve(organizationId, userId);
    return access.canAccess("mcp-server", server) ? { server, userName: user.userName, access } : undefined;
  }
}

/** Protects against responses of another authorization server (RFC 9207 section 2.4). */
function assertIssuer({ slug, auth }: OAuthServer, iss: string | undefined): void {
  const { issuer, authorizationUrl } = auth;
  if (issuer === undefined ? iss === undefined || originOf(iss) === originOf(authorizationUrl) : iss === issuer) return;
  throw new AppError(
    "upstream-failed",
    `The response is not from the authorization server of the MCP server ${slug}: its iss is ${iss === undefined ? "missing" : "another one"}. An admin must check auth.issuer.`,
  );
}
