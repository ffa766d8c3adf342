import type { WrittenRecords } from "./cache/written-records.ts";
import type { Store } from "./store.ts";

/** A store that reads everything from its database, and reports what it writes, so that `withCaches` can decorate it. */
export interface StoreEngine extends Store {
  /** Whether other processes can write to the same data. Their writes are not reported. */
  readonly hasOtherWriters: boolean;

  /** Registers a listener of all writes of this process. */
  onWrite(listener: WriteListener): void;

  /**
   * Checks, without waiting, what a read of the database would notice: that the store is open and its data in place.
   * @throws AppError unavailable
   */
  assertAvailable(): void;
}

/**
 * Called after each commit, and before its writes can be read or are acknowledged. It is also called with the writes of a
 * commit that failed, if they may have been stored.
 * @param written undefined: any record may have changed
 */
export type WriteListener = (written: WrittenRecords | undefined) => void;
