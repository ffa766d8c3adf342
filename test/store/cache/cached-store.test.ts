import { expect } from "chai";
import {
  contractCollections,
  insertAll,
  newOrganizationId,
  newTestRecord,
  newUniqueKey,
  type TestRecord,
  testRecords,
  writeTestRecords,
} from "../contract/records.fixture.ts";
import { expectRejection } from "../contract/rejected.fixture.ts";
import { describeOnEngines } from "../engines.fixture.ts";
import type { TestStore } from "../test-store.fixture.ts";

describeOnEngines("A store with caches", (open) => {
  let opened: TestStore;
  let organization: string;
  before(async () => {
    opened = await open({ collections: contractCollections, hasCache: true });
  });
  after(() => opened.dispose());
  beforeEach(() => {
    organization = newOrganizationId();
  });
  const lookup = (key: string): Promise<TestRecord | undefined> => opened.store.lookup(testRecords, "secret", [key]);

  it("finds a record by its key as it is after each write, and not after its removal", async () => {
    const key = newUniqueKey();
    expect(await lookup(key)).to.equal(undefined);
    await insertAll(opened.store, organization, [newTestRecord(organization, "a", { secret: key, size: 1 })]);
    for (let round = 0; round < 2; round++) expect((await lookup(key))?.size).to.equal(1);
    await writeTestRecords(opened.store, organization, (writer) => writer.increment("thg_a", { size: 1 }));
    for (let round = 0; round < 2; round++) expect((await lookup(key))?.size).to.equal(2);
    await writeTestRecords(opened.store, organization, (writer) => writer.remove("thg_a", "any"));
    expect(await lookup(key)).to.equal(undefined);
  });

  it("rejects a lookup after it is closed, also of a record that it has found before", async () => {
    const key = newUniqueKey();
    await insertAll(opened.store, organization, [newTestRecord(organization, "a", { secret: key })]);
    await lookup(key);
    await opened.store.close();
    await expectRejection(lookup(key), "unavailable");
    await opened.reopen();
  });
});
