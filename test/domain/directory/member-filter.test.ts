import { expect } from "chai";
import { resolveMemberConditions } from "../../../src/domain/directory/member-filter.ts";
import { groups } from "../../../src/store/collections.ts";
import type { Condition } from "../../../src/store/query.ts";
import type { MembershipReader } from "../../../src/store/store.ts";
import { expectRejection } from "../../store/contract/rejected.fixture.ts";
import { describeOnEngines } from "../../store/engines.fixture.ts";
import type { TestStore } from "../../store/test-store.fixture.ts";
import { countTurnsDuring } from "../../support/event-loop.ts";

describeOnEngines("Filters by members", (open) => {
  const organizationId = "org_members";
  const groupCount = 2500;
  let opened: TestStore;
  before(async () => {
    opened = await open({ collections: [groups] });
    await opened.store.transaction(async (transaction) => {
      const { memberships } = transaction.for(organizationId);
      for (let at = 0; at < groupCount; at++) {
        const group = `grp_${String(at).padStart(5, "0")}`;
        await memberships.add(group, at === 0 ? ["usr_many", "usr_few"] : ["usr_many"]);
      }
    });
  });
  after(() => opened.dispose());

  const has = (value: string): Condition => ({
    op: "some",
    path: "members",
    where: { op: "eq", path: "value", value },
  });
  const or = (...all: Condition[]): Condition => ({ op: "or", all });
  /** Counts the pages that are read from the store. */
  const countReads = (): { readonly memberships: MembershipReader; readonly reads: () => number } => {
    let reads = 0;
    const { memberships } = opened.store.for(organizationId);
    const groupsOf: MembershipReader["groupsOf"] = (id, page) => {
      reads++;
      return memberships.groupsOf(id, page);
    };
    return { memberships: { ...memberships, groupsOf }, reads: () => reads };
  };

  it("read the groups of a member once, however often the filter names it", async () => {
    const { memberships, reads } = countReads();
    const resolved = await resolveMemberConditions(or(has("usr_many"), has("usr_few"), has("usr_many")), memberships);
    expect(reads()).to.equal(4); // three pages of 1,000 groups, and one page of one group
    const lengths = resolved.op === "or" && resolved.all.map((each) => each.op === "in" && each.values.length);
    expect(lengths).to.deep.equal([groupCount, 1, groupCount]);
  });

  it("let other requests run between the pages", async () => {
    const { memberships } = opened.store.for(organizationId);
    const turns = await countTurnsDuring(() => resolveMemberConditions(has("usr_many"), memberships));
    expect(turns).to.be.at.least(2);
  });

  it("have at most 50,000 groups together", async () => {
    const { memberships, reads } = countReads();
    const repeated = (count: number): Condition => or(...Array.from({ length: count }, () => has("usr_many")));
    await resolveMemberConditions(repeated(20), memberships);
    await expectRejection(resolveMemberConditions(repeated(21), memberships), "query-too-expensive");
    expect(reads()).to.equal(6);
  });
});
