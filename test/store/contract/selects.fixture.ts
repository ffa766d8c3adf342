import { expect } from "chai";
import type { Condition, Scalar } from "../../../src/store/query.ts";
import type { Store } from "../../../src/store/store.ts";
import {
  insertAll,
  newOrganizationId,
  newTestRecord,
  selectNames,
  type TestRecord,
  testRecordReader,
} from "./records.fixture.ts";

/** Each row: a condition, and the concatenated names of its matches. */
type Rows = readonly (readonly [Condition, string])[];

/** Returns the body of a test: stores the records, then lists, counts and negates each condition. */
export const createSelectAssertion =
  (store: () => Store) =>
  (records: Readonly<Record<string, Partial<TestRecord>>>, rows: Rows) =>
  async (): Promise<void> => {
    const organization = newOrganizationId();
    await insertAll(
      store(),
      organization,
      Object.entries(records).map(([name, fields]) => newTestRecord(organization, name, fields)),
    );
    for (const [where, names] of rows) {
      const message = JSON.stringify(where);
      expect((await selectNames(store(), organization, where)).join(""), message).to.equal(names);
      expect(await testRecordReader(store(), organization).count(where), message).to.equal(names.length);
      const not = Object.keys(records).filter((name) => !names.includes(name));
      expect(
        (await selectNames(store(), organization, { op: "not", condition: where })).join(""),
        `not ${message}`,
      ).to.equal(not.join(""));
      const counted = await testRecordReader(store(), organization).list({
        where: { op: "not", condition: where },
        limit: 1,
        total: true,
      });
      expect(counted.total, `number of not ${message}`).to.equal(not.length);
    }
  };

export const eq = (path: string, value: Scalar): Condition => ({ op: "eq", path, value });
export const some = (path: string, where: Condition): Condition => ({ op: "some", path, where });
