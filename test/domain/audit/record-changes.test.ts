import { expect } from "chai";
import { findChanges } from "../../../src/domain/audit/record-changes.ts";

describe("The changes between two records", () => {
  it("are none for equal records, whatever the order of their names", () => {
    const before = { name: { givenName: "Ada", familyName: "L" }, active: true, emails: [{ value: "a", type: "x" }] };
    const after = { active: true, emails: [{ type: "x", value: "a" }], name: { familyName: "L", givenName: "Ada" } };
    expect(findChanges(before, after)).to.deep.equal([]);
    expect(findChanges(undefined, undefined)).to.deep.equal([]);
  });

  it("are fields that were added, removed and changed, also in nested objects", () => {
    const before = { title: "Dr", active: true, name: { givenName: "Ada", middleName: "B" } };
    const after = { active: false, name: { givenName: "Ada", familyName: "L" }, count: null };
    expect(findChanges(before, after)).to.have.deep.members([
      { path: "title", kind: "removed", before: "Dr" },
      { path: "active", kind: "changed", before: true, after: false },
      { path: "name.middleName", kind: "removed", before: "B" },
      { path: "name.familyName", kind: "added", after: "L" },
      { path: "count", kind: "added", after: null },
    ]);
  });

  it("are all fields of a created and of a removed record", () => {
    expect(findChanges(undefined, { a: 1, b: [] })).to.deep.equal([
      { path: "a", kind: "added", after: 1 },
      { path: "b", kind: "added", after: [] },
    ]);
    expect(findChanges({ a: { b: 1 } })).to.deep.equal([{ path: "a", kind: "removed", before: { b: 1 } }]);
  });

  it("are elements of lists without their positions, each as often as it occurs", () => {
    const before = { scopes: ["a", "b", "b"], tools: [{ name: "x" }], order: [1, 2] };
    const after = { scopes: ["c", "a", "b"], tools: [{ name: "y" }, { name: "x" }], order: [2, 1] };
    expect(findChanges(before, after)).to.deep.equal([
      { path: "scopes[]", kind: "removed", before: "b" },
      { path: "scopes[]", kind: "added", after: "c" },
      { path: "tools[]", kind: "added", after: { name: "y" } },
      { path: "order", kind: "changed", before: [1, 2], after: [2, 1] },
    ]);
  });

  it("treat the length and digest of a long value as one value", () => {
    const digest = (sha256: string) => ({ length: 5000, sha256 });
    expect(findChanges({ content: digest("a") }, { content: digest("b") })).to.deep.equal([
      { path: "content", kind: "changed", before: digest("a"), after: digest("b") },
    ]);
  });

  it("do not read what objects inherit, and end for deep values", () => {
    const hostile = JSON.parse('{"__proto__":{"x":1},"constructor":1}') as Record<string, unknown>;
    expect(findChanges({}, hostile).map(({ path }) => path)).to.deep.equal(["__proto__", "constructor"]);
    const nest = (leaf: number): Record<string, unknown> => {
      let value: Record<string, unknown> = { leaf };
      for (let depth = 0; depth < 1000; depth++) value = { value };
      return value;
    };
    expect(findChanges(nest(1), nest(2))).to.have.length(1);
  });
});
