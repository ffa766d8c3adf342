import { expect } from "chai";
import { toFilterCondition } from "../../../src/scim/filter/condition.ts";
import { groupSchema, userSchema } from "../../../src/scim/schema/resource-schema.ts";
import { validateCondition } from "../../../src/store/condition.ts";
import { filterRejection } from "./error-text.fixture.ts";

const enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

describe("RFC 7644 3.4.2.2: an unsupported filter", () => {
  const unknown = "unknown attribute";
  const notFilterable = "is not filterable";
  const rejections: readonly (readonly [string, number, string])[] = [
    ['shoeSize eq "x"', 1, `${unknown} "shoeSize"`],
    ['userName eq "x" and shoeSize pr', 21, `${unknown} "shoeSize"`],
    ['toString eq "x"', 1, unknown],
    ['toString.length eq "x"', 1, unknown],
    ['hasOwnProperty eq "x"', 1, unknown],
    ['$where eq "x"', 1, unknown],
    ['normalized.userName eq "x"', 1, unknown],
    ['organizationId eq "x"', 1, unknown],
    ["version pr", 1, unknown],
    ['name.$ne eq "x"', 1, unknown],
    ['name.givenName.x eq "x"', 1, unknown],
    [`${enterprise} pr`, 1, unknown],
    ["urn:example:2.0:User:userName pr", 1, unknown],
    ['emails[toString eq "x"]', 8, "no sub-attribute"],
    ['emails[userName eq "x"]', 8, "no sub-attribute"],
    ['password eq "x"', 1, notFilterable],
    ["password pr", 1, notFilterable],
    ["meta pr", 1, notFilterable],
    ['meta.version eq "x"', 1, notFilterable],
    ['meta.location eq "x"', 1, notFilterable],
    ['groups eq "grp_1"', 1, notFilterable],
    ['groups[value eq "grp_1"]', 1, notFilterable],
    ["groups.display pr", 1, notFilterable],
    [`${enterprise}:manager.$ref pr`, 1, notFilterable],
    ["x509Certificates.value pr", 1, notFilterable],
    ['x509Certificates[value eq "x"]', 18, notFilterable],
    ['name co "x"', 1, "is a complex attribute"],
    ['addresses eq "x"', 1, "is a complex attribute"],
    ['userName[value eq "x"]', 1, "is not multi-valued"],
    ['name[givenName eq "x"]', 1, "is not multi-valued"],
    ['emails.value[type eq "x"]', 1, "is not multi-valued"],
    ["userName eq 5", 1, "a string in double quotes"],
    ["userName co true", 1, "a string in double quotes"],
    ["userName gt null", 1, "null only with eq and ne"],
    ['active eq "yes"', 1, "true or false"],
    ["active eq 1", 1, "true or false"],
    ['active eq "toString"', 1, "true or false"],
    ["active gt true", 1, "only eq, ne and pr"],
    ['active sw "T"', 1, "only eq, ne and pr"],
    ["meta.created gt 5", 1, "a date and time"],
    ['meta.created sw "2011"', 1, "does not support co, sw and ew"],
    ["title pr and emails[primary gt true]", 21, "only eq, ne and pr"],
  ];
  for (const [filter, character, message] of rejections) {
    it(`${filter} is rejected at character ${character}`, () => {
      expect(filterRejection(filter, userSchema))
        .to.match(new RegExp(`^At character ${character}: `))
        .and.contain(message);
    });
  }

  it("is reported with at most 100 characters of the name", () => {
    const message = filterRejection(`${"x".repeat(4000)} pr`, userSchema);
    expect(message)
      .to.contain(`"${"x".repeat(100)}"`)
      .and.have.length.lessThan(200);
  });
});

describe("A filter at its limits", () => {
  /** Nests and, or and not to this number of levels. The last level is the innermost filter. */
  const nested = (levels: number, innermost: string): string => {
    if (levels === 1) return innermost;
    if (levels % 2 === 0) return `id pr and (${nested(levels - 1, innermost)})`;
    return `id pr or id pr and (${nested(levels - 2, innermost)})`;
  };
  const nots = (count: number, innermost: string): string =>
    count === 0 ? innermost : `not (${nots(count - 1, innermost)})`;

  for (const [innermost, levels] of [
    ['displayName eq "x"', 1],
    ['members.value ne "x"', 1],
    ['members[value eq "x" or value eq "y"]', 3],
  ] as const) {
    it(`is a condition that the store accepts, with ${innermost} innermost`, () => {
      const deepest = nested(19 - levels, innermost);
      expect(filterRejection(nested(20 - levels, innermost), groupSchema)).to.contain(
        "nested more than 18 levels deep",
      );
      for (const filter of [deepest, nots(14, innermost), Array(50).fill(innermost).join(" or ")]) {
        validateCondition(toFilterCondition(filter, groupSchema));
      }
    });
  }

  it("is a condition that the store accepts, with a full value path", () => {
    for (const inner of [nots(14, 'type ne "x"'), Array(99).fill('type ne "x"').join(" and ")]) {
      validateCondition(toFilterCondition(`emails[${inner}].value ne "x"`, userSchema));
    }
  });
});
