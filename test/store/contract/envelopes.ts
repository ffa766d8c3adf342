import { expect } from "chai";
import type { Query } from "../../../src/store/query.ts";
import { type Entity, toEnvelope } from "../../../src/store/record.ts";
import type { Reader, Store } from "../../../src/store/store.ts";
import { newOrganizationId, newTestRecord, searchableRecords, type TestRecord } from "./records.fixture.ts";
import { eq } from "./selects.fixture.ts";

/** Tests reading records without their content. */
export function envelopeContract(store: () => Store): void {
  describe("openEnvelopes", () => {
    it("lists the envelopes of the records that open lists, also after a change", async () => {
      const organization = newOrganizationId();
      const envelopes = (): Reader<Entity> => store().for(organization).openEnvelopes(searchableRecords);
      const records = (): Reader<TestRecord> => store().for(organization).open(searchableRecords);
      const queries: readonly Query[] = [
        { limit: 9, total: true },
        { limit: 1, offset: 2, total: true },
        { limit: 2, after: { id: "thg_a" }, end: true },
        { limit: 9, sizeLimit: { lengthMax: 1_000_000, firstBatch: 1 } },
        { limit: 9, where: eq("normalized.title", "c"), total: true },
        { limit: 9, where: eq("note", "bb"), total: true },
        { limit: 2, sort: { path: "normalized.title", direction: "descending" }, end: true },
        { limit: 9, where: { op: "in", path: "id", values: ["thg_b", "thg_x"] } },
      ];
      const assertSameLists = async (): Promise<void> => {
        for (const query of queries) {
          const { items, ...page } = await records().list(query);
          const expected = { items: items.map(toEnvelope), ...page };
          expect(await envelopes().list(query), JSON.stringify(query)).to.deep.equal(expected);
        }
        expect(await envelopes().get("thg_b")).to.deep.equal(toEnvelope((await records().get("thg_b")) as TestRecord));
        expect(await envelopes().count(eq("name", "y"))).to.equal(3);
      };
      const toWritten = (name: string, version: number) => ({
        ...newTestRecord(organization, name, { name: name === "d" ? "x" : "y", note: `${name}${name}` }),
        ...{ version, normalized: { title: name } },
      });
      await store().transaction(async (change) => {
        for (const name of "bdac") await change.for(organization).open(searchableRecords).insert(toWritten(name, 1));
      });
      await assertSameLists();
      await store().transaction((change) =>
        change.for(organization).open(searchableRecords).replace(toWritten("b", 2), "any"),
      );
      await assertSameLists();
      expect((await envelopes().list({ limit: 9 })).items.map(({ version }) => version)).to.deep.equal([1, 2, 1, 1]);
    });

    it("reads one organization only", async () => {
      const organization = newOrganizationId();
      const written = { ...newTestRecord(organization, "a"), normalized: { title: "a" } };
      await store().transaction((change) => change.for(organization).open(searchableRecords).insert(written));
      const other = store().for(newOrganizationId()).openEnvelopes(searchableRecords);
      expect(await other.get(written.id)).to.equal(undefined);
      expect(await other.list({ limit: 9, total: true })).to.deep.equal({ items: [], total: 0 });
    });
  });
}
