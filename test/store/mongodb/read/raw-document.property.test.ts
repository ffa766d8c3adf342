import { expect } from "chai";
import fc from "fast-check";
import mongoose from "mongoose";
import { fromDocument, toDocument } from "../../../../src/store/mongodb/document.ts";
import { readRawString } from "../../../../src/store/mongodb/read/bson-reader.ts";
import { decodeRawDocument } from "../../../../src/store/mongodb/read/raw-document.ts";
import { type Entity, parseRawRecord, toRawRecord } from "../../../../src/store/record.ts";
import { newOrganizationId, newTestRecord } from "../../contract/records.fixture.ts";

const { BSON } = mongoose.mongo;

describe("decodeRawDocument", () => {
  const envelope = newTestRecord(newOrganizationId(), "a");
  /** Strings with characters that JSON, BSON or the names of stored keys escape. */
  const text = fc.oneof(
    fc.string({ unit: "grapheme" }),
    fc.string({ unit: fc.constantFrom('"', "\\", "%", ".", "$", "\n", "\u0001", "\u2028", "ü", "𝒳", "a", "{", "2e") }),
    fc.constantFrom("__proto__", "constructor", "_bsontype", "%2e", "idx", "versions", "createdBy"),
  );
  const number = fc.oneof(fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true }), fc.maxSafeInteger());
  const value = fc.letrec((tie) => ({
    any: fc.oneof({ maxDepth: 4 }, text, number, fc.boolean(), fc.constant(null), tie("list"), tie("object")),
    list: fc.array(tie("any"), { maxLength: 4 }),
    object: fc.dictionary(text, tie("any"), { maxKeys: 4 }),
  }));

  it("returns the same record as the driver's conversion, with the same JSON", () => {
    fc.assert(
      fc.property(value.object, (fields) => {
        const record = { ...(fields as object), ...envelope };
        const bytes = BSON.serialize(toDocument(record));
        const expected = fromDocument(BSON.deserialize(bytes) as Record<string, unknown>);
        const decoded = decodeRawDocument(bytes);
        expect(decoded).to.deep.equal(toRawRecord(expected));
        expect(parseRawRecord(decoded)).to.deep.equal(expected);
      }),
    );
  });

  it("reads numbers as the server may have changed their type", () => {
    const bytes = BSON.serialize({
      ...toDocument(envelope),
      version: BSON.Long.fromNumber(7),
      large: BSON.Long.fromNumber(2 ** 40),
      double: new BSON.Double(5),
    });
    const { version, json } = decodeRawDocument(bytes);
    expect([version, JSON.parse(json)]).to.deep.include.members([7]);
    expect(JSON.parse(json)).to.include({ large: 2 ** 40, double: 5 });
  });

  it("leaves out the given field, and no other with a similar name", () => {
    const bytes = BSON.serialize(toDocument({ ...envelope, normalized: { a: ["x"] }, normalizedX: 1 } as Entity));
    expect(JSON.parse(decodeRawDocument(bytes, "normalized").json))
      .to.include({ normalizedX: 1 })
      .and.not.to.have.property("normalized");
  });

  it("converts documents of any size one after another", () => {
    for (const length of [10, 3_000_000, 10]) {
      const record = { ...envelope, note: "ü".repeat(length) };
      expect(parseRawRecord(decodeRawDocument(BSON.serialize(toDocument(record))))).to.deep.equal(record);
    }
  });

  it("rejects a type that no record contains", () => {
    const bytes = BSON.serialize({ ...toDocument(envelope), at: new Date() });
    expect(() => decodeRawDocument(bytes)).to.throw("type 9");
  });
});

describe("readRawString", () => {
  it("reads a string at a path, and nothing else", () => {
    const bytes = BSON.serialize({ list: ["x"], outer: { inner: { name: "ü" }, number: 1 }, name: "top" });
    expect(readRawString(bytes, "name")).to.equal("top");
    expect(readRawString(bytes, "outer", "inner", "name")).to.equal("ü");
    for (const path of [
      ["inner"],
      ["outer"],
      ["outer", "number"],
      ["outer", "name"],
      ["list", "0"],
      ["outer", "inner", "x"],
    ])
      expect(readRawString(bytes, ...path), path.join()).to.equal(undefined);
  });
});
