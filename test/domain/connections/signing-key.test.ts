import { expect } from "chai";
import { SigningKey } from "../../../src/domain/connections/signing-key.ts";
import { collections, serviceKeys, serviceTenant } from "../../../src/store/collections.ts";
import { describeOnEngines } from "../../store/engines.fixture.ts";
import type { TestStore } from "../../store/test-store.fixture.ts";

describeOnEngines("Signing key", (open) => {
  let testStore: TestStore;
  before(async () => {
    testStore = await open({ collections });
  });
  after(() => testStore.dispose());

  const stored = () => testStore.store.for(serviceTenant).open(serviceKeys).list({ limit: 10 });

  it("is created once when many instances create it concurrently", async () => {
    const secondStore = testStore.openSecond ? await testStore.openSecond() : testStore.store;
    const keys = await Promise.all(
      Array.from({ length: 8 }, (_, at) => new SigningKey(at % 2 === 0 ? testStore.store : secondStore, "race").get()),
    );
    expect(new Set(keys.map((key) => key.toString("hex"))).size).to.equal(1);
    expect(keys[0]).to.have.length(32);
    const { items } = await stored();
    expect(items.map(({ secret }) => secret)).to.deep.equal([keys[0]?.toString("base64url")]);
  });

  it("survives a restart, and differs by purpose", async () => {
    const key = await new SigningKey(testStore.store, "race").get();
    const store = await testStore.reopen();
    expect((await new SigningKey(store, "race").get()).equals(key)).to.equal(true);
    expect((await new SigningKey(store, "other").get()).equals(key)).to.equal(false);
  });

  it("is read again after an outage", async () => {
    const store = await testStore.reopen();
    const key = new SigningKey(store, "outage");
    await store.close();
    const hasFailed = await key.get().then(
      () => false,
      () => true,
    );
    expect(hasFailed).to.equal(true);
    const restored = await testStore.reopen();
    expect(await new SigningKey(restored, "outage").get()).to.have.length(32);
  });
});
