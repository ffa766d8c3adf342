import type { CollectionDefinition, Entity, Store } from "../../src/store/collection.ts";
import type { Migration } from "../../src/store/migrations.ts";

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
