import type { CredentialStatus } from "../../../../schemas/credential.ts";
import type { Organization } from "../../../../schemas/organization.ts";
import { AppError } from "../../../errors.ts";
import { organizations, serviceTenant, upstreamCredentials } from "../../../store/collections.ts";
import type { Store, Transaction } from "../../../store/store.ts";
import { recordAuditEvent } from "../../audit/record.ts";
import type { Caller } from "../../caller.ts";
import { assertClientSecret } from "../../credentials/client-secret-value.ts";
import type { CredentialCipher } from "../../credentials/credential-cipher.ts";
import {
  findCredential,
  storeCredential,
  toClientSecretId,
  toCredentialStatus,
} from "../../credentials/stored-credential.ts";

/**
 * The secrets of the clients that OpenID Providers have for this service. They are written and used, but never returned,
 * and no audit event contains them. Each is bound to its issuer: a changed issuer cannot receive it.
 */
export class SignInClientSecrets {
  readonly #store: Store;
  readonly #cipher: CredentialCipher;
  readonly #isOwnCredential: (value: string) => boolean;

  /** @param isOwnCredential whether a value contains a credential of this service, which no other server may receive */
  constructor(store: Store, cipher: CredentialCipher, isOwnCredential: (value: string) => boolean) {
    this.#store = store;
    this.#cipher = cipher;
    this.#isOwnCredential = isOwnCredential;
  }

  /** Returns whether the organization has a client secret, and since when. */
  async describe(organizationId: string): Promise<CredentialStatus> {
    return toCredentialStatus(await findCredential(this.#store.for(organizationId), organizationId, "client-secret"));
  }

  /** Checks that a client secret can be stored. @throws AppError invalid-value; not-implemented without a key */
  assertValue(value: string): void {
    assertClientSecret(this.#cipher, this.#isOwnCredential, value);
  }

  /** @throws AppError conflict without `consoleSignIn`; as `assertValue` */
  set(caller: Caller, value: string): Promise<CredentialStatus> {
    this.assertValue(value);
    const { organizationId } = caller;
    return this.#store.transaction(
      async (transaction) => {
        const organization = await transaction.for(serviceTenant).open(organizations).get(organizationId);
        const { consoleSignIn } = organization ?? {};
        if (!consoleSignIn) throw new AppError("conflict", "Set consoleSignIn of the organization first.");
        const tenant = transaction.for(organizationId);
        const current = await findCredential(tenant, organizationId, "client-secret");
        const holder = toHolder(organizationId, consoleSignIn.issuer);
        const id = toClientSecretId(organizationId);
        const stored = await storeCredential(tenant, this.#cipher, id, holder, value, current);
        await recordChange(transaction, caller, "set");
        return toCredentialStatus(stored);
      },
      { lockKey: organizationId },
    );
  }

  /** Removes the client secret, if there is one. */
  async remove(caller: Caller): Promise<void> {
    await this.#store.transaction((transaction) => removeSignInClientSecret(transaction, caller), {
      lockKey: caller.organizationId,
    });
  }

  /**
   * Reads the client secret for a token request.
   * @returns undefined if there is none
   * @throws AppError conflict if it cannot be decrypted, or belongs to another issuer
   */
  async read({ id }: Organization, issuer: string): Promise<string | undefined> {
    const stored = await findCredential(this.#store.for(id), id, "client-secret");
    if (!stored) return undefined;
    const value = this.#cipher.decrypt(stored, { organizationId: id, ...toHolder(id, issuer) });
    if (value !== undefined) return value;
    throw new AppError("conflict", "The client secret cannot be decrypted. An administrator must store it again.");
  }
}

/** Removes the client secret of the caller's organization, if there is one, with its audit event. */
export async function removeSignInClientSecret(transaction: Transaction, caller: Caller): Promise<void> {
  const writer = transaction.for(caller.organizationId).open(upstreamCredentials);
  if (await writer.remove(toClientSecretId(caller.organizationId), "any"))
    await recordChange(transaction, caller, "delete");
}

const recordChange = (transaction: Transaction, caller: Caller, change: "set" | "delete"): Promise<void> =>
  recordAuditEvent(transaction, caller.organizationId, caller, {
    action: `organization.client-secret.${change}`,
    target: { type: "organization", id: caller.organizationId },
  });

const toHolder = (organizationId: string, issuer: string) =>
  ({ holderId: organizationId, origin: issuer, purpose: "client-secret" }) as const;
