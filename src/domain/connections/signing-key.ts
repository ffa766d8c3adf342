import { randomBytes } from "node:crypto";
import { hasErrorCode } from "../../errors.ts";
import { type ServiceKey, serviceKeys, serviceTenant } from "../../store/collections.ts";
import type { Store } from "../../store/store.ts";
import { newEntity } from "../entity.ts";

/**
 * A signing key of the service for one purpose. It is created at first use and stored, so that all replicas share it.
 * No API returns it, and no audit event contains it.
 */
export class SigningKey {
  readonly #store: Store;
  readonly #purpose: string;
  #cached: Promise<Buffer> | undefined;

  constructor(store: Store, purpose: string) {
    this.#store = store;
    this.#purpose = purpose;
  }

  /** Returns the key, from memory after the first call. @throws AppError unavailable */
  get(): Promise<Buffer> {
    this.#cached ??= this.#load().catch((error: unknown) => {
      this.#cached = undefined;
      throw error;
    });
    return this.#cached;
  }

  async #load(): Promise<Buffer> {
    const { secret } = (await this.#find()) ?? (await this.#create());
    return Buffer.from(secret, "base64url");
  }

  /** If several replicas create the key concurrently, one of them succeeds and all use its key. */
  async #create(): Promise<ServiceKey> {
    const secret = randomBytes(32).toString("base64url");
    const key = { ...newEntity("key", serviceTenant), purpose: this.#purpose, secret };
    try {
      await this.#store.transaction((transaction) => transaction.for(serviceTenant).open(serviceKeys).insert(key));
      return key;
    } catch (error) {
      const existing = hasErrorCode(error, "conflict") ? await this.#find() : undefined;
      if (existing) return existing;
      throw error;
    }
  }

  async #find(): Promise<ServiceKey | undefined> {
    const where = { op: "eq", path: "purpose", value: this.#purpose } as const;
    return (await this.#store.for(serviceTenant).open(serviceKeys).list({ where, limit: 1 })).items[0];
  }
}
