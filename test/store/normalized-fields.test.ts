import { expect } from "chai";
import { normalize } from "../../src/store/normalize.ts";
import { toNormalizedFields, withSearchFields } from "../../src/store/normalized-fields.ts";

describe("toNormalizedFields", () => {
  it("normalizes the strings of singular attributes under the same paths", () => {
    const attributes = {
      userName: "Ada@Example.COM",
      title: "Ｅngineer",
      name: { givenName: "ADA", familyName: "Straße" },
      enterpriseUser: { department: "R&D", manager: { value: "usr_01ABC", displayName: "Bob" } },
    };
    expect(toNormalizedFields(attributes)).to.deep.equal({
      userName: "ada@example.com",
      title: "engineer",
      name: { givenName: "ada", familyName: normalize("Straße") },
      enterpriseUser: { department: "r&d", manager: { value: "usr_01abc", displayName: "bob" } },
    });
  });

  it("keeps elements of lists complete: strings normalized, booleans and numbers unchanged", () => {
    const emails = [{ value: "Ada@X", type: "Work", primary: true, order: 1, none: null }];
    expect(toNormalizedFields({ emails, tags: ["A", "b"], roles: [] })).to.deep.equal({
      emails: [{ value: "ada@x", type: "work", primary: true, order: 1, none: null }],
      tags: ["a", "b"],
      roles: [],
    });
  });

  it("omits singular booleans, numbers and null, which are compared under their own paths", () => {
    expect(toNormalizedFields({ active: true, rank: 3, nickName: null, title: undefined })).to.deep.equal({});
    expect(toNormalizedFields({ name: { isFormal: true, formatted: "A" } })).to.deep.equal({
      name: { formatted: "a" },
    });
  });

  it("omits externalId, and does not normalize certificates and photo URLs, which are case-exact (RFC 7643 section 8.7.1)", () => {
    expect(toNormalizedFields({ externalId: "AbC" })).to.deep.equal({});
    expect(
      toNormalizedFields({ x509Certificates: [{ value: "MIIQ", display: "Mine" }], photos: [{ value: "HTTP://X" }] }),
    ).to.deep.equal({ x509Certificates: [{ value: "MIIQ", display: "mine" }], photos: [{ value: "HTTP://X" }] });
  });

  it("is added to a record without the fields of the envelope", () => {
    const moment = "2026-01-01T00:00:00.000Z";
    const envelope = { id: "usr_A", organizationId: "org_A", version: 1, createdAt: moment, updatedAt: moment };
    expect(withSearchFields({ ...envelope, userName: "Ada", active: true })).to.deep.equal({
      ...envelope,
      userName: "Ada",
      active: true,
      normalized: { userName: "ada" },
    });
  });

  it("treats the name of an inherited property like any other name", () => {
    const hostile = JSON.parse('{"emails":[{"__proto__":"X","value":"Y"}]}') as Record<string, unknown>;
    const [element] = toNormalizedFields(hostile)["emails"] as readonly object[];
    expect(Object.keys(element ?? {})).to.deep.equal(["__proto__", "value"]);
  });
});
