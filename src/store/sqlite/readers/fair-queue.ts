/**
 * A fair queue for one thread: round robin over organizations, and first in, first out within one. However many items
 * one organization enqueues, each other organization waits for a single one of them.
 */
export class FairQueue<T> {
  /** Items by organization, in the order in which organizations are served. It has no empty queues. */
  readonly #queues = new Map<string, T[]>();
  readonly #sizeMax: number;
  /** The organization of the last dequeued item. */
  #lastServed: string | undefined;

  /** @param sizeMax the most items of one organization that can wait */
  constructor(sizeMax: number) {
    this.#sizeMax = sizeMax;
  }

  /** @returns false when the queue of this organization is full */
  enqueue(organizationId: string, item: T): boolean {
    const queue = this.#queues.get(organizationId);
    if (!queue) this.#queues.set(organizationId, [item]);
    else if (queue.length < this.#sizeMax) queue.push(item);
    else return false;
    return true;
  }

  /** Removes and returns the next item; undefined when the queue is empty. */
  dequeue(): T | undefined {
    this.#moveToEnd(this.#lastServed);
    for (const [organizationId, [first, ...rest]] of this.#queues) {
      this.#setQueue(organizationId, rest);
      this.#lastServed = organizationId;
      return first;
    }
    return undefined;
  }

  /** Removes an item that no longer waits. */
  remove(organizationId: string, item: T): void {
    this.#setQueue(organizationId, this.#queues.get(organizationId)?.filter((each) => each !== item) ?? []);
  }

  /** Moves an organization behind those that enqueued items while its own item was running. */
  #moveToEnd(organizationId: string | undefined): void {
    const queue = organizationId !== undefined && this.#queues.get(organizationId);
    if (!queue) return;
    this.#queues.delete(organizationId);
    this.#queues.set(organizationId, queue);
  }

  #setQueue(organizationId: string, items: T[]): void {
    if (items.length > 0) this.#queues.set(organizationId, items);
    else this.#queues.delete(organizationId);
  }
}
