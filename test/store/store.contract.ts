import type { CollectionDefinition, Entity, Store } from "../../src/store/collection.ts";
import type { Migration } from "../../src/store/migrations.ts";
import { conditionContract } from "./contract/conditions.ts";
import { lifetimeContract } from "./contract/lifetime.ts";
import { membershipContract } from "./contract/memberships.ts";
import { pagingContract } from "./contract/paging.ts";
import { refusalContract } from "./contract/refusals.ts";
import { tenancyContract } from "./contract/tenancy.ts";
import { contractCollections } from "./contract/things.ts";
import { sharingContract, transactionContract } from "./contract/transactions.ts";
import { writeContract } from "./contract/writes.ts";

export interface OpenOptions {
  readonly collections: readonly CollectionDefinition<Entity>[];
  readonly migrations?: readonly Migration[];
  /** How long a question that no index narrows may take. */
  readonly scanTimeMs?: number;
}

/** A store on data of its own, and what a test may do to it. */
export interface Opened {
  readonly store: Store;
  /** Closes the store, unless a test did, and opens the same data anew. Options not named are as before. */
  reopen(options?: Partial<OpenOptions>): Promise<Store>;
  /** Opens the same data once more beside the store; absent where the engine lets only one process in. */
  readonly beside?: () => Promise<Store>;
  /** Closes whatever is open and removes the data. */
  dispose(): Promise<void>;
}

/** How an engine opens an empty store. */
export type Open = (options: OpenOptions) => Promise<Opened>;

/**
 * The promises of `collection.ts`, kept by every engine alike.
 * @param options.shared whether several processes may use the same data: `Opened.beside` is there
 */
export function storeContract(name: string, open: Open, options: { readonly shared?: boolean } = {}): void {
  describe(`Store on ${name}`, () => {
    let opened: Opened;
    before(async () => {
      opened = await open({ collections: contractCollections });
    });
    after(() => opened.dispose());
    const store = (): Store => opened.store;

    tenancyContract(store);
    conditionContract(store);
    refusalContract(store);
    pagingContract(store);
    writeContract(store);
    transactionContract(store);
    if (options.shared) {
      sharingContract(store, () => opened.beside?.() ?? Promise.reject(new Error(`${name} has no second process`)));
    }
    membershipContract(store);
    lifetimeContract(open);
  });
}
