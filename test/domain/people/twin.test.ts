import { expect } from "chai";
import { fold } from "../../../src/domain/fold.ts";
import { foldedTwin, withTwin } from "../../../src/domain/people/twin.ts";

describe("The folded twin", () => {
  it("has the texts of single attributes folded, under the same paths", () => {
    const attributes = {
      userName: "Ada@Example.COM",
      title: "Ｅngineer",
      name: { givenName: "ADA", familyName: "Straße" },
      enterpriseUser: { department: "R&D", manager: { value: "usr_01ABC", displayName: "Bob" } },
    };
    expect(foldedTwin(attributes)).to.deep.equal({
      userName: "ada@example.com",
      title: "engineer",
      name: { givenName: "ada", familyName: fold("Straße") },
      enterpriseUser: { department: "r&d", manager: { value: "usr_01abc", displayName: "bob" } },
    });
  });

  it("has the elements of lists whole: texts folded, truth values and numbers as they are", () => {
    const emails = [{ value: "Ada@X", type: "Work", primary: true, order: 1, none: null }];
    expect(foldedTwin({ emails, tags: ["A", "b"], roles: [] })).to.deep.equal({
      emails: [{ value: "ada@x", type: "work", primary: true, order: 1, none: null }],
      tags: ["a", "b"],
      roles: [],
    });
  });

  it("leaves out single truth values, numbers and nothing, which are asked by under their own names", () => {
    expect(foldedTwin({ active: true, rank: 3, nickName: null, title: undefined })).to.deep.equal({});
    expect(foldedTwin({ name: { isFormal: true, formatted: "A" } })).to.deep.equal({ name: { formatted: "a" } });
  });

  it("leaves out externalId, and keeps certificates and addresses of photos as they are: their letter case says something", () => {
    expect(foldedTwin({ externalId: "AbC" })).to.deep.equal({});
    expect(
      foldedTwin({ x509Certificates: [{ value: "MIIQ", display: "Mine" }], photos: [{ value: "HTTP://X" }] }),
    ).to.deep.equal({ x509Certificates: [{ value: "MIIQ", display: "mine" }], photos: [{ value: "HTTP://X" }] });
  });

  it("stands beside a record without what every record has", () => {
    const moment = "2026-01-01T00:00:00.000Z";
    const envelope = { id: "usr_A", organizationId: "org_A", version: 1, createdAt: moment, updatedAt: moment };
    expect(withTwin({ ...envelope, userName: "Ada", active: true })).to.deep.equal({
      ...envelope,
      userName: "Ada",
      active: true,
      folded: { userName: "ada" },
    });
  });

  it("has a name that every object is born with as a name like any other", () => {
    const hostile = JSON.parse('{"emails":[{"__proto__":"X","value":"Y"}]}') as Record<string, unknown>;
    const [element] = foldedTwin(hostile)["emails"] as readonly object[];
    expect(Object.keys(element ?? {})).to.deep.equal(["__proto__", "value"]);
  });
});
