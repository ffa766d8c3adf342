import { expect } from "chai";
import type { Query } from "../../../src/store/query.ts";
import { type Entity, type RawRecord, toRawRecord } from "../../../src/store/record.ts";
import type { Reader, Store } from "../../../src/store/store.ts";
import { newOrganizationId, newTestRecord, searchableRecords, type TestRecord } from "./records.fixture.ts";
import { eq } from "./selects.fixture.ts";

/** Tests reading records as raw JSON. */
export function rawRecordContract(store: () => Store): void {
  describe("openRaw", () => {
    let organization: string;
    beforeEach(() => {
      organization = newOrganizationId();
    });
    const rawReader = (): Reader<RawRecord> => store().for(organization).openRaw(searchableRecords);
    const records = (): Reader<TestRecord> => store().for(organization).open(searchableRecords);
    const insert = (name: string, fields: Partial<TestRecord> = {}): Promise<void> =>
      store().transaction((change) =>
        change
          .for(organization)
          .open(searchableRecords)
          .insert({ ...newTestRecord(organization, name, fields), normalized: { title: name } }),
      );
    /** Parses a raw record. */
    const parseRecord = ({ json, ...envelope }: RawRecord): Entity => ({
      ...(JSON.parse(json) as object),
      ...envelope,
    });

    it("returns records without their search fields", async () => {
      const extra = { 'a "quoted" key.$': [null, true, 0.5, { deep: "\u2028 ü 𝒳 \\ /" }], empty: {} };
      await insert("a", { name: "x", extra, tags: [] });
      const record = await records().get("thg_a");
      const rawRecord = await rawReader().get("thg_a");
      expect(record).to.deep.equal(newTestRecord(organization, "a", { name: "x", extra, tags: [] }));
      expect(rawRecord && parseRecord(rawRecord)).to.deep.equal(record);
      expect(rawRecord && Object.keys(rawRecord)).to.have.members(
        Object.keys(toRawRecord(newTestRecord(organization, "a"))),
      );
      expect(rawRecord?.json).to.equal(JSON.stringify(JSON.parse(rawRecord?.json ?? "")));
    });

    it("filters, sorts, pages and counts like open", async () => {
      const extra = { separators: "\u001e\u001f\n ü 𝒳" };
      for (const name of "bdac") await insert(name, { name: name === "d" ? "x" : "y", note: `${name}${name}`, extra });
      const queries: readonly Query[] = [
        { limit: 9, total: true },
        { limit: 1, offset: 3, total: true },
        { limit: 2, after: { id: "thg_a" } },
        { limit: 9, where: eq("normalized.title", "c"), total: true },
        { limit: 9, where: eq("note", "bb"), total: true },
        { limit: 2, sort: { path: "normalized.title", direction: "descending" } },
        { limit: 9, where: { op: "in", path: "id", values: ["thg_b", "thg_x"] } },
      ];
      for (const query of queries) {
        const { items, total } = await rawReader().list(query);
        expect(
          { items: items.map(parseRecord), ...(total !== undefined && { total }) },
          JSON.stringify(query),
        ).to.deep.equal(await records().list(query));
      }
      expect(await rawReader().count(eq("name", "y"))).to.equal(3);
    });

    it("reads one organization only", async () => {
      await insert("a");
      const other = store().for(newOrganizationId()).openRaw(searchableRecords);
      expect(await other.get("thg_a")).to.equal(undefined);
      expect(await other.list({ limit: 9, total: true })).to.deep.equal({ items: [], total: 0 });
      expect(await rawReader().get("thg_a\0")).to.equal(undefined);
    });
  });
}
