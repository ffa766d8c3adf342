import { expect } from "chai";
import fc from "fast-check";
import { AppError } from "../../../src/errors.ts";
import { groupPatch } from "../../../src/http/scim/group-patch.ts";
import { inboundUser, outboundAttributes } from "../../../src/http/scim/inbound.ts";
import { patchedUser } from "../../../src/http/scim/patch.ts";
import { patchOperations, patchUrn } from "../../../src/http/scim/patch-message.ts";
import { enterpriseUrn, userUrn } from "../../../src/http/scim/scimmy.ts";
import { type Json, operations, usersWith } from "./user-arbitrary.ts";

const patched = (user: Json, all: readonly unknown[]): Json =>
  outboundAttributes(
    inboundUser(patchedUser("usr_1", user, patchOperations({ schemas: [patchUrn], Operations: all }))),
  );

/** The result, or the fault with which it is refused; nothing else may be thrown. */
function outcome<Result>(act: () => Result): Result | AppError {
  try {
    return act();
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
}

describe("RFC 7644 3.5.2: whatever a PATCH holds", () => {
  const word = fc.constantFrom(
    ...["title", "userName", "name", "emails", "members", "value", "type", "primary", "id", "active", "manager"],
    ...["__proto__", "constructor", "prototype", "toString", "$ref", "", "name.givenName", "__proto__.x", userUrn],
    ...[enterpriseUrn, `${enterpriseUrn}:manager`, `${enterpriseUrn}:__proto__`, 'emails[type eq "work"].value'],
    ...['emails[__proto__ eq "x"]', 'members[value eq "x"]', "emails[", "emails[]", "emails.value", "constructor.x"],
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

  it("it is done or refused with a fault, and no prototype is touched", () => {
    const before = Object.getOwnPropertyNames(Object.prototype);
    let done = 0;
    fc.assert(
      fc.property(usersWith(0), anything, (user, all) => {
        const valid = outboundAttributes(inboundUser(user));
        if (!(outcome(() => patched(valid, all)) instanceof AppError)) done++;
        outcome(() => groupPatch("grp_1", patchOperations({ schemas: [patchUrn], Operations: all })));
      }),
      { numRuns: 2000 },
    );
    expect(Object.getOwnPropertyNames(Object.prototype)).to.deep.equal(before);
    expect(done, "of 2000 changes").to.be.greaterThan(100);
  });

  it("a user stays one: no element twice, none but one primary, nothing empty, all under the schema's names", () => {
    let done = 0;
    fc.assert(
      fc.property(usersWith(0).map(distinctElements), operations, (user, all) => {
        const valid = outboundAttributes(inboundUser(user));
        const after = outcome(() => patched(valid, all));
        if (after instanceof AppError) return;
        done++;
        expect(outboundAttributes(inboundUser(after))).to.deep.equal(after);
        for (const [name, elements] of Object.entries(after)) {
          if (!Array.isArray(elements)) continue;
          const texts = elements.map((each: Json) =>
            JSON.stringify([each["value"] ?? Object.entries(each).sort(), each["type"]]),
          );
          expect(new Set(texts).size, name).to.equal(elements.length).and.greaterThan(0);
          expect(elements.filter((each: Json) => each["primary"] === true).length, name).to.be.lessThan(2);
        }
      }),
      { numRuns: 2000 },
    );
    expect(done, "of 2000 changes").to.be.greaterThan(300);
  });

  it("a second time it changes nothing, when it replaces or removes", () => {
    fc.assert(
      fc.property(usersWith(0).map(distinctElements), operations, (user, all) => {
        const [operation] = all.filter(({ op }) => op !== "add");
        fc.pre(operation !== undefined);
        const once = outcome(() => patched(outboundAttributes(inboundUser(user)), [operation]));
        if (once instanceof AppError) return;
        const twice = outcome(() => patched(once, [operation]));
        // Elements that were given another type are not found a second time.
        if (!(twice instanceof AppError && twice.fault === "no-target")) expect(twice).to.deep.equal(once);
      }),
      { numRuns: 1000 },
    );
  });
});

/** As PATCH leaves it: each value and type once. */
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
