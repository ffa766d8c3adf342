import { AjvJsonSchemaValidator } from "@modelcontextprotocol/server/validators/ajv";
import { expect } from "chai";
import fc from "fast-check";
import { findOutputIssue } from "../../../src/domain/mcp/output-check.ts";

const isMatch = (schema: unknown, value: unknown): boolean => findOutputIssue(schema, value) === undefined;

describe("findOutputIssue", () => {
  it("names where a result does not match, and what is expected there", () => {
    const schema = {
      type: "object",
      properties: { rows: { type: "array", items: { type: "object", properties: { id: { type: "integer" } } } } },
    };
    expect(findOutputIssue(schema, { rows: [{ id: 1 }, { id: "2" }] })).to.deep.equal({
      path: ["rows", 1, "id"],
      message: "must be integer",
    });
  });

  it("decides like the validator of the clients", () => {
    const ajv = new AjvJsonSchemaValidator();
    fc.assert(
      fc.property(arbitrarySchema, arbitraryValue, (schema, value) => {
        const expected = ajv.getValidator(schema as never)(value).valid;
        expect(isMatch(schema, value), JSON.stringify([schema, value])).to.equal(expected);
      }),
      { numRuns: 500 },
    );
  });

  it("reads draft-07: a list of items, and references without the keywords beside them", () => {
    const $schema = "http://json-schema.org/draft-07/schema#";
    const pair = { $schema, items: [{ type: "string" }], additionalItems: { type: "number" } };
    expect([isMatch(pair, ["a", 1]), isMatch(pair, [1]), isMatch(pair, ["a", "b"])]).to.deep.equal([
      true,
      false,
      false,
    ]);
    const reference = {
      $schema,
      definitions: { any: {} },
      properties: { a: { $ref: "#/definitions/any", type: "null" } },
    };
    expect(isMatch(reference, { a: 1 })).to.equal(true);
  });

  it("runs no regular expression, and reports no mismatch because of one", () => {
    const slow = { type: "string", pattern: "^(a+)+$" };
    expect(isMatch(slow, `${"a".repeat(50)}!`)).to.equal(true);
    expect(isMatch({ not: slow }, "b")).to.equal(true);
    expect(isMatch({ oneOf: [slow, { type: "string", format: "uri" }] }, "b")).to.equal(true);
    expect(isMatch({ patternProperties: { "^x": true }, additionalProperties: false }, { x1: 1 })).to.equal(true);
  });

  it("ends for references to themselves and for schemas that grow exponentially", () => {
    expect(isMatch({ $ref: "#" }, 1)).to.equal(true);
    const $defs = Object.fromEntries(
      Array.from({ length: 40 }, (_, at) => [`d${at}`, { allOf: Array(2).fill({ $ref: `#/$defs/d${at + 1}` }) }]),
    );
    expect(isMatch({ $defs: { ...$defs, d40: {} }, $ref: "#/$defs/d0" }, 1)).to.equal(true);
  });

  it("reads names of the prototype as data", () => {
    const schema = { type: "object", properties: { constructor: { type: "string" } }, required: ["constructor"] };
    expect([isMatch(schema, {}), isMatch(schema, { constructor: "x" })]).to.deep.equal([false, true]);
  });
});

const arbitraryValue = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 2 },
    fc.integer({ min: -3, max: 3 }),
    fc.constantFrom("", "a", "bb", "\u{1f600}", null, true, 0.5),
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom("a", "b", "c"), tie("value"), { noNullPrototype: true }),
  ),
})).value;

const keywords = (schema: fc.Arbitrary<unknown>): fc.Arbitrary<unknown>[] => [
  fc.constantFrom("array", "boolean", "integer", "null", "number", "object", "string").map((type) => ({ type })),
  fc.record({ minimum: fc.integer({ min: -2, max: 2 }), exclusiveMaximum: fc.integer({ min: -2, max: 2 }) }),
  fc.record({ maxLength: fc.nat(2), minLength: fc.nat(2) }),
  fc.record({ maxItems: fc.nat(3), minItems: fc.nat(2) }),
  fc.record({ multipleOf: fc.integer({ min: 1, max: 2 }), type: fc.constant("integer") }),
  fc.record({ minProperties: fc.nat(2), maxProperties: fc.nat(2) }),
  arbitraryValue.map((value) => ({ const: value })),
  fc.array(arbitraryValue, { minLength: 1, maxLength: 3 }).map((values) => ({ enum: values })),
  fc.record({ prefixItems: fc.array(schema, { minLength: 1, maxLength: 2 }), items: schema }),
  fc.record({ contains: schema, minContains: fc.nat(2), maxContains: fc.nat(2) }),
  fc.record({
    properties: fc.record({ a: schema, b: schema }, { noNullPrototype: true }),
    additionalProperties: schema,
  }),
  fc.record({ required: fc.constantFrom(["a"], ["a", "b"]), type: fc.constant("object") }),
  fc.record({ dependentSchemas: fc.record({ a: schema }), dependentRequired: fc.constant({ b: ["a"] }) }),
  fc.record({ propertyNames: fc.record({ maxLength: fc.nat(1) }) }),
  fc.array(schema, { minLength: 1, maxLength: 3 }).map((allOf) => ({ allOf })),
  fc.array(schema, { minLength: 1, maxLength: 3 }).map((anyOf) => ({ anyOf })),
  fc.array(schema, { minLength: 1, maxLength: 3 }).map((oneOf) => ({ oneOf })),
  schema.map((not) => ({ not })),
  // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
  fc.record({ if: schema, then: schema, else: schema }),
];

const arbitrarySchema = fc
  .letrec<{ schema: unknown }>((tie) => ({
    schema: fc.oneof({ maxDepth: 3, withCrossShrink: true }, fc.boolean(), ...keywords(tie("schema"))),
  }))
  .schema.filter((schema) => typeof schema === "object");
