import { expect } from "chai";
import type { Query } from "../../src/store/collection.ts";
import { fromNearerEnd } from "../../src/store/page-ends.ts";
import { PageMarks, RecordChanges } from "../../src/store/page-marks.ts";

const byId = { limit: 10 };
const byName: Query = { limit: 10, sort: { path: "name", direction: "ascending" } };

const changed = (id: string, how: "place" | "content"): RecordChanges => {
  const changes = new RecordChanges();
  changes.note("users", "org_1", id, how);
  return changes;
};

describe("PageMarks", () => {
  it("know where the page before ended, for the same question and offset of the same collection only", () => {
    const marks = new PageMarks();
    marks.book("users", "org_1").keep({ ...byName, offset: 20 }, { id: "m", value: "x" });
    const find = (query: Query, of = marks.book("users", "org_1")) => of.find(query)?.position;
    expect(find({ ...byName, offset: 30 })).to.deep.equal({ id: "m", value: "x" });
    expect(find({ ...byName, offset: 30, limit: 3, total: true })).to.deep.equal({ id: "m", value: "x" });
    for (const other of [
      { ...byName, offset: 31 },
      { ...byId, offset: 30 },
      { ...byName, offset: 30, where: { op: "present", path: "a" } },
      { ...byName, offset: 30, sort: { path: "name", direction: "descending" } },
    ] as const) {
      expect(find(other), JSON.stringify(other)).to.equal(undefined);
    }
    expect(find({ ...byName, offset: 30 }, marks.book("users", "org_2"))).to.equal(undefined);
    expect(find({ ...byName, offset: 30 }, marks.book("groups", "org_1"))).to.equal(undefined);
  });

  it("of a list of all by id survive what comes and goes behind them, and changes that move nothing", () => {
    const marks = new PageMarks();
    marks.book("users", "org_1").keep(byId, { id: "m" });
    marks.wrote(changed("a", "content"));
    marks.wrote(changed("n", "place"));
    expect(marks.book("users", "org_1").find({ ...byId, offset: 10 })?.position).to.deep.equal({ id: "m" });
    marks.wrote(changed("m", "place"));
    expect(marks.book("users", "org_1").find({ ...byId, offset: 10 })).to.equal(undefined);
  });

  it("of any other list end with any write to its collection", () => {
    for (const how of ["place", "content"] as const) {
      const marks = new PageMarks();
      marks.book("users", "org_1").keep(byName, { id: "m", value: "x" });
      marks.wrote(changed("z", how));
      expect(marks.book("users", "org_1").find({ ...byName, offset: 10 })).to.equal(undefined);
    }
  });

  it("are not made of a page that was read before a write and arrives after it", () => {
    const marks = new PageMarks();
    const before = marks.book("users", "org_1");
    marks.wrote(changed("a", "place"));
    before.keep(byId, { id: "m" });
    expect(marks.book("users", "org_1").find({ ...byId, offset: 10 })).to.equal(undefined);
  });

  it("are used for their life only", async () => {
    const marks = new PageMarks(1);
    marks.book("users", "org_1").keep(byId, { id: "m" });
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(marks.book("users", "org_1").find({ ...byId, offset: 10 })).to.equal(undefined);
  });

  it("are bounded: the oldest go first, and long questions are not remembered", () => {
    const marks = new PageMarks();
    const book = marks.book("users", "org_1");
    const values = Array.from({ length: 1000 }, (_, at) => `usr_${at}`);
    book.keep({ ...byId, where: { op: "in", path: "id", values } }, { id: "m" });
    expect(book.find({ limit: 1, offset: 10, where: { op: "in", path: "id", values } })).to.equal(undefined);
    for (let offset = 0; offset < 1000; offset += 10) book.keep({ ...byId, offset }, { id: String(offset) });
    expect(book.find({ ...byId, offset: 10 })).to.equal(undefined);
    expect(book.find({ ...byId, offset: 1000 })?.position).to.deep.equal({ id: "990" });
    for (let at = 0; at < 1000; at++) marks.book("users", `org_x${at}`);
    expect(marks.book("users", "org_1").find({ ...byId, offset: 1000 })).to.equal(undefined);
  });
});

describe("A page from the nearer end", () => {
  const letters = Array.from("abcdefghij");

  it("is the same page, for every offset and limit", () => {
    for (let offset = 0; offset <= letters.length + 2; offset++) {
      for (let limit = 0; limit <= letters.length + 2; limit++) {
        for (const direction of ["ascending", "descending"] as const) {
          const whole = direction === "ascending" ? letters : letters.toReversed();
          const { query, isReversed } = fromNearerEnd(
            { sort: { path: "id", direction }, offset, limit },
            letters.length,
          );
          const walked = query.sort?.direction === "ascending" ? letters : letters.toReversed();
          const from = query.offset ?? 0;
          const read = walked.slice(from, from + query.limit);
          expect(isReversed ? read.toReversed() : read).to.deep.equal(whole.slice(offset, offset + limit));
          expect(from).to.be.at.most(Math.max(letters.length / 2, 0));
        }
      }
    }
  });

  it("is the page as it was asked for where it begins after a record", () => {
    const query: Query = { limit: 2, offset: 9, after: { id: "a" } };
    expect(fromNearerEnd(query, 10)).to.deep.equal({ query, isReversed: false });
  });
});
