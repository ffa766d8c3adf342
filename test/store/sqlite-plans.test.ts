import { join } from "node:path";
import { expect } from "chai";
import type { Condition, Query } from "../../src/store/collection.ts";
import { collections } from "../../src/store/collections.ts";
import type { PagePart } from "../../src/store/page-parts.ts";
import { keyOf } from "../../src/store/refusals.ts";
import { Connection } from "../../src/store/sqlite-driver.ts";
import { partSql, planCount, planPage } from "../../src/store/sqlite-page.ts";
import { elementTable, indexColumn } from "../../src/store/where-sql.ts";
import { openSqlite, type SqliteOpened } from "./sqlite-opened.ts";

/** On an empty file: the planner is told how selective each index is, so its plans do not depend on what is there. */
describe("Query plans on SQLite", () => {
  let opened: SqliteOpened;
  let connection: Connection;
  before(async () => {
    opened = await openSqlite({ collections });
    connection = new Connection(join(opened.dataDir, "gatehouse.db"), { readOnly: true });
  });
  after(async () => {
    connection.close();
    await opened.dispose();
  });

  const stepsOf = (sql: string, values: Parameters<Connection["all"]>[1]): string[] =>
    connection.all(`EXPLAIN QUERY PLAN ${sql}`, values).map(({ detail }) => String(detail));

  for (const definition of collections) {
    const own = definition.name;
    const explain = (query: Query, part: PagePart): string[] => {
      const { text, values } = partSql(planPage(query, definition, "org_1").request, part, "id");
      return stepsOf(`${text} LIMIT ?`, [...values, 10]);
    };
    /** Every step is a seek; nothing is read whole and nothing is sorted. */
    const isSeek = (steps: readonly string[], indexes: readonly string[]): void => {
      const said = steps.join("\n");
      expect(said).to.not.match(/TEMP B-TREE/);
      for (const step of steps.filter((each) => each.startsWith("SCAN"))) expect(step).to.match(/json_each|^SCAN \d/);
      for (const index of indexes) expect(said).to.contain(`INDEX ${index} `);
    };

    describe(own, () => {
      it("lists by id, from the beginning and from any place, in both directions", () => {
        for (const direction of ["ascending", "descending"] as const) {
          const sort = { path: "id", direction };
          isSeek(explain({ sort, limit: 10 }, "all"), [`sqlite_autoindex_${own}_1`]);
          isSeek(explain({ sort, after: { id: "x" }, limit: 10 }, "all"), [`sqlite_autoindex_${own}_1`]);
        }
      });

      for (const index of definition.indexes) {
        const { path, element } = index;
        const field = element ?? path;
        const about = (leaf: Condition): Condition =>
          element === undefined ? leaf : { op: "some", path, where: leaf };
        // A WITHOUT ROWID table's own key serves as its index, under the table's name.
        const served = element === undefined ? [`${own}_${indexColumn(index)}`] : [];
        const onTable = element === undefined ? /./ : new RegExp(`SEARCH ${elementTable(definition, index)} `);

        // Keys that are unique everywhere are looked up, whole, before the organisation is known.
        if (index.unique === "everywhere") {
          const [at, column] =
            element === undefined ? [own, `"${indexColumn(index)}"`] : [elementTable(definition, index), "value"];
          it(`looks ${keyOf(index)} up from an index of its own`, () => {
            isSeek(stepsOf(`SELECT id FROM ${at} WHERE ${column} = ?`, ["x"]), served);
          });
          continue;
        }

        for (const [name, leaf] of Object.entries({
          eq: { op: "eq", path: field, value: "x" },
          in: { op: "in", path: field, values: ["x", "y"] },
          startsWith: { op: "startsWith", path: field, value: "x" },
        } as const satisfies Record<string, Condition>)) {
          it(`answers ${name} of ${keyOf(index)} from its index`, () => {
            const sort =
              name === "startsWith" && element === undefined ? { sort: { path, direction: "ascending" as const } } : {};
            const steps = explain({ where: about(leaf), limit: 10, ...sort }, "sort" in sort ? "present" : "all");
            const seeks = steps.filter((step) => !/TEMP B-TREE FOR ORDER BY/.test(step));
            isSeek(seeks, served);
            expect(steps.join("\n")).to.match(onTable);
          });

          it(`counts ${name} of ${keyOf(index)} from its index`, () => {
            const { request } = planCount(about(leaf), definition, "org_1");
            const sql = `SELECT count(*) FROM ${request.table} WHERE organization_id = ? AND ${request.where.text}`;
            isSeek(stepsOf(sql, [request.organizationId, ...request.where.values]), served);
          });
        }

        if (element !== undefined) continue;
        it(`sorts by ${path} along its index, from the beginning and from any place, in both directions`, () => {
          for (const direction of ["ascending", "descending"] as const) {
            const sort = { path, direction };
            isSeek(explain({ sort, limit: 10 }, "present"), served);
            isSeek(explain({ sort, after: { value: "x", id: "y" }, limit: 10 }, "present"), served);
            if (index.unique || path === "updatedAt") continue; // no record is without it
            isSeek(explain({ sort, limit: 10 }, "missing"), served);
            isSeek(explain({ sort, after: { value: null, id: "y" }, limit: 10 }, "missing"), served);
          }
        });
      }
    });
  }

  it("what no index narrows is known to be a scan", () => {
    const users = collections.find(({ name }) => name === "users");
    const where = { op: "contains", path: "folded.displayName", value: "x" } as const;
    expect(users && planPage({ where, limit: 10 }, users, "org_1").way).to.equal("scan");
  });

  it("few keys are looked up at once, many in the scan thread", () => {
    const users = collections.find(({ name }) => name === "users");
    if (!users) throw new Error("there are no users");
    const many = (count: number): Condition => ({
      op: "in",
      path: "id",
      values: Array.from({ length: count }, (_, at) => `usr_${at}`),
    });
    const eq: Condition = { op: "eq", path: "externalId", value: "x" };
    const co: Condition = { op: "contains", path: "title", value: "x" };
    const wayOf = (where: Condition) => planPage({ where, limit: 10, total: true }, users, "org_1").way;
    expect(wayOf(many(250))).to.equal("at-once");
    expect(wayOf(many(251))).to.equal("by-index");
    expect(planCount(many(5000), users, "org_1").way).to.equal("by-index");
    expect(wayOf({ op: "and", all: [co, many(5000)] })).to.equal("by-index");
    expect(wayOf({ op: "and", all: [many(5000), eq] })).to.equal("at-once");
    expect(wayOf({ op: "or", all: [many(5000), eq] })).to.equal("by-index");
    expect(wayOf({ op: "or", all: [many(10), eq] })).to.equal("at-once");
    expect(wayOf({ op: "not", condition: many(10) })).to.equal("scan");
  });

  it("memberships are found from both ends", () => {
    for (const [column, index] of [
      ["group_id", "PRIMARY KEY"],
      ["member_id", "COVERING INDEX memberships_by_member"],
    ]) {
      const sql = `SELECT * FROM memberships WHERE organization_id = ? AND ${column} = ?`;
      expect(stepsOf(sql, ["o", "x"]).join("\n")).to.contain(`USING ${index}`);
    }
  });
});
