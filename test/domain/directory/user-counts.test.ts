import { expect } from "chai";
import { CascadeDeletes } from "../../../src/domain/cleanup/cascade-deletes.ts";
import { UserCounts } from "../../../src/domain/directory/user-counts.ts";
import { Users } from "../../../src/domain/directory/users.ts";
import { newEntity } from "../../../src/domain/entity.ts";
import { collections, users as userRecords } from "../../../src/store/collections.ts";
import type { StoreOperation } from "../../../src/store/measured-store.ts";
import { withSearchFields } from "../../../src/store/normalized-fields.ts";
import { describeOnEngines } from "../../store/engines.fixture.ts";
import type { TestStore } from "../../store/test-store.fixture.ts";
import { type DomainTestContext, expectRejection, openDomain, simulateOutage } from "../domain.fixture.ts";

describeOnEngines("The numbers of users", (open) => {
  const operations: StoreOperation[] = [];
  let opened: TestStore;
  beforeEach(async () => {
    const recordTime = (operation: StoreOperation): void => void operations.push(operation);
    const observer = { recordTime, recordError: () => {}, recordRetry: () => {}, addWaiting: () => {} };
    opened = await open({ collections, observer });
  });
  afterEach(() => opened.dispose());

  const add = async (organizationId: string, userName: string, active: boolean): Promise<void> => {
    const user = { ...newEntity("usr", organizationId), userName, active };
    await opened.store.transaction((tx) => tx.for(organizationId).open(userRecords).insert(withSearchFields(user, [])));
  };

  it("are exact, by organization, at most a minute old, and counted once for concurrent calls", async () => {
    let now = 0;
    const counts = new UserCounts(new Users(opened.store, new CascadeDeletes(opened.store)), () => now);
    await add("org_1", "ada", true);
    await add("org_1", "joan", false);
    await add("org_2", "grace", true);
    operations.length = 0;
    const results = await Promise.all(Array.from({ length: 10 }, () => counts.read("org_1")));
    expect(results).to.deep.equal(Array(10).fill({ all: 2, inactive: 1 }));
    expect(operations).to.have.length(2);
    expect(await counts.read("org_2")).to.deep.equal({ all: 1, inactive: 0 });
    await add("org_1", "mary", false);
    now = 59_999;
    expect(await counts.read("org_1")).to.deep.equal({ all: 2, inactive: 1 });
    now = 60_000;
    expect(await counts.read("org_1")).to.deep.equal({ all: 3, inactive: 2 });
  });
});

describe("The numbers of users after an outage", () => {
  it("are counted again", async () => {
    const domain: DomainTestContext = await openDomain();
    const counts = new UserCounts(new Users(domain.store, new CascadeDeletes(domain.store)));
    const restore = await simulateOutage(domain);
    await expectRejection(counts.read(domain.organizationId), "unavailable");
    await restore();
    expect(await counts.read(domain.organizationId)).to.deep.equal({ all: 0, inactive: 0 });
    await domain.dispose();
  });
});
