import type { Log } from "../../src/log.ts";
import type { StoreObserver } from "../../src/store/measured-store.ts";
import type { Migration } from "../../src/store/migrations.ts";
import type { Entity } from "../../src/store/record.ts";
import type { CollectionDefinition, Store } from "../../src/store/store.ts";

/** Whether the stores of this run have caches. `CACHE=off npm test` runs every suite without them. */
export const areCachesEnabled = process.env["CACHE"] !== "off";

export interface TestStoreOptions {
  readonly collections: readonly CollectionDefinition<Entity>[];
  readonly migrations?: readonly Migration[];
  /** The time limit of a full scan, in milliseconds. */
  readonly scanTimeMs?: number;
  readonly hasCache?: boolean;
  /** Receives what the operations of the engine cost. */
  readonly observer?: StoreObserver;
  readonly log?: Log;
}

/** A store with its own data, and the operations of a test on it. */
export interface TestStore {
  readonly store: Store;
  /** Closes the store, unless a test did, and opens the same data again. Other options stay the same. */
  reopen(options?: Partial<TestStoreOptions>): Promise<Store>;
  /** Opens the same data a second time; absent for an engine that allows only one process. */
  readonly openSecond?: () => Promise<Store>;
  /** Closes the store and removes its data. */
  dispose(): Promise<void>;
}

/** Opens an empty store on an engine. */
export type OpenTestStore = (options: TestStoreOptions) => Promise<TestStore>;
