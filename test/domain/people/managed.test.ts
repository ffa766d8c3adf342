import { expect } from "chai";
import { assertMayEdit, type Editor, editTold, type Managed, ownership } from "../../../src/domain/people/managed.ts";
import { isFault } from "../../../src/errors.ts";

const ours: Managed = {};
const theirs: Managed = { managedBy: "scim" };

describe("Who may change whom, and whose they are then", () => {
  const rows: readonly [stored: Managed, editor: Editor, may: boolean, after: Managed, told: object | undefined][] = [
    [ours, "admin", true, ours, undefined],
    [ours, "override", true, ours, undefined],
    [ours, "scim", true, theirs, { managedBy: "scim" }],
    [theirs, "admin", false, theirs, undefined],
    [theirs, "override", true, theirs, { override: true }],
    [theirs, "scim", true, theirs, undefined],
  ];
  for (const [stored, editor, may, after, told] of rows) {
    const whose = stored.managedBy === undefined ? "the admins'" : "the provider's";
    it(`${editor} ${may ? "may" : "may not"} change what is ${whose}`, () => {
      let refused: unknown;
      try {
        assertMayEdit(stored, editor, "user");
      } catch (error) {
        refused = error;
      }
      expect(isFault(refused, "managed")).to.equal(!may);
      expect(ownership(stored, editor)).to.deep.equal(after);
      expect(editTold(stored, editor).details).to.deep.equal(told);
      expect(editTold(stored, editor, { added: 1 }).details).to.deep.equal({ added: 1, ...told });
    });
  }
});
