import { PassThrough } from "node:stream";
import { expect } from "chai";
import { hasErrorCode } from "../../src/errors.ts";
import { createLog } from "../../src/log.ts";
import { contractCollections } from "./contract/records.fixture.ts";
import { describeOnEngines } from "./engines.fixture.ts";
import type { TestStore } from "./test-store.fixture.ts";

describeOnEngines("A transaction whose body does not end", (open, engine) => {
  let testStore: TestStore;
  let logged = "";
  beforeEach(async () => {
    const stream = new PassThrough();
    logged = "";
    stream.on("data", (chunk) => {
      logged += chunk;
    });
    testStore = await open({ collections: contractCollections, log: createLog("warn", stream) });
  });
  afterEach(() => testStore.dispose());

  it("is logged when it takes longer than a second", async () => {
    await testStore.store.transaction(() => new Promise((resolve) => setTimeout(resolve, 1100)));
    expect(logged).to.match(/"durationMs":1\d{3},.*"a transaction was slow"/);
  });

  it("does not log a transaction that takes less", async () => {
    await testStore.store.transaction(() => new Promise((resolve) => setTimeout(resolve, 10)));
    expect(logged).to.equal("");
  });

  if (engine !== "SQLite") return; // on MongoDB a transaction does not wait for others

  it("makes the only writer not ready after five seconds, until it ends", async () => {
    let end: () => void = () => undefined;
    const stuck = testStore.store.transaction(
      () =>
        new Promise<void>((resolve) => {
          end = resolve;
        }),
    );
    await testStore.store.ping();
    let outcome: unknown;
    while (outcome === undefined) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      outcome = await testStore.store.ping().catch((error: unknown) => error);
    }
    expect(hasErrorCode(outcome, "unavailable")).to.equal(true);
    expect(logged).to.contain("a transaction does not end");
    end();
    await stuck;
    await testStore.store.ping();
  });
});
