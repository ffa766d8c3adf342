import type { Flushable } from "./periodic-flush.ts";

/** What a `BufferedWriter` needs to know about its entries. */
export interface BufferedWriterOptions<K, V> {
  /** Writes one batch, oldest entry first. If it throws, the batch is requeued. */
  write(batch: readonly (readonly [K, V])[]): Promise<void>;
  /** Combines two values that were recorded for one key. May modify and return `earlier`. */
  merge(earlier: V, later: V): V;
  /** The most entries per call of `write`. */
  readonly batchSize: number;
  /** The most entries in memory; beyond it the oldest are dropped. Absent: no limit besides the number of keys. */
  readonly maxEntries?: number;
}

/** The state of a buffer, for metrics. */
export interface BufferState {
  /** The number of buffered entries. */
  readonly size: number;
  /** The number of entries that were dropped since the start, because the buffer was full. */
  readonly droppedCount: number;
}

/** A writer whose pending entries are in memory. */
export interface Buffered extends Flushable {
  readonly bufferState: BufferState;
}

/**
 * Buffers entries by key in memory, so that no request waits for a write, and writes them in batches. A batch that
 * cannot be written returns to the front of the buffer and is retried by the next flush.
 */
export class BufferedWriter<K, V> implements Flushable, BufferState {
  readonly #options: BufferedWriterOptions<K, V>;
  #entries = new Map<K, V>();
  #droppedCount = 0;

  constructor(options: BufferedWriterOptions<K, V>) {
    this.#options = options;
  }

  /** The number of buffered entries. */
  get size(): number {
    return this.#entries.size;
  }

  get droppedCount(): number {
    return this.#droppedCount;
  }

  /** Buffers a value; a buffered value of the same key is merged with it. */
  record(key: K, value: V): void {
    const earlier = this.#entries.get(key);
    this.#entries.set(key, earlier === undefined ? value : this.#options.merge(earlier, value));
    this.#dropOldest();
  }

  /**
   * Writes the entries that are buffered at the time of the call. Keys recorded during the flush wait for the next one,
   * because a busy key would otherwise keep this one running.
   * @throws the error of `write`; the entries that were not written stay buffered
   */
  async flush(): Promise<void> {
    let remaining = this.#entries.size;
    while (remaining > 0) {
      const batch = this.#takeBatch(Math.min(remaining, this.#options.batchSize));
      if (batch.length === 0) return;
      remaining -= batch.length;
      try {
        await this.#options.write(batch);
      } catch (error) {
        this.#requeue(batch);
        throw error;
      }
    }
  }

  #takeBatch(size: number): [K, V][] {
    const batch: [K, V][] = [];
    for (const entry of this.#entries) {
      if (batch.length === size) break;
      batch.push(entry);
    }
    for (const [key] of batch) this.#entries.delete(key);
    return batch;
  }

  #requeue(batch: readonly [K, V][]): void {
    const recordedMeanwhile = this.#entries;
    this.#entries = new Map(batch);
    for (const [key, value] of recordedMeanwhile) this.record(key, value);
  }

  #dropOldest(): void {
    const { maxEntries = Number.POSITIVE_INFINITY } = this.#options;
    if (this.#entries.size <= maxEntries) return;
    const [oldest] = this.#entries.keys();
    if (oldest === undefined) return;
    this.#entries.delete(oldest);
    this.#droppedCount++;
  }
}
