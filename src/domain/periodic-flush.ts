/** A writer with pending work in memory or in the store. A background job flushes it: `background-jobs.ts`. */
export interface Flushable {
  /** Does the pending work. Work that fails stays pending and is retried by the next call. */
  flush(): Promise<void>;
}
