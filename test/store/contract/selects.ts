import { expect } from "chai";
import type { Condition, Scalar, Store } from "../../../src/store/collection.ts";
import { insertAll, newOrganization, reading, select, type Thing, thing } from "./things.ts";

/** Each row: a condition, and the names of the records that it selects, in a row. */
type Rows = readonly (readonly [Condition, string])[];

/** The body of a test: stores the named records, asks each condition as a list, as a count and negated. */
export const selecting =
  (store: () => Store) =>
  (records: Readonly<Record<string, Partial<Thing>>>, rows: Rows) =>
  async (): Promise<void> => {
    const organization = newOrganization();
    await insertAll(
      store(),
      organization,
      Object.entries(records).map(([name, fields]) => thing(organization, name, fields)),
    );
    for (const [where, names] of rows) {
      const message = JSON.stringify(where);
      expect((await select(store(), organization, where)).join(""), message).to.equal(names);
      expect(await reading(store(), organization).count(where), message).to.equal(names.length);
      const not = Object.keys(records).filter((name) => !names.includes(name));
      expect(
        (await select(store(), organization, { op: "not", condition: where })).join(""),
        `not ${message}`,
      ).to.equal(not.join(""));
      const counted = await reading(store(), organization).list({
        where: { op: "not", condition: where },
        limit: 1,
        total: true,
      });
      expect(counted.total, `number of not ${message}`).to.equal(not.length);
    }
  };

export const eq = (path: string, value: Scalar): Condition => ({ op: "eq", path, value });
export const some = (path: string, where: Condition): Condition => ({ op: "some", path, where });
