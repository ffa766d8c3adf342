import { hash } from "node:crypto";
import type { McpServer } from "../../../schemas/mcp-server.ts";
import { AppError } from "../../errors.ts";
import { type AuthorizationRequest, authorizationRequests, users } from "../../store/collections.ts";
import type { Store } from "../../store/store.ts";
import type { EffectiveAccess } from "../access/effective-access.ts";
import type { Caller } from "../caller.ts";
import type { CredentialCipher } from "../credentials/credential-cipher.ts";
import { newEntity } from "../entity.ts";
import { hashSettings, type OAuth2Auth, originOf } from "./oauth-settings.ts";

/** An authorization request that was used now, and is removed. */
export interface UsedRequest extends AuthorizationRequest {
  /** Undefined if its key is missing. */
  readonly codeVerifier: string | undefined;
}

/**
 * The authorization requests whose responses this service exchanges for tokens. Each is found by the hash of its state,
 * is valid once and for some minutes, and belongs to one user and one MCP server.
 */
export class AuthorizationRequests {
  readonly #store: Store;
  readonly #cipher: CredentialCipher;
  readonly #now: () => number;

  /** @param now in milliseconds since 1970 */
  constructor(store: Store, cipher: CredentialCipher, now: () => number = Date.now) {
    this.#store = store;
    this.#cipher = cipher;
    this.#now = now;
  }

  /** Whether this service can store the tokens of a connection to a server. */
  canComplete({ transport }: McpServer): boolean {
    return transport === "http" && this.#cipher.currentKeyId !== undefined;
  }

  /**
   * Checks that this service can complete an authorization, for a server whose responses it receives itself.
   * @throws AppError not-implemented without a key; conflict for a server that it does not call
   */
  assertCanComplete({ transport, slug }: McpServer): void {
    this.#cipher.assertKey();
    if (transport === "http") return;
    const problem = `has transport ${transport}, so that this service does not call it`;
    const fix = "An admin must set auth.redirectUri to that of the client that connects to it.";
    throw new AppError("conflict", `The MCP server ${slug} ${problem}. ${fix}`);
  }

  /** Stores a request. */
  async add(
    { actor, requestId, ip }: Caller,
    { organizationId, userId }: EffectiveAccess,
    server: McpServer & { readonly auth: OAuth2Auth },
    { state, codeVerifier, expiresAt }: { state: string; codeVerifier: string; expiresAt: Date },
  ): Promise<void> {
    const entity = newEntity("oau", organizationId);
    const binding = toBinding(organizationId, entity.id, server.auth);
    await this.#store.transaction(async (transaction) => {
      const tenant = transaction.for(organizationId);
      const user = await tenant.open(users).get(userId);
      const { tokenGeneration: userGeneration } = user ?? {};
      await tenant.open(authorizationRequests).insert({
        ...{ ...entity, userId, mcpServerId: server.id },
        ...(userGeneration !== undefined && { userGeneration }),
        ...{ stateHash: hashState(state), authHash: hashSettings(server.auth) },
        ...{ verifier: this.#cipher.encrypt(codeVerifier, binding), expiresAt: expiresAt.toISOString() },
        requestedBy: { actor, ...(requestId !== undefined && { requestId }), ...(ip !== undefined && { ip }) },
      });
    });
  }

  /** @returns the request with this state; undefined if there is none, or it was used or has expired */
  async find(state: string): Promise<AuthorizationRequest | undefined> {
    const request = await this.#store.lookup(authorizationRequests, "stateHash", [hashState(state)]);
    return request && Date.parse(request.expiresAt) > this.#now() ? request : undefined;
  }

  /**
   * Uses a request, so that its state is not valid any more.
   * @returns undefined if another use was faster
   */
  async use(request: AuthorizationRequest, auth: OAuth2Auth): Promise<UsedRequest | undefined> {
    const { organizationId, id, verifier } = request;
    const isFirst = await this.#store.transaction((transaction) =>
      transaction.for(organizationId).open(authorizationRequests).remove(id, "any"),
    );
    if (!isFirst) return undefined;
    return { ...request, codeVerifier: this.#cipher.decrypt(verifier, toBinding(organizationId, id, auth)) };
  }
}

const hashState = (state: string): string => hash("sha256", state, "base64url");

const toBinding = (organizationId: string, holderId: string, { tokenUrl }: OAuth2Auth) =>
  ({ organizationId, holderId, origin: originOf(tokenUrl), purpose: "code-verifier" }) as const;
