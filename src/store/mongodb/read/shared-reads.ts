import type { DatabaseAccess, DirectAccess } from "../database-access.ts";

/** The most keys in one query. */
const keysMax = 1000;
/** How long keys wait for a query that is in progress before they are sent beside it, in milliseconds. */
const waitMaxMs = 5;

/**
 * Reads the values of several keys in one query.
 * @param subjects what to look up, by key
 * @returns the values by key; keys without a value are missing
 */
export type ReadAll<S, R> = (
  subjects: ReadonlyMap<string, S>,
  access: DatabaseAccess,
) => Promise<ReadonlyMap<string, R>>;

/**
 * Lets concurrent lookups share round trips to the database, which are most of what a lookup costs. Keys that arrive in the
 * same turn of the event loop, or while an earlier query is in progress, are sent together in the next one.
 * A query is always sent after the last of its keys arrived. So a lookup sees every change that was acknowledged before it
 * began, exactly as if it had sent a query of its own. Nothing is kept once a query is done.
 */
export class SharedReads {
  readonly #access: DirectAccess;
  readonly #queues = new Map<string, ReadQueue>();

  constructor(access: DirectAccess) {
    this.#access = access;
  }

  /**
   * Reads the values of keys.
   * @param queue names the queries that share round trips; all calls with one name must pass the same function
   * @param subjects what to look up, by key
   * @returns the values by key, and possibly those of other callers
   * @throws AppError unavailable, and whatever `readAll` throws
   */
  read<S, R>(
    queue: string,
    subjects: Iterable<readonly [string, S]>,
    readAll: ReadAll<S, R>,
  ): Promise<ReadonlyMap<string, R>> {
    return this.#access.track(() => {
      let readQueue = this.#queues.get(queue);
      if (!readQueue) {
        readQueue = new ReadQueue(this.#access.tracked, () => this.#queues.delete(queue));
        this.#queues.set(queue, readQueue);
      }
      return readQueue.add(subjects, readAll as ReadAll<unknown, unknown>) as Promise<ReadonlyMap<string, R>>;
    });
  }
}

/** Keys that are sent in one query. */
interface Batch {
  readonly subjects: Map<string, unknown>;
  readonly result: Promise<ReadonlyMap<string, unknown>>;
  send(): void;
}

/** The queries of one name. */
class ReadQueue {
  readonly #access: DatabaseAccess;
  readonly #onIdle: () => void;
  #next: Batch | undefined;
  #running = 0;

  constructor(access: DatabaseAccess, onIdle: () => void) {
    this.#access = access;
    this.#onIdle = onIdle;
  }

  add(
    subjects: Iterable<readonly [string, unknown]>,
    readAll: ReadAll<unknown, unknown>,
  ): Promise<ReadonlyMap<string, unknown>> {
    const batch = this.#next ?? this.#createBatch(readAll);
    for (const [key, subject] of subjects) batch.subjects.set(key, subject);
    if (batch.subjects.size >= keysMax) batch.send();
    return batch.result;
  }

  #createBatch(readAll: ReadAll<unknown, unknown>): Batch {
    const subjects = new Map<string, unknown>();
    const { promise, resolve, reject } = withResolvers<ReadonlyMap<string, unknown>>();
    let timer: NodeJS.Timeout | undefined;
    const batch: Batch = {
      subjects,
      result: promise,
      send: () => {
        if (this.#next !== batch) return; // already sent
        this.#next = undefined;
        clearTimeout(timer);
        this.#running++;
        readAll(subjects, this.#access)
          .then(resolve, reject)
          .finally(() => {
            this.#running--;
            this.#sendNext();
          });
      },
    };
    this.#next = batch;
    if (this.#running === 0) setImmediate(batch.send);
    else timer = setTimeout(batch.send, waitMaxMs);
    return batch;
  }

  #sendNext(): void {
    if (this.#next) setImmediate(this.#next.send);
    else if (this.#running === 0) this.#onIdle();
  }
}

/** Like `Promise.withResolvers`, which Node.js 20 lacks. */
function withResolvers<T>(): {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (error: unknown) => void;
} {
  let [resolve, reject] = [(_: T): void => {}, (_: unknown): void => {}];
  const promise = new Promise<T>((onResolve, onReject) => {
    [resolve, reject] = [onResolve, onReject];
  });
  return { promise, resolve, reject };
}
