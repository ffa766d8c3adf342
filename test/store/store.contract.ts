import type { Store } from "../../src/store/collection.ts";
import { arrayContract } from "./contract/arrays.ts";
import { conditionContract } from "./contract/conditions.ts";
import { lifetimeContract } from "./contract/lifetime.ts";
import { membershipContract } from "./contract/memberships.ts";
import { pagingContract } from "./contract/paging.ts";
import { recordTextContract } from "./contract/record-texts.ts";
import { refusalContract } from "./contract/refusals.ts";
import { tenancyContract } from "./contract/tenancy.ts";
import { textContract } from "./contract/texts.ts";
import { contractCollections } from "./contract/things.ts";
import { sharingContract, transactionContract } from "./contract/transactions.ts";
import { twinContract } from "./contract/twins.ts";
import { writeContract } from "./contract/writes.ts";
import type { Open, Opened } from "./opened.ts";

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
    arrayContract(store);
    textContract(store);
    refusalContract(store);
    twinContract(store);
    recordTextContract(store);
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
