import { expect } from "chai";
import fc from "fast-check";
import { AppError } from "../../../src/errors.ts";
import { type PatchOperation, parsePatchOperations } from "../../../src/scim/patch/message.ts";
import { applyUserPatch } from "../../../src/scim/patch/user-patch.ts";
import { enterpriseUrn, userUrn } from "../../../src/scim/schema/definitions.ts";
import { userSchema } from "../../../src/scim/schema/resource-schema.ts";
import { parseUser, toScimAttributes } from "../../../src/scim/values/inbound.ts";
import { selectKnownAttributes, selectKnownOperations } from "../../../src/scim/values/known-attributes.ts";
import { arbitraryUsers, type Json } from "../arbitrary-user.fixture.ts";

/** The result, or the code of the AppError; rethrows any other error. */
function outcome<Result>(act: () => Result): Result | string {
  try {
    return act();
  } catch (error) {
    if (error instanceof AppError) return error.code;
    throw error;
  }
}

const read = (body: unknown): Json => toScimAttributes(parseUser(selectKnownAttributes(body, userSchema).known));
const patch = (user: Json, message: unknown): Json =>
  toScimAttributes(
    parseUser(applyUserPatch("usr_1", user, selectKnownOperations(parsePatchOperations(message), userSchema).known)),
  );

/** Rewrites a valid user into forms that clients send. Each choice is one bit of `seed`. */
function toLenientForm(user: Json, seed: number): Json {
  let bits = seed;
  const choose = (): boolean => {
    bits = (bits * 1_103_515_245 + 12_345) % 2_147_483_648;
    return bits > 1_073_741_824;
  };
  const toForm = (value: unknown): unknown => {
    if (typeof value === "boolean") return choose() ? (value ? "True" : "false") : value;
    return value;
  };
  const toExtensionForm = (extension: Json): Json => {
    const urns = [enterpriseUrn, enterpriseUrn.toLowerCase(), "urn:scim:schemas:extension:enterprise:1.0"];
    if (choose()) return { [urns[seed % urns.length] ?? enterpriseUrn]: { schemas: [enterpriseUrn], ...extension } };
    const entries = Object.entries(extension).map(([name, value]) => [
      choose() ? name : `${enterpriseUrn}${choose() ? ":" : "."}${name}`,
      value,
    ]);
    return Object.fromEntries(entries);
  };
  const { [enterpriseUrn]: extension, ...rest } = user;
  const qualified = Object.entries(rest).filter(([name]) => name.startsWith("urn:"));
  const core = Object.entries(rest).filter(([name]) => !name.startsWith("urn:"));
  const entries = core.map(([name, value]): [string, unknown] => {
    const cased = choose() ? name.toUpperCase() : name;
    if (!Array.isArray(value)) return [cased, choose() ? [toForm(value)] : toForm(value)];
    const elements = value.map((each: Json) =>
      Object.fromEntries(Object.entries(each).map(([key, part]) => [choose() ? key.toUpperCase() : key, toForm(part)])),
    );
    if (elements.length === 1 && choose()) return [cased, elements[0]];
    return [cased, choose() ? [...elements, null, {}, { type: "empty" }] : elements];
  });
  const body = Object.fromEntries(entries);
  return {
    ...(choose() ? { [userUrn]: body } : body),
    ...Object.fromEntries(qualified),
    ...(extension !== undefined && toExtensionForm(extension as Json)),
    shoeSize: 44,
    "urn:example:x": { a: 1 },
    id: "usr_9",
  };
}

const seeds = fc.integer({ min: 1, max: 2_000_000_000 });

describe("Reading leniently", () => {
  it("stores the same user for a lenient form as for the strict form", () => {
    let accepted = 0;
    fc.assert(
      fc.property(arbitraryUsers(0), seeds, (user, seed) => {
        const strict = toScimAttributes(parseUser(user));
        expect(read(toLenientForm(user, seed))).to.deep.equal(strict);
        accepted++;
      }),
      { numRuns: 1000 },
    );
    expect(accepted).to.equal(1000);
  });

  it("applies the same change for a lenient message as for the strict message", () => {
    fc.assert(
      fc.property(arbitraryUsers(0), arbitraryUsers(0), seeds, (before, { userName, ...value }, seed) => {
        const user = toScimAttributes(parseUser(before));
        const strict = patch(user, { Operations: [{ op: "replace", value }] });
        const lenient = toLenientForm(value, seed);
        const message = { operations: [{ OP: "Replace", Value: [lenient] }] };
        expect(patch(user, message)).to.deep.equal(strict);
        expect(userName).to.be.a("string");
      }),
      { numRuns: 500 },
    );
  });

  const word = fc.constantFrom(
    ...["title", "active", "ACTIVE", "emails", "name", "manager", "department", "schemas", "meta", "value", "type"],
    ...[userUrn, enterpriseUrn, `${enterpriseUrn}:manager`, `${userUrn}:active`, "name.givenName", "emails.value"],
    ...[
      'emails[type eq "work"].value',
      "emails[",
      "emails[].x",
      "members",
      "toString",
      "valueOf",
      "__proto__",
      "constructor",
    ],
    ...["urn:scim:schemas:extension:enterprise:1.0", "", ".", "[", "]."],
  );
  const { value: anything } = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.oneof(word, fc.string(), fc.integer(), fc.boolean(), fc.constant(null), fc.constant('{"value":"a"}')),
      fc.array(tie("value"), { maxLength: 3 }),
      fc.dictionary(word, tie("value"), { maxKeys: 4 }),
    ),
  }));

  it("is idempotent for any body, and leaves every object's prototype unchanged", () => {
    const before = Object.getOwnPropertyNames(Object.prototype);
    let accepted = 0;
    fc.assert(
      fc.property(anything, (body) => {
        const once = outcome(() => selectKnownAttributes(body, userSchema));
        if (typeof once === "string") return;
        accepted++;
        expect(selectKnownAttributes(once.known, userSchema)).to.deep.equal({ known: once.known, unknown: [] });
      }),
      { numRuns: 3000 },
    );
    expect(Object.getOwnPropertyNames(Object.prototype)).to.deep.equal(before);
    expect(({} as Json)["title"]).to.equal(undefined);
    expect(accepted, "of 3000 bodies").to.be.greaterThan(1000);
  });

  it("is idempotent for any operations", () => {
    const operation: fc.Arbitrary<PatchOperation> = fc.record(
      { op: fc.constantFrom("add", "remove", "replace"), path: word.filter((each) => each !== ""), value: anything },
      { requiredKeys: ["op"] },
    );
    let accepted = 0;
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 3 }), (operations) => {
        const once = outcome(() => selectKnownOperations(operations, userSchema));
        if (typeof once === "string") return;
        accepted++;
        expect(selectKnownOperations(once.known, userSchema)).to.deep.equal({ known: once.known, unknown: [] });
      }),
      { numRuns: 3000, examples: [[[{ op: "add", path: "ACTIVE", value: [{ active: { ACTIVE: "" } }] }]]] },
    );
    expect(accepted, "of 3000 messages").to.be.greaterThan(1000);
  });

  it("never changes what an attribute with a known path is set to", () => {
    const { known, unknown } = selectKnownOperations([{ op: "replace", path: "active", value: "no" }], userSchema);
    expect([known, unknown]).to.deep.equal([[{ op: "replace", path: "active", value: "no" }], []]);
  });
});
