import { expect } from "chai";
import { describeOnOwnMongod } from "../../../support/mongod.ts";
import {
  contractCollections,
  insertAll,
  newOrganizationId,
  newTestRecord,
  testRecordReader,
  testRecords,
} from "../../contract/records.fixture.ts";
import { type MongoTestStore, mongoTestStoreOpener } from "../mongodb.fixture.ts";
import { type CommandCounts, countCommands } from "../round-trips.fixture.ts";

const listedRecords: typeof testRecords = { name: "listed_things", indexes: [], isListedWhole: true };

describeOnOwnMongod("Concurrent lookups on MongoDB", (uri) => {
  let opened: MongoTestStore;
  before(async () => {
    opened = await mongoTestStoreOpener(uri())({
      collections: [...contractCollections, listedRecords],
      hasCache: false,
    });
  });
  after(() => opened.dispose());
  const countQueries = ({ find = 0, aggregate = 0 }: CommandCounts): number => find + aggregate;

  it("of one key send a fifth of the queries at most", async () => {
    const organization = newOrganizationId();
    const secret = `secret of ${organization}`;
    await insertAll(opened.store, organization, [newTestRecord(organization, "a", { secret })]);
    const { result, commands } = await countCommands(opened.uri, () =>
      Promise.all(Array.from({ length: 200 }, () => opened.store.lookup(testRecords, "secret", [secret]))),
    );
    expect(new Set(result.map((record) => record?.id))).to.deep.equal(new Set(["thg_a"]));
    expect(countQueries(commands)).to.be.within(1, 40);
  });

  it("of whole lists share queries with others, and return each list in id order with its long records", async () => {
    const organizations = [newOrganizationId(), newOrganizationId()];
    for (const organization of organizations) {
      await insertAll(opened.store, organization, [newTestRecord(organization, "a", { note: organization })]);
      await opened.store.transaction(async (change) => {
        const writer = change.for(organization).open(listedRecords);
        for (const name of ["d", "b", "c", "a"]) {
          const note = name === "b" ? "x".repeat(200_000) : organization; // converted in a step of its own
          await writer.insert(newTestRecord(organization, name, { note }));
        }
      });
    }
    const empty = newOrganizationId();
    const list = async (organization: string, limit: number) => {
      const { items } = await testRecordReader(opened.store, organization, listedRecords).list({ limit });
      return items.map(({ id, note }) => [id, note?.length]);
    };
    const read = (organization: string) =>
      Promise.all([list(organization, 9), testRecordReader(opened.store, organization).get("thg_a"), list(empty, 9)]);
    const { result, commands } = await countCommands(opened.uri, () =>
      Promise.all(Array.from({ length: 10 }, () => organizations.map(read)).flat()),
    );
    const length = organizations[0]?.length;
    const expected = [
      ["thg_a", length],
      ["thg_b", 200_000],
      ["thg_c", length],
      ["thg_d", length],
    ];
    for (const [items, record, none] of result) {
      expect([items, none]).to.deep.equal([expected, []]);
      expect(organizations).to.include(record?.note);
    }
    expect(countQueries(commands)).to.be.within(1, 6); // of 60 reads
    expect(await list(organizations[0] ?? "", 2)).to.deep.equal(expected.slice(0, 2));
  });

  it("of several kinds and organizations in one query return what each of them requires", async () => {
    const [one, two] = [newOrganizationId(), newOrganizationId()];
    for (const organization of [one, two]) {
      const records = ["a", "b"].map((name) =>
        newTestRecord(organization, name, { note: organization, code: name, secret: `${organization} ${name}` }),
      );
      await insertAll(opened.store, organization, records);
      await opened.store.transaction((change) =>
        change.for(organization).memberships.add(`grp_${organization}`, ["usr_1"]),
      );
    }
    const lookUp = async (organization: string): Promise<unknown> => {
      const reader = testRecordReader(opened.store, organization);
      const code = { op: "eq", path: "code", value: "b" } as const;
      const ids = { op: "in", path: "id", values: ["thg_b", "thg_x", "thg_a"] } as const;
      const { memberships } = opened.store.for(organization);
      return Promise.all([
        reader.get("thg_a").then((record) => record?.note),
        reader.get("thg_x"),
        reader.list({ where: code, limit: 9, total: true }).then(({ items, total }) => [items[0]?.note, total]),
        reader.list({ where: ids, limit: 9 }).then(({ items }) => items.map(({ id, note }) => [id, note])),
        memberships.groupsByMember(["usr_1", "usr_2"]).then((groups) => [...groups]),
        opened.store.lookup(testRecords, "secret", ["unknown", `${organization} b`]).then((record) => record?.note),
      ]);
    };
    const { result, commands } = await countCommands(opened.uri, () => Promise.all([lookUp(one), lookUp(two)]));
    for (const [at, organization] of [one, two].entries()) {
      expect(result[at]).to.deep.equal([
        organization,
        undefined,
        [organization, 1],
        [
          ["thg_a", organization],
          ["thg_b", organization],
        ],
        [["usr_1", [`grp_${organization}`]]],
        organization,
      ]);
    }
    expect(countQueries(commands)).to.be.within(1, 6); // 12 lookups
  });
});
