import type { Actor } from "../../../schemas/audit-event.ts";
import type { Connection } from "../../../schemas/connection.ts";
import type { Entity } from "../record.ts";
import type { CollectionDefinition } from "../store.ts";

/** One connection per user and server. `lookup.key` combines both, so that the pair is unique. */
export const connections: CollectionDefinition<Connection, Connection & { readonly lookup: { readonly key: string } }> =
  {
    name: "connections",
    searchFields: "lookup",
    indexes: [{ path: "lookup.key", unique: "organization" }, { path: "userId" }, { path: "mcpServerId" }],
  };

/**
 * The encrypted credential of an MCP server or of a connection. The id contains the id of either. It is apart from the
 * server and the connection, so that no response, list, audit event or entity tag of theirs contains it.
 */
export interface UpstreamCredential extends Entity {
  readonly holderId: string;
  /**
   * The origin of the MCP server's URL when the credential was stored. It is sent to no other. Empty for the secrets of a
   * webhook, which sign messages and are never sent.
   */
  readonly origin: string;
  readonly keyId: string;
  readonly ciphertext: string;
  /** What is encrypted. Absent: the value of a header. */
  readonly purpose?: "client-secret" | "oauth-tokens" | "webhook-secrets";
  /** Of OAuth tokens: the user and the MCP server of the connection. */
  readonly userId?: string;
  readonly mcpServerId?: string;
  /** Of OAuth tokens: the refresh that is in progress. No other one may start before the time (ISO 8601). */
  readonly refresh?: { readonly claim: string; readonly until: string };
}

export const upstreamCredentials: CollectionDefinition<UpstreamCredential> = {
  name: "upstream_credentials",
  indexes: [{ path: "userId", sparse: true }],
};

/** An authorization request (RFC 6749 section 4.1.1) that waits for its response. It is removed by its first use. */
export interface AuthorizationRequest extends Entity {
  readonly userId: string;
  readonly mcpServerId: string;
  /** The user's number of deactivations at that time. */
  readonly userGeneration?: number;
  /** SHA-256 of the state. */
  readonly stateHash: string;
  /** SHA-256 of the server's settings at that time. */
  readonly authHash: string;
  /** The encrypted PKCE code verifier. */
  readonly verifier: { readonly keyId: string; readonly ciphertext: string };
  readonly expiresAt: string;
  /** Who started the authorization, and so the actor of its audit events. */
  readonly requestedBy: { readonly actor: Actor; readonly requestId?: string; readonly ip?: string };
}

export const authorizationRequests: CollectionDefinition<AuthorizationRequest> = {
  name: "authorization_requests",
  indexes: [{ path: "stateHash", unique: "global" }],
};

/** How the tokens of a server's connections are revoked (RFC 7009). */
export interface RevocationClient {
  readonly revocationUrl: string;
  readonly clientId: string;
  readonly authentication: "basic" | "post";
  /** The encrypted client secret, with its binding. */
  readonly secret?: {
    readonly holderId: string;
    readonly origin: string;
    readonly keyId: string;
    readonly ciphertext: string;
  };
}

/** Tokens of an ended connection that are still to be revoked, encrypted as they were in the connection's credential. */
export interface TokenRevocation extends Entity {
  /** The organization of the connection; the record itself is stored in the service's own tenant. */
  readonly targetOrganizationId: string;
  readonly holderId: string;
  readonly origin: string;
  readonly keyId: string;
  readonly ciphertext: string;
  readonly client: RevocationClient;
  readonly attempts: number;
  /** The time of the next attempt (ISO 8601). */
  readonly notBefore: string;
}

export const tokenRevocations: CollectionDefinition<TokenRevocation> = {
  name: "token_revocations",
  indexes: [{ path: "notBefore" }],
};

/** The OAuth client of a removed MCP server, for the revocation of tokens of its connections, which are removed later. */
export interface RemovedOAuthClient extends Entity {
  /**
   * The organization of the server; the record itself is stored in the service's own tenant. Absent on records of earlier
   * releases.
   */
  readonly targetOrganizationId?: string;
  readonly mcpServerId: string;
  readonly client: RevocationClient;
}

export const removedOAuthClients: CollectionDefinition<RemovedOAuthClient> = {
  name: "removed_oauth_clients",
  indexes: [{ path: "mcpServerId" }],
};
