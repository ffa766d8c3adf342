import { AsyncLocalStorage } from "node:async_hooks";
import { expect } from "chai";
import { newEntity } from "../../src/domain/entity.ts";
import { AppError, storeUnavailable } from "../../src/errors.ts";
import { tokens, users } from "../../src/store/collections.ts";
import type { EndedOperation, StoreObserver } from "../../src/store/measured-store.ts";
import { describeOnEngines } from "./engines.fixture.ts";
import type { TestStore } from "./test-store.fixture.ts";

/** Records what it receives. */
class Recorder implements StoreObserver {
  readonly times: [string, number][] = [];
  readonly errors: string[] = [];
  readonly ended: EndedOperation[] = [];
  retries = 0;
  waiting = 0;
  recordTime(operation: string, seconds: number): void {
    this.times.push([operation, seconds]);
  }
  recordError(code: string): void {
    this.errors.push(code);
  }
  recordRetry(): void {
    this.retries++;
  }
  addWaiting(change: number): void {
    this.waiting += change;
  }
  recordOperation(operation: EndedOperation): void {
    this.ended.push(operation);
  }
  get operations(): string[] {
    return this.times.map(([operation]) => operation);
  }
}

describeOnEngines("measureEngine", (open, engine) => {
  let testStore: TestStore;
  let recorder: Recorder;
  beforeEach(async () => {
    recorder = new Recorder();
    testStore = await open({ collections: [users, tokens], observer: recorder, hasCache: false });
  });
  afterEach(() => testStore.dispose());
  const organizationId = "org_measured";
  const reader = () => testStore.store.for(organizationId);

  it("reports each read by its kind, with a time in seconds", async () => {
    await reader().open(users).get("usr_1");
    await reader().openRaw(users).list({ limit: 1 });
    await reader().open(users).count();
    await reader().memberships.groupsOf("usr_1", { limit: 1 });
    await reader().groupLists(["usr_1"], 10);
    await testStore.store.lookup(tokens, "secrets.hash", ["none"]);
    expect(recorder.operations).to.deep.equal(["get", "list", "count", "memberships", "group-lists", "lookup"]);
    for (const [operation, seconds] of recorder.times) expect(seconds, operation).to.be.within(0, 10);
  });

  it("reports the three parts of a transaction, in which reads are no operations of their own", async () => {
    const result = await testStore.store.transaction(async (transaction) => {
      await transaction.for(organizationId).open(users).get("usr_1");
      return "done";
    });
    expect(result).to.equal("done");
    expect(recorder.operations).to.deep.equal(["transaction-wait", "transaction-body", "transaction-commit"]);
  });

  it("reports a failed body as no commit, and its error only if the store caused it", async () => {
    const conflict = new AppError("conflict", "taken");
    for (const error of [conflict, storeUnavailable(new Error("gone"))]) {
      const caught = await testStore.store.transaction(() => Promise.reject(error)).catch((each: unknown) => each);
      expect(caught).to.equal(error);
    }
    expect(recorder.operations).to.not.include("transaction-commit");
    expect(recorder.errors).to.deep.equal(["unavailable"]);
  });

  it("reports each operation once as a whole, in the context of its caller, with its collection and its error", async () => {
    const context = new AsyncLocalStorage<string>();
    const callers: (string | undefined)[] = [];
    recorder.recordOperation = (operation) => {
      recorder.ended.push(operation);
      callers.push(context.getStore());
    };
    const startedAt = performance.now();
    const change = (error?: Error) =>
      testStore.store.transaction(async () => (error ? Promise.reject(error) : undefined));
    await context.run("read", () => reader().open(users).get("usr_1"));
    // The bodies of both share a commit, so that one of them runs in the other's place.
    await Promise.all([context.run("one", () => change()), context.run("two", () => change())]);
    await context.run("failed", () => change(storeUnavailable(new Error("gone"))).catch(() => undefined));
    expect(callers[0]).to.equal("read");
    expect(callers.slice(1, 3)).to.have.members(["one", "two"]);
    expect(callers.slice(3)).to.deep.equal(["failed"]);
    const [read, , , failed] = recorder.ended;
    expect(read).to.include({ operation: "get", collection: "users", errorCode: undefined });
    expect(failed).to.include({ operation: "transaction", errorCode: "unavailable" });
    expect(failed?.runs).to.be.at.least(1);
    for (const each of recorder.ended) expect(each.startedAt).to.be.within(startedAt, performance.now());
  });

  it("reports the transactions whose body has not started", async () => {
    const bodies: number[] = [];
    const all = Array.from({ length: 20 }, () =>
      testStore.store.transaction(async () => {
        bodies.push(recorder.waiting);
      }),
    );
    expect(recorder.waiting).to.equal(20);
    await Promise.all(all);
    expect(bodies).to.deep.equal(bodies.toSorted((one, other) => other - one));
    expect(recorder.waiting).to.equal(0);
  });

  it("counts no transaction as waiting after a closed store has rejected it", async () => {
    await testStore.store.close();
    const error = await testStore.store.transaction(async () => undefined).catch((each: unknown) => each);
    expect(error).to.be.instanceOf(AppError).with.property("code", "unavailable");
    expect([recorder.waiting, recorder.errors]).to.deep.equal([0, ["unavailable"]]);
  });

  if (engine !== "MongoDB") return; // the only writer of SQLite has no conflicts

  it("reports the bodies that run again after a write conflict", async () => {
    const user = newEntity("tok", organizationId);
    await testStore.store.transaction((transaction) =>
      transaction
        .for(organizationId)
        .open(tokens)
        .insert(user as never),
    );
    const second = await testStore.openSecond?.();
    let runs = 0;
    await testStore.store.transaction(async (transaction) => {
      const collection = transaction.for(organizationId).open(tokens);
      await collection.get(user.id); // takes the snapshot
      if (runs++ === 0)
        await second?.transaction((other) =>
          other.for(organizationId).open(tokens).increment(user.id, { requestCount: 1 }),
        );
      await collection.increment(user.id, { requestCount: 1 });
    });
    await second?.close();
    expect(runs).to.equal(2);
    expect(recorder.retries).to.be.at.least(1);
  });
});
