import { expect } from "chai";
import type { ErrorCode } from "../../../src/errors.ts";
import { parsePatchOperations, patchUrn, toPatchChanges } from "../../../src/scim/patch/message.ts";
import { catchAppError } from "../rejection.fixture.ts";

const message = (...Operations: unknown[]) => ({ schemas: [patchUrn], Operations });

describe("RFC 7644 3.5.2: parsing a PatchOp message", () => {
  it("returns the operations with op, path and value", () => {
    const operations = [
      { op: "add", path: "title", value: "x" },
      { op: "remove", path: "title" },
      { op: "replace", value: { title: null } },
    ];
    expect(parsePatchOperations(message(...operations))).to.deep.equal(operations);
  });

  it("accepts the schema URN case-insensitively", () => {
    expect(parsePatchOperations({ schemas: [patchUrn.toUpperCase()], Operations: [] })).to.deep.equal([]);
  });

  it("treats an empty or null path as absent", () => {
    for (const path of ["", null]) {
      expect(parsePatchOperations(message({ op: "add", path, value: {} }))).to.deep.equal([{ op: "add", value: {} }]);
    }
  });

  it("ignores unknown members of an operation", () => {
    const [operation] = parsePatchOperations(message({ op: "add", path: "members", value: [], name: "addMember" }));
    expect(operation).to.deep.equal({ op: "add", path: "members", value: [] });
  });

  const wrong: Record<string, [body: unknown, code: ErrorCode, named: string]> = {
    "a body that is not an object": ["x", "invalid-request", "Operations"],
    "a message of another schema": [{ schemas: ["urn:x"], Operations: [] }, "invalid-request", "schemas"],
    "schemas that are not strings": [{ schemas: [{ toString: 1 }], Operations: [] }, "invalid-request", "schemas"],
    "a message without operations": [{ schemas: [patchUrn] }, "invalid-request", "Operations"],
    "operations that are not a list": [{ schemas: [patchUrn], Operations: {} }, "invalid-request", "Operations"],
    "an operation that is null": [message(null), "invalid-request", "operation"],
    "an operation without op": [message({ path: "title", value: "x" }), "invalid-request", "op"],
    "an unknown operation": [message({ op: "move", path: "title" }), "invalid-request", "op"],
    "op in two spellings": [message({ Op: "add", op: "add", path: "title", value: "x" }), "invalid-request", "op"],
    "a path in two spellings": [message({ op: "remove", Path: "title", path: "title" }), "invalid-request", "path"],
    "a value in two spellings": [
      message({ op: "replace", path: "active", Value: true, value: false }),
      "invalid-request",
      "value",
    ],
    "Operations in two spellings": [{ Operations: [], operations: [] }, "invalid-request", "Operations"],
    "a path that is not a string": [message({ op: "remove", path: 5 }), "invalid-path", "path"],
    "a path of 5,000 characters": [message({ op: "remove", path: "x".repeat(5000) }), "invalid-path", "4096"],
    "add without a value": [message({ op: "add", path: "title" }), "invalid-value", "value"],
    "add of null": [message({ op: "add", path: "emails", value: null }), "invalid-value", "value"],
    "replace without a value": [message({ op: "replace", path: "title" }), "invalid-value", "value"],
    "1,001 operations": [message(...Array(1001).fill({ op: "remove", path: "title" })), "too-large", "1000"],
  };
  for (const [description, [body, expected, named]] of Object.entries(wrong)) {
    it(`rejects ${description} with ${expected} and names it`, () => {
      const { code, message: detail } = catchAppError(() => parsePatchOperations(body));
      expect(code).to.equal(expected);
      expect(detail).to.contain(named);
    });
  }

  describe("an operation without a path", () => {
    it("uses the keys of its value as paths", () => {
      expect(toPatchChanges({ op: "replace", value: { title: "x", "name.givenName": null } })).to.deep.equal([
        { op: "replace", path: "title", value: "x" },
        { op: "replace", path: "name.givenName", value: null },
      ]);
    });

    it("cannot be a remove: noTarget", () => {
      expect(catchAppError(() => toPatchChanges({ op: "remove" })).code).to.equal("no-target");
    });

    it("rejects a value without keys, and null in an add", () => {
      for (const value of ["x", ["x"], 5, null, { title: null }]) {
        expect(catchAppError(() => toPatchChanges({ op: "add", value })).code, JSON.stringify(value)).to.equal(
          "invalid-value",
        );
      }
    });
  });
});
