import { expect } from "chai";
import fc from "fast-check";
import { AppError } from "../../../src/errors.ts";
import { toGroupPatch } from "../../../src/scim/patch/group-patch.ts";
import { parsePatchOperations, patchUrn } from "../../../src/scim/patch/message.ts";
import { applyUserPatch } from "../../../src/scim/patch/user-patch.ts";
import { enterpriseUrn, userUrn } from "../../../src/scim/schema/definitions.ts";
import { parseUser, toScimAttributes } from "../../../src/scim/values/inbound.ts";
import { arbitraryPatchOperations, arbitraryUsers, type Json } from "../arbitrary-user.fixture.ts";

const patched = (user: Json, all: readonly unknown[]): Json =>
  toScimAttributes(
    parseUser(applyUserPatch("usr_1", user, parsePatchOperations({ schemas: [patchUrn], Operations: all }))),
  );

/** Returns the result or the AppError; rethrows any other error. */
function outcome<Result>(act: () => Result): Result | AppError {
  try {
    return act();
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
}

describe("RFC 7644 3.5.2: any PATCH", () => {
  const word = fc.constantFrom(
    ...["title", "userName", "name", "emails", "members", "value", "type", "primary", "id", "active", "manager"],
    ...["valueOf", "toString", "hasOwnProperty", "$ref", "", "name.givenName", "toString.x", userUrn],
    ...[enterpriseUrn, `${enterpriseUrn}:manager`, `${enterpriseUrn}:toString`, 'emails[type eq "work"].value'],
    ...['emails[toString eq "x"]', 'members[value eq "x"]', "emails[", "emails[]", "emails.value", "valueOf.x"],
  );
  const { value } = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.oneof(word, fc.string(), fc.integer(), fc.boolean(), fc.constant(null)),
      fc.array(tie("value"), { maxLength: 3 }),
      fc.dictionary(word, tie("value"), { maxKeys: 3 }),
    ),
  }));
  const anything = fc.array(
    fc.oneof(
      value,
      fc.record(
        { op: fc.constantFrom("add", "remove", "Replace"), path: fc.oneof(word, fc.string()), value },
        { requiredKeys: ["op"] },
      ),
    ),
    { maxLength: 4 },
  );

  it("succeeds or fails with an AppError, and leaves Object.prototype unchanged", () => {
    const before = Object.getOwnPropertyNames(Object.prototype);
    let successes = 0;
    fc.assert(
      fc.property(arbitraryUsers(0), anything, (user, all) => {
        const valid = toScimAttributes(parseUser(user));
        if (!(outcome(() => patched(valid, all)) instanceof AppError)) successes++;
        outcome(() => toGroupPatch("grp_1", parsePatchOperations({ schemas: [patchUrn], Operations: all })));
      }),
      { numRuns: 2000 },
    );
    expect(Object.getOwnPropertyNames(Object.prototype)).to.deep.equal(before);
    expect(successes, "of 2000 changes").to.be.greaterThan(100);
  });

  it("results in a valid user: no duplicate elements, at most one primary, no empty values, names as in the schema", () => {
    let successes = 0;
    fc.assert(
      fc.property(arbitraryUsers(0).map(distinctElements), arbitraryPatchOperations, (user, all) => {
        const valid = toScimAttributes(parseUser(user));
        const after = outcome(() => patched(valid, all));
        if (after instanceof AppError) return;
        successes++;
        expect(toScimAttributes(parseUser(after))).to.deep.equal(after);
        for (const [name, elements] of Object.entries(after)) {
          if (!Array.isArray(elements)) continue;
          const keys = elements.map((each: Json) =>
            JSON.stringify([each["value"] ?? Object.entries(each).sort(), each["type"]]),
          );
          expect(new Set(keys).size, name).to.equal(elements.length).and.greaterThan(0);
          expect(elements.filter((each: Json) => each["primary"] === true).length, name).to.be.lessThan(2);
        }
      }),
      { numRuns: 2000 },
    );
    expect(successes, "of 2000 changes").to.be.greaterThan(300);
  });

  it("is idempotent if it replaces or removes", () => {
    fc.assert(
      fc.property(arbitraryUsers(0).map(distinctElements), arbitraryPatchOperations, (user, all) => {
        const [operation] = all.filter(({ op }) => op !== "add");
        fc.pre(operation !== undefined);
        const once = outcome(() => patched(toScimAttributes(parseUser(user)), [operation]));
        if (once instanceof AppError) return;
        const twice = outcome(() => patched(once, [operation]));
        // Elements with a changed type no longer match the filter.
        if (!(twice instanceof AppError && twice.code === "no-target")) expect(twice).to.deep.equal(once);
      }),
      { numRuns: 1000 },
    );
  });
});

/** Like the result of a PATCH: each value and type occurs once. */
function distinctElements(user: Json): Json {
  const entries = Object.entries(user).map(([name, value]) => {
    if (!Array.isArray(value)) return [name, value];
    const byKey = new Map(
      value.map((each: Json) => [JSON.stringify([each["value"], each["type"]]).toLowerCase(), each]),
    );
    return [name, [...byKey.values()]];
  });
  return Object.fromEntries(entries);
}
