import { expect } from "chai";
import { fromNearerEnd } from "../../../src/store/paging/nearer-end.ts";
import type { Query } from "../../../src/store/query.ts";

describe("fromNearerEnd", () => {
  const letters = Array.from("abcdefghij");

  it("reads the same page for every offset and limit", () => {
    for (let offset = 0; offset <= letters.length + 2; offset++) {
      for (let limit = 0; limit <= letters.length + 2; limit++) {
        for (const direction of ["ascending", "descending"] as const) {
          const expected = direction === "ascending" ? letters : letters.toReversed();
          const { query, isReversed } = fromNearerEnd(
            { sort: { path: "id", direction }, offset, limit },
            letters.length,
          );
          const ordered = query.sort?.direction === "ascending" ? letters : letters.toReversed();
          const from = query.offset ?? 0;
          const read = ordered.slice(from, from + query.limit);
          expect(isReversed ? read.toReversed() : read).to.deep.equal(expected.slice(offset, offset + limit));
          expect(from).to.be.at.most(Math.max(letters.length / 2, 0));
        }
      }
    }
  });

  it("returns the query unchanged if the page begins after a position", () => {
    const query: Query = { limit: 2, offset: 9, after: { id: "a" } };
    expect(fromNearerEnd(query, 10)).to.deep.equal({ query, isReversed: false });
  });
});
