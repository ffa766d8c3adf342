import { join } from "node:path";
import { expect } from "chai";
import { toFilterCondition } from "../../../src/scim/filter/condition.ts";
import { collections, users } from "../../../src/store/collections.ts";
import { indexKey } from "../../../src/store/errors.ts";
import { extensionKeysPath } from "../../../src/store/extension-fields.ts";
import type { PagePart } from "../../../src/store/paging/page-parts.ts";
import type { Condition, Query } from "../../../src/store/query.ts";
import { limitSql, SqliteConnection } from "../../../src/store/sqlite/driver.ts";
import { planCount, planPage, toPartSql } from "../../../src/store/sqlite/query/page.ts";
import { recordColumns } from "../../../src/store/sqlite/record.ts";
import { elementTable, indexColumn } from "../../../src/store/sqlite/schema/names.ts";
import { extendedUserSchema, extensionFilters, unindexedExtensionFilter } from "../extended-schema.fixture.ts";
import { openSqliteTestStore, type SqliteTestStore } from "./sqlite.fixture.ts";

/** Runs on an empty file: the planner statistics are fixed, so that plans do not depend on the data. */
describe("query plans on SQLite", () => {
  let opened: SqliteTestStore;
  let connection: SqliteConnection;
  before(async () => {
    opened = await openSqliteTestStore({ collections });
    connection = new SqliteConnection(join(opened.dataDir, "gatehouse.db"), { readOnly: true });
  });
  after(async () => {
    connection.close();
    await opened.dispose();
  });

  const planSteps = (sql: string, values: Parameters<SqliteConnection["all"]>[1]): string[] =>
    connection.all(`EXPLAIN QUERY PLAN ${sql}`, values).map(({ detail }) => String(detail));

  for (const definition of collections) {
    const table = definition.name;
    const explain = (query: Query, part: PagePart): string[] => {
      const { text, values } = toPartSql(planPage(query, definition, "org_1").request, part, "id");
      return planSteps(`${text} LIMIT ?`, [...values, 10]);
    };
    /** Asserts that every step is a seek: no full scan and no sort. */
    const isSeek = (steps: readonly string[], indexes: readonly string[]): void => {
      const plan = steps.join("\n");
      expect(plan).to.not.match(/TEMP B-TREE/);
      for (const step of steps.filter((each) => each.startsWith("SCAN"))) expect(step).to.match(/json_each|^SCAN \d/);
      for (const index of indexes) expect(plan).to.contain(`INDEX ${index} `);
    };

    describe(table, () => {
      it("lists by id from the start and from any position, in both directions", () => {
        for (const direction of ["ascending", "descending"] as const) {
          const sort = { path: "id", direction };
          isSeek(explain({ sort, limit: 10 }, "all"), [`sqlite_autoindex_${table}_1`]);
          isSeek(explain({ sort, after: { id: "x" }, limit: 10 }, "all"), [`sqlite_autoindex_${table}_1`]);
        }
      });

      for (const index of definition.indexes) {
        const { path, element } = index;
        const field = element ?? path;
        const about = (leaf: Condition): Condition =>
          element === undefined ? leaf : { op: "some", path, where: leaf };
        // The key of a WITHOUT ROWID table is its index, with the name of the table.
        const served = element === undefined ? [`${table}_${indexColumn(index)}`] : [];
        const onTable = element === undefined ? /./ : new RegExp(`SEARCH ${elementTable(definition, index)} `);

        const { onlyValue } = index;
        if (onlyValue !== undefined) {
          it(`serves ${path} eq ${onlyValue}, and no other value, from the index of that value`, () => {
            const eq = (value: boolean): Condition => ({ op: "eq", path, value });
            const about = { op: "and", all: [eq(onlyValue), { op: "contains", path: "title", value: "x" }] } as const;
            for (const where of [eq(onlyValue), about])
              for (const sort of [{}, { sort: { path: "normalized.userName", direction: "ascending" as const } }]) {
                const query = { where, limit: 10, ...sort };
                expect(planPage(query, definition, "org_1").mode).to.equal("indexed");
                const steps = explain(query, "sort" in sort ? "present" : "all");
                isSeek(
                  steps.filter((step) => !/TEMP B-TREE FOR ORDER BY/.test(step)),
                  served,
                );
              }
            const { request, mode } = planCount(eq(onlyValue), definition, "org_1");
            expect(mode).to.equal("indexed");
            const sql = `SELECT count(*) FROM ${request.table} WHERE organization_id = ? AND ${request.where.text}`;
            isSeek(planSteps(sql, [request.organizationId, ...request.where.values]), served);

            expect(planPage({ where: eq(!onlyValue), limit: 10 }, definition, "org_1").mode).to.equal("full-scan");
            const byPath = { sort: { path, direction: "ascending" }, limit: 10 } as const;
            expect(planPage(byPath, definition, "org_1").mode).to.equal("full-scan");
            const other: Condition = { op: "and", all: [eq(!onlyValue), { op: "eq", path: "externalId", value: "x" }] };
            isSeek(explain({ where: other, limit: 10 }, "all"), [`${table}_p_externalId`]);
            const both: Condition = { op: "and", all: [eq(onlyValue), { op: "eq", path: "externalId", value: "x" }] };
            expect(planPage({ where: both, limit: 10 }, definition, "org_1").mode).to.equal("inline");
            const range: Condition = { op: "startsWith", path: "normalized.userName", value: "x" };
            for (const all of [
              [eq(onlyValue), range],
              [range, eq(onlyValue)],
            ])
              expect(explain({ where: { op: "and", all }, limit: 10 }, "all").join())
                .to.include(`INDEX ${table}_p_normalized_userName `)
                .and.not.include(`INDEX ${table}_${indexColumn(index)} `);
          });
          continue;
        }

        // Globally unique keys are looked up before the organization is known.
        if (index.unique === "global") {
          const [at, column] =
            element === undefined ? [table, `"${indexColumn(index)}"`] : [elementTable(definition, index), "value"];
          it(`looks up ${indexKey(index)} in its own index`, () => {
            isSeek(planSteps(`SELECT id FROM ${at} WHERE ${column} = ?`, ["x"]), served);
          });
          continue;
        }

        for (const [name, leaf] of Object.entries({
          eq: { op: "eq", path: field, value: "x" },
          in: { op: "in", path: field, values: ["x", "y"] },
          startsWith: { op: "startsWith", path: field, value: "x" },
        } as const satisfies Record<string, Condition>)) {
          it(`serves ${name} of ${indexKey(index)} from its index`, () => {
            const sort =
              name === "startsWith" && element === undefined ? { sort: { path, direction: "ascending" as const } } : {};
            const steps = explain({ where: about(leaf), limit: 10, ...sort }, "sort" in sort ? "present" : "all");
            const seeks = steps.filter((step) => !/TEMP B-TREE FOR ORDER BY/.test(step));
            isSeek(seeks, served);
            expect(steps.join("\n")).to.match(onTable);
          });

          it(`counts ${name} of ${indexKey(index)} from its index`, () => {
            const { request } = planCount(about(leaf), definition, "org_1");
            const sql = `SELECT count(*) FROM ${request.table} WHERE organization_id = ? AND ${request.where.text}`;
            isSeek(planSteps(sql, [request.organizationId, ...request.where.values]), served);
          });
        }

        if (index.sparse) {
          it(`reads all records to sort by ${path}, because its index has only some`, () => {
            const sort = { path, direction: "ascending" } as const;
            expect(planPage({ sort, limit: 10 }, definition, "org_1").mode).to.equal("full-scan");
          });
        }
        if (element !== undefined || index.sparse) continue;
        it(`sorts by ${path} along its index, from the start and from any position, in both directions`, () => {
          for (const direction of ["ascending", "descending"] as const) {
            const sort = { path, direction };
            isSeek(explain({ sort, limit: 10 }, "present"), served);
            isSeek(explain({ sort, after: { value: "x", id: "y" }, limit: 10 }, "present"), served);
            if (index.unique || path === "updatedAt") continue; // every record has a value
            isSeek(explain({ sort, limit: 10 }, "missing"), served);
            isSeek(explain({ sort, after: { value: null, id: "y" }, limit: 10 }, "missing"), served);
          }
        });
      }
    });
  }

  it("plans a full scan for a condition that no index narrows", () => {
    const where = { op: "contains", path: "normalized.displayName", value: "x" } as const;
    expect(planPage({ where, limit: 10 }, users, "org_1").mode).to.equal("full-scan");
  });

  it("looks up few keys inline and many keys in a reader thread", () => {
    const many = (count: number): Condition => ({
      op: "in",
      path: "id",
      values: Array.from({ length: count }, (_, at) => `usr_${at}`),
    });
    const eq: Condition = { op: "eq", path: "externalId", value: "x" };
    const co: Condition = { op: "contains", path: "title", value: "x" };
    const wayOf = (where: Condition) => planPage({ where, limit: 10, total: true }, users, "org_1").mode;
    expect(wayOf(many(250))).to.equal("inline");
    expect(wayOf(many(251))).to.equal("indexed");
    expect(planCount(many(5000), users, "org_1").mode).to.equal("indexed");
    expect(wayOf({ op: "and", all: [co, many(5000)] })).to.equal("indexed");
    expect(wayOf({ op: "and", all: [many(5000), eq] })).to.equal("indexed");
    expect(wayOf({ op: "and", all: [many(100), eq] })).to.equal("inline");
    const listed: Condition = {
      op: "some",
      path: "normalized.emails",
      where: { op: "startsWith", path: "value", value: "x" },
    };
    expect(wayOf({ op: "and", all: [eq, listed] })).to.equal("indexed");
    expect(wayOf({ op: "and", all: [many(5000), { op: "eq", path: "id", value: "usr_1" }] })).to.equal("indexed");
    expect(wayOf({ op: "and", all: [many(1000), { op: "eq", path: "id", value: "usr_1" }] })).to.equal("inline");
    expect(wayOf({ op: "or", all: [many(5000), eq] })).to.equal("indexed");
    expect(wayOf({ op: "or", all: [many(10), eq] })).to.equal("inline");
    expect(wayOf({ op: "not", condition: many(10) })).to.equal("full-scan");
  });

  it("serves eq, sw and pr of an extension attribute that is indexed from the index of their keys", () => {
    for (const filter of extensionFilters) {
      const where = toFilterCondition(filter, extendedUserSchema);
      const { text, values } = toPartSql(planPage({ where, limit: 10 }, users, "org_1").request, "all", "id");
      const plan = planSteps(`${text} LIMIT ?`, [...values, 10]).join("\n");
      expect(plan, filter).to.match(/SEARCH users__normalized_extensionKeys_key USING PRIMARY KEY/);
      expect(plan, filter).to.not.match(/SCAN users/);
    }
    const where = toFilterCondition(unindexedExtensionFilter, extendedUserSchema);
    expect(planPage({ where, limit: 10 }, users, "org_1").mode).to.equal("full-scan");
  });

  it("reads the entries of a side table one by one, without a list of all of them before the first record", () => {
    const where: Condition = { op: "some", path: extensionKeysPath, where: { op: "eq", path: "key", value: "ext_1" } };
    for (const direction of ["ascending", "descending"] as const)
      for (const after of [undefined, { id: "usr_1" }]) {
        const query: Query = { where, limit: 10, sort: { path: "id", direction }, ...(after && { after }) };
        const { text, values } = toPartSql(planPage(query, users, "org_1").request, "all", recordColumns);
        expect(planSteps(`${text} ${limitSql}`, [...values, 10])).to.deep.equal([
          `SEARCH users__normalized_extensionKeys_key USING PRIMARY KEY (organization_id=? AND value=?${after ? (direction === "ascending" ? " AND id>?" : " AND id<?") : ""})`,
          "SEARCH users USING INDEX sqlite_autoindex_users_1 (organization_id=? AND id=?)",
        ]);
      }
  });

  it("continues a range at the position of the previous page, whatever the bounds of the range are", () => {
    const path = "normalized.displayName";
    for (const [op, direction, comparator] of [
      ["ge", "ascending", ">"],
      ["le", "descending", "<"],
    ] as const) {
      const query: Query = { where: { op, path, value: "m" }, sort: { path, direction }, limit: 10 };
      const plan = planPage({ ...query, after: { value: "n", id: "usr_1" } }, users, "org_1");
      const { text, values } = toPartSql(plan.request, "present", "id");
      expect(planSteps(text, values).join("\n")).to.contain(`(p_normalized_displayName,id)${comparator}(?,?)`);
      expect(plan.mode).to.equal("inline");
    }
  });

  it("reads a range in a reader thread if two bounds have the same direction", () => {
    const path = "normalized.userName";
    const bound = (op: "gt" | "le" | "lt" | "startsWith"): Condition => ({ op, path, value: "m" });
    const modeOf = (...all: Condition[]) =>
      planPage({ where: { op: "and", all }, sort: { path, direction: "ascending" }, limit: 10 }, users, "org_1").mode;
    expect(modeOf(bound("gt"), bound("lt"))).to.equal("inline");
    expect(modeOf(bound("lt"), bound("le"))).to.equal("full-scan");
    expect(modeOf(bound("startsWith"), bound("gt"))).to.equal("full-scan");
    expect(modeOf(bound("startsWith"), bound("lt"))).to.equal("full-scan");
  });

  it("looks up a unique key before any other", () => {
    const keys: readonly Condition[] = [
      { op: "eq", path: "normalized.userName", value: "x" },
      { op: "eq", path: "id", value: "usr_1" },
    ];
    const others: readonly Condition[] = [
      { op: "eq", path: "normalized.displayName", value: "x" },
      { op: "in", path: "id", values: ["usr_1", "usr_2"] },
      { op: "some", path: "normalized.emails", where: { op: "eq", path: "value", value: "x" } },
    ];
    for (const key of keys)
      for (const all of others.flatMap((other) => [
        [other, key],
        [key, other],
      ])) {
        const query: Query = { where: { op: "and", all }, limit: 10 };
        const { request, mode, probe } = planPage(query, users, "org_1");
        expect({ mode, probe }).to.deep.equal({ mode: "inline", probe: undefined });
        const { text, values } = toPartSql(request, "all", "id");
        const [first] = planSteps(text, values).filter((step) => / users /.test(step));
        const served =
          key.op === "eq" && key.path === "id" ? "sqlite_autoindex_users_1" : "users_p_normalized_userName";
        expect(first).to.match(new RegExp(`INDEX ${served} \\(organization_id=\\? AND \\w+=\\?\\)`));
      }
  });

  it("finds memberships by group and by member", () => {
    for (const [column, index] of [
      ["group_id", "PRIMARY KEY"],
      ["member_id", "COVERING INDEX memberships_by_member"],
    ]) {
      const sql = `SELECT * FROM memberships WHERE organization_id = ? AND ${column} = ?`;
      expect(planSteps(sql, ["o", "x"]).join("\n")).to.contain(`USING ${index}`);
    }
  });
});
