import { hasErrorCode } from "../errors.ts";
import type { StoreEngine } from "./engine.ts";
import type { Entity } from "./record.ts";
import type { MembershipReader, Reader, ReadTenant } from "./store.ts";

/**
 * What an observer distinguishes. A transaction has three parts: the time until its body starts, its body, and the time
 * from the end of the body to the acknowledgment, which includes the commit and the bodies that share it.
 */
export type StoreOperation =
  | ("lookup" | "get" | "list" | "count" | "memberships" | "group-lists")
  | ("transaction-wait" | "transaction-body" | "transaction-commit");

/** The error codes of a store that does not do its work. Others are results, such as a conflict. */
export type StoreErrorCode = "unavailable" | "query-too-expensive";

/** One operation at its end, as a whole. */
export interface EndedOperation {
  readonly operation: Exclude<StoreOperation, `transaction-${string}`> | "transaction";
  /** The name of the collection; absent if an operation concerns several. */
  readonly collection?: string | undefined;
  /** Of `performance.now()`. */
  readonly startedAt: number;
  readonly errorCode: StoreErrorCode | undefined;
  /** The time until the body of a transaction started, in milliseconds. */
  readonly waitMs?: number;
  /** How often the body of a transaction ran. */
  readonly runs?: number;
}

/** Receives what a store does. Its methods are called often and must be cheap. */
export interface StoreObserver {
  recordTime(operation: StoreOperation, seconds: number): void;
  recordError(code: StoreErrorCode): void;
  /** The body of a transaction runs again, after a write conflict or an error of another body of its commit. */
  recordRetry(): void;
  /** Adds to the number of transactions whose body has not started. */
  addWaiting(change: 1 | -1): void;
  /** Called in the asynchronous context of the caller of the operation. Absent: nothing needs operations as a whole. */
  recordOperation?(operation: EndedOperation): void;
}

/**
 * Decorates an engine so that an observer learns what each operation costs. What a body reads and writes inside its
 * transaction is part of `transaction-body`. Decorate the engine and not the caches, which are measured by their hits.
 */
export function measureEngine(engine: StoreEngine, observer: StoreObserver): StoreEngine {
  const measure = createMeasure(observer);
  const measureReader = <T extends Entity>(reader: Reader<T>, collection: string): Reader<T> => ({
    get: (id) => measure("get", collection, () => reader.get(id)),
    list: (query) => measure("list", collection, () => reader.list(query)),
    count: (where) => measure("count", collection, () => reader.count(where)),
  });
  return {
    ...engine,
    for: (organizationId): ReadTenant => {
      const tenant = engine.for(organizationId);
      return {
        organizationId,
        open: (definition) => measureReader(tenant.open(definition), definition.name),
        openRaw: (definition) => measureReader(tenant.openRaw(definition), definition.name),
        openEnvelopes: (definition) => measureReader(tenant.openEnvelopes(definition), definition.name),
        memberships: new MeasuredMemberships(tenant.memberships, measure),
        groupLists: (userIds, workBudget) =>
          measure("group-lists", undefined, () => tenant.groupLists(userIds, workBudget)),
      };
    },
    lookup: (definition, key, values) =>
      measure("lookup", definition.name, () => engine.lookup(definition, key, values)),
    transaction: measureTransactions(engine, observer),
  };
}

/** Runs an operation and reports its time and its error. */
type Measure = <R>(
  operation: Exclude<EndedOperation["operation"], "transaction">,
  collection: string | undefined,
  run: () => Promise<R>,
) => Promise<R>;

const createMeasure =
  (observer: StoreObserver): Measure =>
  async (operation, collection, run) => {
    const startedAt = performance.now();
    let errorCode: StoreErrorCode | undefined;
    try {
      return await run();
    } catch (error) {
      errorCode = recordError(error, observer);
      throw error;
    } finally {
      observer.recordTime(operation, secondsSince(startedAt));
      observer.recordOperation?.({ operation, collection, startedAt, errorCode });
    }
  };

/** A class, because every request creates one and most use none of its methods. */
class MeasuredMemberships implements MembershipReader {
  readonly #reader: MembershipReader;
  readonly #measure: Measure;

  constructor(reader: MembershipReader, measure: Measure) {
    this.#reader = reader;
    this.#measure = measure;
  }

  members(...args: Parameters<MembershipReader["members"]>) {
    return this.#measure("memberships", undefined, () => this.#reader.members(...args));
  }

  filterMembers(...args: Parameters<MembershipReader["filterMembers"]>) {
    return this.#measure("memberships", undefined, () => this.#reader.filterMembers(...args));
  }

  groupsOf(...args: Parameters<MembershipReader["groupsOf"]>) {
    return this.#measure("memberships", undefined, () => this.#reader.groupsOf(...args));
  }

  groupsByMember(...args: Parameters<MembershipReader["groupsByMember"]>) {
    return this.#measure("memberships", undefined, () => this.#reader.groupsByMember(...args));
  }

  transitiveGroupsOf(...args: Parameters<MembershipReader["transitiveGroupsOf"]>) {
    return this.#measure("memberships", undefined, () => this.#reader.transitiveGroupsOf(...args));
  }
}

function measureTransactions(engine: StoreEngine, observer: StoreObserver): StoreEngine["transaction"] {
  return async (body, options) => {
    const requestedAt = performance.now();
    let bodyEndedAt = 0;
    let runs = 0;
    let waitMs = 0;
    let errorCode: StoreErrorCode | undefined;
    observer.addWaiting(1);
    try {
      const result = await engine.transaction(async (transaction) => {
        const startedAt = performance.now();
        if (runs++ > 0) observer.recordRetry();
        else {
          observer.addWaiting(-1);
          waitMs = startedAt - requestedAt;
          observer.recordTime("transaction-wait", waitMs / 1000);
        }
        try {
          return await body(transaction);
        } finally {
          bodyEndedAt = performance.now();
          observer.recordTime("transaction-body", (bodyEndedAt - startedAt) / 1000);
        }
      }, options);
      observer.recordTime("transaction-commit", secondsSince(bodyEndedAt));
      return result;
    } catch (error) {
      errorCode = recordError(error, observer);
      throw error;
    } finally {
      if (runs === 0) observer.addWaiting(-1);
      observer.recordOperation?.({ operation: "transaction", startedAt: requestedAt, errorCode, waitMs, runs });
    }
  };
}

const errorCodes: readonly StoreErrorCode[] = ["unavailable", "query-too-expensive"];

function recordError(error: unknown, observer: StoreObserver): StoreErrorCode | undefined {
  const code = errorCodes.find((each) => hasErrorCode(error, each));
  if (code !== undefined) observer.recordError(code);
  return code;
}

/** Receives nothing. A store that is traced and not measured has it as the base of its observer. */
export const silentObserver: StoreObserver = {
  recordTime: () => {},
  recordError: () => {},
  recordRetry: () => {},
  addWaiting: () => {},
};

const secondsSince = (startedAt: number): number => (performance.now() - startedAt) / 1000;
