import { expect } from "chai";
import { newId } from "../../../src/domain/entity.ts";
import { collections, groups } from "../../../src/store/collections.ts";
import { describeOnOwnMongod } from "../../support/mongod.ts";
import { type MongoTestStore, mongoTestStoreOpener } from "./mongodb.fixture.ts";
import { type CommandCounts, countCommands } from "./round-trips.fixture.ts";

describeOnOwnMongod("Groups of users on MongoDB", (uri) => {
  let opened: MongoTestStore;
  before(async () => {
    opened = await mongoTestStoreOpener(uri())({ collections });
  });
  after(() => opened.dispose());

  const countQueries = ({ find = 0, aggregate = 0 }: CommandCounts): number => find + aggregate;

  it("are read with one query for the users, one for each level of groups, and one for the names of ancestors", async () => {
    const organizationId = newId("org");
    await opened.store.transaction(async (change) => {
      const { open, memberships } = change.for(organizationId);
      for (const id of ["grp_direct", "grp_parent", "grp_root"]) {
        const time = "2026-01-01T00:00:00.000Z";
        const displayName = `Name of ${id}`;
        const record = { id, organizationId, version: 1, createdAt: time, updatedAt: time, displayName };
        await open(groups).insert({ ...record, normalized: { displayName: id } });
      }
      await memberships.add("grp_direct", ["usr_1"]);
      await memberships.add("grp_parent", ["grp_direct"]);
      await memberships.add("grp_root", ["grp_parent", "usr_2"]);
    });
    const read = (userId: string) =>
      countCommands(opened.uri, () => opened.store.for(organizationId).groupLists([userId], 100));
    const withoutNesting = await read("usr_2");
    expect([...withoutNesting.result]).to.deep.equal([
      ["usr_2", [{ id: "grp_root", displayName: "Name of grp_root", isDirect: true }]],
    ]);
    expect(countQueries(withoutNesting.commands)).to.be.within(1, 2);
    const { result, commands } = await read("usr_1");
    expect([...result]).to.deep.equal([
      [
        "usr_1",
        [
          { id: "grp_direct", displayName: "Name of grp_direct", isDirect: true },
          { id: "grp_parent", displayName: "Name of grp_parent", isDirect: false },
          { id: "grp_root", displayName: "Name of grp_root", isDirect: false },
        ],
      ],
    ]);
    expect(countQueries(commands)).to.be.within(1, 5);
  });
});
