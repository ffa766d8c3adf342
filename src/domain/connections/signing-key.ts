import { randomBytes } from "node:crypto";
import { isFault } from "../../errors.ts";
import type { Store } from "../../store/collection.ts";
import { type ServiceKey, serviceKeys, serviceTenant } from "../../store/collections.ts";
import { newEntity } from "../entity.ts";

/**
 * A key of the service's own for one purpose, made at the first need and kept in the store, so that all replicas have
 * the same. No door shows it, and no event speaks of it.
 */
export class SigningKey {
  readonly #store: Store;
  readonly #purpose: string;
  #known: Promise<Buffer> | undefined;

  constructor(store: Store, purpose: string) {
    this.#store = store;
    this.#purpose = purpose;
  }

  /** @throws AppError unavailable */
  get(): Promise<Buffer> {
    this.#known ??= this.#load().catch((error: unknown) => {
      this.#known = undefined;
      throw error;
    });
    return this.#known;
  }

  async #load(): Promise<Buffer> {
    const { secret } = (await this.#find()) ?? (await this.#make());
    return Buffer.from(secret, "base64url");
  }

  /** Of several replicas that make one at once, one does, and all use that. */
  async #make(): Promise<ServiceKey> {
    const secret = randomBytes(32).toString("base64url");
    const key = { ...newEntity("key", serviceTenant), purpose: this.#purpose, secret };
    try {
      await this.#store.transaction((change) => change.for(serviceTenant).open(serviceKeys).insert(key));
      return key;
    } catch (error) {
      const others = isFault(error, "conflict") ? await this.#find() : undefined;
      if (others) return others;
      throw error;
    }
  }

  async #find(): Promise<ServiceKey | undefined> {
    const where = { op: "eq", path: "purpose", value: this.#purpose } as const;
    return (await this.#store.for(serviceTenant).open(serviceKeys).list({ where, limit: 1 })).items[0];
  }
}
