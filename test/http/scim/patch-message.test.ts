import { expect } from "chai";
import type { Fault } from "../../../src/errors.ts";
import { changesOf, patchOperations, patchUrn } from "../../../src/http/scim/patch-message.ts";
import { refusal } from "./refusal.ts";

const message = (...Operations: unknown[]) => ({ schemas: [patchUrn], Operations });

describe("RFC 7644 3.5.2: the PatchOp message", () => {
  it("is a list of operations, each with op, path and value", () => {
    const operations = [
      { op: "add", path: "title", value: "x" },
      { op: "remove", path: "title" },
      { op: "replace", value: { title: null } },
    ];
    expect(patchOperations(message(...operations))).to.deep.equal(operations);
  });

  it("names its schema in any letter case", () => {
    expect(patchOperations({ schemas: [patchUrn.toUpperCase()], Operations: [] })).to.deep.equal([]);
  });

  it("has no path when the path is empty or null", () => {
    for (const path of ["", null]) {
      expect(patchOperations(message({ op: "add", path, value: {} }))).to.deep.equal([{ op: "add", value: {} }]);
    }
  });

  it("may hold what nobody asks for beside an operation's parts", () => {
    const [operation] = patchOperations(message({ op: "add", path: "members", value: [], name: "addMember" }));
    expect(operation).to.deep.equal({ op: "add", path: "members", value: [] });
  });

  const wrong: Record<string, [body: unknown, fault: Fault, named: string]> = {
    "a body that is no object": ["x", "invalid-request", "schemas"],
    "a message without schemas": [{ Operations: [] }, "invalid-request", "schemas"],
    "a message of another schema": [{ schemas: ["urn:x"], Operations: [] }, "invalid-request", "schemas"],
    "schemas that are no texts": [{ schemas: [{ toString: 1 }], Operations: [] }, "invalid-request", "schemas"],
    "a message without operations": [{ schemas: [patchUrn] }, "invalid-request", "Operations"],
    "operations that are no list": [{ schemas: [patchUrn], Operations: {} }, "invalid-request", "Operations"],
    "an operation that is null": [message(null), "invalid-request", "operation"],
    "an operation without op": [message({ path: "title", value: "x" }), "invalid-request", "op"],
    "an operation that is not known": [message({ op: "move", path: "title" }), "invalid-request", "op"],
    "op in capitals as a key": [message({ Op: "add", path: "title", value: "x" }), "invalid-request", "Op"],
    "Path in capitals as a key": [message({ op: "remove", Path: "title" }), "invalid-request", "Path"],
    "Value in capitals as a key": [message({ op: "add", path: "title", Value: "x" }), "invalid-request", "Value"],
    "a path that is no text": [message({ op: "remove", path: 5 }), "invalid-path", "path"],
    "a path of 5,000 characters": [message({ op: "remove", path: "x".repeat(5000) }), "invalid-path", "4096"],
    "add without a value": [message({ op: "add", path: "title" }), "invalid-value", "value"],
    "add of null": [message({ op: "add", path: "emails", value: null }), "invalid-value", "value"],
    "replace without a value": [message({ op: "replace", path: "title" }), "invalid-value", "value"],
    "1,001 operations": [message(...Array(1001).fill({ op: "remove", path: "title" })), "too-large", "1000"],
  };
  for (const [what, [body, fault, named]] of Object.entries(wrong)) {
    it(`refuses ${what} with ${fault}, naming it`, () => {
      const refused = refusal(() => patchOperations(body));
      expect(refused.fault).to.equal(fault);
      expect(refused.message).to.contain(named);
    });
  }

  describe("an operation without a path", () => {
    it("says by the keys of its value what it is for", () => {
      expect(changesOf({ op: "replace", value: { title: "x", "name.givenName": null } })).to.deep.equal([
        { op: "replace", path: "title", value: "x" },
        { op: "replace", path: "name.givenName", value: null },
      ]);
    });

    it("cannot remove: noTarget", () => {
      expect(refusal(() => changesOf({ op: "remove" })).fault).to.equal("no-target");
    });

    it("refuses a value that has no keys, and null that is added", () => {
      for (const value of ["x", ["x"], 5, null, { title: null }]) {
        expect(refusal(() => changesOf({ op: "add", value })).fault, JSON.stringify(value)).to.equal("invalid-value");
      }
    });
  });
});
