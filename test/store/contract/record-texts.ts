import { expect } from "chai";
import {
  type Entity,
  type Query,
  type Reader,
  type RecordText,
  recordText,
  type Store,
} from "../../../src/store/collection.ts";
import { eq } from "./selects.ts";
import { newOrganization, type Thing, thing, twinned } from "./things.ts";

/** Records that are passed on as texts. */
export function recordTextContract(store: () => Store): void {
  describe("Records as texts", () => {
    let organization: string;
    beforeEach(() => {
      organization = newOrganization();
    });
    const texts = (): Reader<RecordText> => store().for(organization).texts(twinned);
    const records = (): Reader<Thing> => store().for(organization).open(twinned);
    const insert = (name: string, fields: Partial<Thing> = {}): Promise<void> =>
      store().transaction((change) =>
        change
          .for(organization)
          .open(twinned)
          .insert({ ...thing(organization, name, fields), folded: { title: name } }),
      );
    /** The record that a text says. */
    const said = ({ json, ...envelope }: RecordText): Entity => ({ ...(JSON.parse(json) as object), ...envelope });

    it("say what the records are, without the twin", async () => {
      const extra = { 'a "quoted" key.$': [null, true, 0.5, { deep: "\u2028 ü 𝒳 \\ /" }], empty: {} };
      await insert("a", { name: "x", extra, tags: [] });
      const record = await records().get("thg_a");
      const text = await texts().get("thg_a");
      expect(record).to.deep.equal(thing(organization, "a", { name: "x", extra, tags: [] }));
      expect(text && said(text)).to.deep.equal(record);
      expect(text && Object.keys(text)).to.have.members(Object.keys(recordText(thing(organization, "a"))));
      expect(text?.json).to.equal(JSON.stringify(JSON.parse(text?.json ?? "")));
    });

    it("are found, sorted, paged and counted as the records are", async () => {
      const extra = { separators: "\u001e\u001f\n ü 𝒳" };
      for (const name of "bdac") await insert(name, { name: name === "d" ? "x" : "y", note: `${name}${name}`, extra });
      const queries: readonly Query[] = [
        { limit: 9, total: true },
        { limit: 1, offset: 3, total: true },
        { limit: 2, after: { id: "thg_a" } },
        { limit: 9, where: eq("folded.title", "c"), total: true },
        { limit: 9, where: eq("note", "bb"), total: true },
        { limit: 2, sort: { path: "folded.title", direction: "descending" } },
        { limit: 9, where: { op: "in", path: "id", values: ["thg_b", "thg_x"] } },
      ];
      for (const query of queries) {
        const { items, total } = await texts().list(query);
        expect({ items: items.map(said), ...(total !== undefined && { total }) }, JSON.stringify(query)).to.deep.equal(
          await records().list(query),
        );
      }
      expect(await texts().count(eq("name", "y"))).to.equal(3);
    });

    it("are of one organisation", async () => {
      await insert("a");
      const other = store().for(newOrganization()).texts(twinned);
      expect(await other.get("thg_a")).to.equal(undefined);
      expect(await other.list({ limit: 9, total: true })).to.deep.equal({ items: [], total: 0 });
      expect(await texts().get("thg_a\0")).to.equal(undefined);
    });
  });
}
