/** Bounds the calls that run at once with one key, so that one client cannot occupy the service. */
export class CallSlots {
  readonly #max: number;
  readonly #running = new Map<string, number>();

  /** @param max calls at once for each key */
  constructor(max: number) {
    this.#max = max;
  }

  /** @returns a function that frees the slot; undefined if all slots of the key are in use */
  take(key: string): (() => void) | undefined {
    const running = this.#running.get(key) ?? 0;
    if (running >= this.#max) return undefined;
    this.#running.set(key, running + 1);
    return () => {
      const left = (this.#running.get(key) ?? 1) - 1;
      if (left > 0) this.#running.set(key, left);
      else this.#running.delete(key);
    };
  }
}
