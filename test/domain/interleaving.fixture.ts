import type { Store, Tenant, Transaction } from "../../src/store/store.ts";

/** A store whose first write waits. */
export interface HeldStore {
  readonly store: Store;
  /** Resolves when a transaction is about to write for the first time: it has read what its change depends on. */
  readonly reached: Promise<void>;
  /** Lets the write, and everything after it, continue. */
  release(): void;
}

const writes: ReadonlySet<PropertyKey> = new Set(["insert", "replace", "remove", "increment", "add"]);

/** Wraps a real store, so that another change can run between the reads and the first write of a transaction. */
export function holdFirstWrite(store: Store): HeldStore {
  const [reached, reach] = createSignal();
  const [released, release] = createSignal();
  const wait = (): Promise<void> => {
    reach();
    return released;
  };
  const holdWrites = <T extends object>(target: T): T =>
    new Proxy(target, {
      get: (_, name) => {
        const member: unknown = Reflect.get(target, name);
        if (typeof member !== "function") return member;
        if (!writes.has(name)) return member.bind(target);
        return async (...parameters: unknown[]) => {
          await wait();
          return member.apply(target, parameters);
        };
      },
    });
  const holdTenant = (tenant: Tenant<"write">): Tenant<"write"> => ({
    organizationId: tenant.organizationId,
    open: (definition) => holdWrites(tenant.open(definition)),
    memberships: holdWrites(tenant.memberships),
  });
  const holdTransaction = (tx: Transaction): Transaction => ({
    for: (organizationId) => holdTenant(tx.for(organizationId)),
  });
  const heldStore: Store = {
    for: (organizationId) => store.for(organizationId),
    lookup: (definition, key, values) => store.lookup(definition, key, values),
    transaction: (body, options) => store.transaction((tx) => body(holdTransaction(tx)), options),
    snapshot: (work) => store.snapshot(work),
    backup: (path) => store.backup(path),
    ping: () => store.ping(),
    close: () => store.close(),
  };
  return { store: heldStore, reached, release };
}

function createSignal(): readonly [Promise<void>, () => void] {
  let resolve = (): void => undefined;
  const signal = new Promise<void>((done) => {
    resolve = done;
  });
  return [signal, () => resolve()];
}
