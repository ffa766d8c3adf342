import type { CredentialStatus } from "../../../schemas/credential.ts";
import { AppError } from "../../errors.ts";
import { mcpServers, upstreamCredentials } from "../../store/collections.ts";
import type { Store } from "../../store/store.ts";
import { recordAuditEvent } from "../audit/record.ts";
import type { Caller } from "../caller.ts";
import { mcpServerNotFound } from "../connections/connection-changes.ts";
import { assertClientSecret } from "../credentials/client-secret-value.ts";
import type { CredentialCipher } from "../credentials/credential-cipher.ts";
import {
  findCredential,
  storeCredential,
  toClientSecretId,
  toCredentialStatus,
} from "../credentials/stored-credential.ts";
import { originOf } from "./oauth-settings.ts";

/**
 * The secrets of the OAuth clients of MCP servers. They are written and used, but never returned, and no audit event
 * contains them. Each is bound to the origin of the token endpoint.
 */
export class ClientSecrets {
  readonly #store: Store;
  readonly #cipher: CredentialCipher;
  readonly #isOwnCredential: (value: string) => boolean;

  /** @param isOwnCredential whether a value contains a credential of this service, which no other server may receive */
  constructor(store: Store, cipher: CredentialCipher, isOwnCredential: (value: string) => boolean) {
    this.#store = store;
    this.#cipher = cipher;
    this.#isOwnCredential = isOwnCredential;
  }

  /** Returns whether an MCP server has a client secret, and since when. */
  async describe(organizationId: string, mcpServerId: string): Promise<CredentialStatus> {
    return toCredentialStatus(await findCredential(this.#store.for(organizationId), mcpServerId, "client-secret"));
  }

  /** @throws AppError not-found; invalid-value; conflict without `auth.type` oauth2; not-implemented without a key */
  async set(caller: Caller, mcpServerId: string, value: string): Promise<CredentialStatus> {
    assertClientSecret(this.#cipher, this.#isOwnCredential, value);
    const { organizationId } = caller;
    return this.#store.transaction(
      async (transaction) => {
        const tenant = transaction.for(organizationId);
        const server = await tenant.open(mcpServers).get(mcpServerId);
        if (!server) throw mcpServerNotFound();
        const { slug, auth } = server;
        if (auth.type !== "oauth2") {
          const problem = `takes no client secret: its auth type is ${auth.type}, not oauth2`;
          throw new AppError("conflict", `The MCP server ${slug} ${problem}.`);
        }
        const current = await findCredential(tenant, mcpServerId, "client-secret");
        const origin = originOf(auth.tokenUrl);
        const holder = { holderId: mcpServerId, origin, purpose: "client-secret" } as const;
        const id = toClientSecretId(mcpServerId);
        const secret = await storeCredential(tenant, this.#cipher, id, holder, value, current);
        await recordAuditEvent(transaction, organizationId, caller, {
          action: "mcp-server.client-secret.set",
          target: { type: "mcp-server", id: mcpServerId },
        });
        return toCredentialStatus(secret);
      },
      { lockKey: mcpServerId },
    );
  }

  /** Removes the client secret of an MCP server, if there is one. */
  async remove(caller: Caller, mcpServerId: string): Promise<void> {
    await this.#store.transaction(async (transaction) => {
      const writer = transaction.for(caller.organizationId).open(upstreamCredentials);
      if (!(await writer.remove(toClientSecretId(mcpServerId), "any"))) return;
      await recordAuditEvent(transaction, caller.organizationId, caller, {
        action: "mcp-server.client-secret.delete",
        target: { type: "mcp-server", id: mcpServerId },
      });
    });
  }
}
