import type { Store } from "../../src/store/store.ts";
import { arrayContract } from "./contract/arrays.ts";
import { conditionContract } from "./contract/conditions.ts";
import { envelopeContract } from "./contract/envelopes.ts";
import { lifetimeContract } from "./contract/lifetime.ts";
import { membershipContract } from "./contract/memberships.ts";
import { migrationContract } from "./contract/migrations.ts";
import { oldShapeContract } from "./contract/old-shape.ts";
import { pagingContract } from "./contract/paging.ts";
import { rawRecordContract } from "./contract/raw-records.ts";
import { contractCollections } from "./contract/records.fixture.ts";
import { rejectionContract } from "./contract/rejections.ts";
import { searchFieldsContract } from "./contract/search-fields.ts";
import { snapshotContract } from "./contract/snapshots.ts";
import { stringContract } from "./contract/strings.ts";
import { tenancyContract } from "./contract/tenancy.ts";
import { sharedDataContract, transactionContract } from "./contract/transactions.ts";
import { writeContract } from "./contract/writes.ts";
import type { OpenTestStore, TestStore } from "./test-store.fixture.ts";

/**
 * The contract of `src/store/store.ts`, which every engine fulfills.
 * @param options.shared whether several processes can use the same data, so that `TestStore.openSecond` exists
 */
export function storeContract(name: string, open: OpenTestStore, options: { readonly shared?: boolean } = {}): void {
  describe(`Store on ${name}`, () => {
    let opened: TestStore;
    before(async () => {
      opened = await open({ collections: contractCollections });
    });
    after(() => opened.dispose());
    const store = (): Store => opened.store;

    tenancyContract(store);
    conditionContract(store);
    arrayContract(store);
    stringContract(store);
    rejectionContract(store);
    searchFieldsContract(store);
    rawRecordContract(store);
    envelopeContract(store);
    pagingContract(store);
    writeContract(store);
    transactionContract(store);
    if (options.shared) {
      sharedDataContract(
        store,
        () => opened.openSecond?.() ?? Promise.reject(new Error(`${name} has no second process`)),
      );
    }
    membershipContract(store);
    snapshotContract(store);
    lifetimeContract(open);
    migrationContract(open);
    oldShapeContract(open);
  });
}
