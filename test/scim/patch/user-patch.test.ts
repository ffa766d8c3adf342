import { expect } from "chai";
import { enterpriseUrn } from "../../../src/scim/schema/definitions.ts";
import { ada, applyPatch, home, minimalUser, rejectedPatch, work } from "./patched-user.fixture.ts";

describe("RFC 7644 3.5.2: PATCH of a user", () => {
  describe("3.5.2.1 add", () => {
    it("sets a simple attribute", () => {
      expect(applyPatch(ada, { op: "add", path: "nickName", value: "A" })).to.deep.equal({ ...ada, nickName: "A" });
      expect(applyPatch(ada, { op: "add", path: "title", value: "Dr" })).to.deep.equal({ ...ada, title: "Dr" });
    });

    it("sets the sub-attributes in the value and keeps the others", () => {
      const name = { ...ada.name, middleName: "B" };
      expect(applyPatch(ada, { op: "add", path: "name", value: { middleName: "B" } })).to.deep.equal({ ...ada, name });
      expect(applyPatch(ada, { op: "add", value: { name: { middleName: "B" } } })).to.deep.equal({ ...ada, name });
      expect(applyPatch(ada, { op: "add", path: "name.middleName", value: "B" })).to.deep.equal({ ...ada, name });
      expect(applyPatch(ada, { op: "add", path: "name", value: { ...name, givenName: null } })).to.deep.equal({
        ...ada,
        name,
      });
    });

    it("creates a missing complex attribute", () => {
      expect(applyPatch(minimalUser, { op: "add", path: "name.givenName", value: "Ada" })["name"]).to.deep.equal({
        givenName: "Ada",
      });
    });

    it("appends elements, sent as a list or alone", () => {
      const other = { value: "ada@other.example", type: "other" };
      for (const value of [other, [other]]) {
        expect(applyPatch(ada, { op: "add", path: "emails", value })["emails"]).to.deep.equal([work, home, other]);
      }
      expect(applyPatch(minimalUser, { op: "add", value: { emails: [other] } })["emails"]).to.deep.equal([other]);
    });

    it("changes nothing for an existing element", () => {
      for (const value of [home, [home, work], { ...home, value: home.value }, { type: "HOME", value: home.value }]) {
        const after = applyPatch(ada, { op: "add", path: "emails", value })["emails"];
        expect(after, JSON.stringify(value)).to.have.length(2);
      }
      expect(applyPatch(ada, { op: "add", path: "emails", value: [home, work] })).to.deep.equal(ada);
      expect(applyPatch(ada, { op: "add", path: "addresses", value: ada.addresses[0] })).to.deep.equal(ada);
    });

    it("adds an element once if the value repeats it", () => {
      expect(applyPatch(minimalUser, { op: "add", path: "emails", value: [home, home] })["emails"]).to.deep.equal([
        home,
      ]);
    });

    it("merges an element with the one of the same value and type", () => {
      const value = { ...home, display: "Home" };
      expect(applyPatch(ada, { op: "add", path: "emails", value })["emails"]).to.deep.equal([work, value]);
    });

    it("makes the previous primary element non-primary when the new one is primary", () => {
      const other = { value: "ada@other.example", primary: true };
      expect(applyPatch(ada, { op: "add", path: "emails", value: other })["emails"]).to.deep.equal([
        { ...work, primary: false },
        home,
        other,
      ]);
    });

    it("sets a sub-attribute of the elements that a filter selects", () => {
      const path = 'emails[type eq "home"].value';
      const emails = [work, { ...home, value: "new@home.example" }];
      expect(applyPatch(ada, { op: "add", path, value: "new@home.example" })).to.deep.equal({ ...ada, emails });
    });

    it("creates the element that a filter of eq comparisons describes", () => {
      expect(
        applyPatch(minimalUser, { op: "add", path: 'emails[type eq "work"].value', value: "a@x" })["emails"],
      ).to.deep.equal([{ type: "work", value: "a@x" }]);
      const path = 'phoneNumbers[type eq "mobile" and primary eq true].value';
      expect(applyPatch(ada, { op: "add", path, value: "555" })["phoneNumbers"]).to.deep.equal([
        { type: "mobile", primary: true, value: "555" },
      ]);
      const whole = { op: "add", path: 'addresses[type eq "other"]', value: { locality: "Paris" } };
      expect(applyPatch(ada, whole)["addresses"]).to.deep.equal([
        ...ada.addresses,
        { type: "other", locality: "Paris" },
      ]);
    });

    it("returns noTarget for a filter that describes no single element", () => {
      for (const filter of [
        'type eq "other" or type eq "mobile"',
        'type sw "oth"',
        'not (type eq "home") and type eq "other"',
        'type eq "other" and type eq "mobile"',
      ]) {
        const { code } = rejectedPatch(ada, { op: "add", path: `emails[${filter}].value`, value: "a@x" });
        expect(code, filter).to.equal("no-target");
      }
    });
  });

  describe("3.5.2.2 remove", () => {
    it("unassigns an attribute", () => {
      const { title: _, ...rest } = ada;
      expect(applyPatch(ada, { op: "remove", path: "title" })).to.deep.equal(rest);
      expect(applyPatch(ada, { op: "remove", path: "title", value: null })).to.deep.equal(rest);
    });

    it("ignores a value where the path says what to remove, as Databricks and SAP send it", () => {
      for (const path of ["title", "name", 'emails[type eq "work"]', enterpriseUrn, `${enterpriseUrn}:department`]) {
        const removed = applyPatch(ada, { op: "remove", path });
        for (const value of [{ value: "x" }, [{ value: "x" }], "", null])
          expect(applyPatch(ada, { op: "remove", path, value }), path).to.deep.equal(removed);
      }
    });

    it("changes nothing for a missing attribute", () => {
      for (const path of [
        "title",
        "name",
        "name.givenName",
        "emails",
        enterpriseUrn,
        `${enterpriseUrn}:manager.value`,
      ]) {
        expect(applyPatch(minimalUser, { op: "remove", path }), path).to.deep.equal(minimalUser);
      }
      expect(applyPatch(ada, { op: "remove", path: 'emails[type eq "other"]' })).to.deep.equal(ada);
      expect(applyPatch(ada, { op: "remove", path: 'emails[type eq "work"].display' })).to.deep.equal(ada);
    });

    it("removes a sub-attribute, and the attribute with its last sub-attribute", () => {
      expect(applyPatch(ada, { op: "remove", path: "name.givenName" })["name"]).to.deep.equal({ familyName: "King" });
      const both = [
        { op: "remove", path: "name.givenName" },
        { op: "remove", path: "name.familyName" },
      ];
      expect(applyPatch(ada, ...both)).to.not.have.property("name");
    });

    it("removes the elements that a filter selects, and the attribute with its last element", () => {
      expect(applyPatch(ada, { op: "remove", path: 'emails[type eq "work"]' })["emails"]).to.deep.equal([home]);
      expect(applyPatch(ada, { op: "remove", path: 'emails[value ew "example"]' })).to.not.have.property("emails");
    });

    it("removes a sub-attribute of the elements that a filter selects", () => {
      expect(applyPatch(ada, { op: "remove", path: 'emails[type eq "work"].primary' })["emails"]).to.deep.equal([
        { value: work.value, type: "work" },
        home,
      ]);
    });

    it("removes the elements in its value, matched by their value", () => {
      for (const value of [
        { value: work.value },
        [{ value: work.value, display: "another" }],
        [{ value: work.value.toUpperCase(), type: "work" }],
        [work.value],
      ]) {
        expect(applyPatch(ada, { op: "remove", path: "emails", value })["emails"], JSON.stringify(value)).to.deep.equal(
          [home],
        );
      }
      expect(applyPatch(ada, { op: "remove", path: "emails", value: [home, work] })).to.not.have.property("emails");
    });

    it("removes elements without a value, matched by all of their sub-attributes", () => {
      const value = [{ locality: "London" }];
      expect(applyPatch(ada, { op: "remove", path: "addresses", value })["addresses"]).to.deep.equal([
        ada.addresses[1],
      ]);
    });

    it("removes no element that its value does not contain", () => {
      for (const value of [[], [{ value: "x" }], [{ value: work.value, type: "home" }]]) {
        expect(applyPatch(ada, { op: "remove", path: "emails", value })).to.deep.equal(ada);
      }
      expect(rejectedPatch(ada, { op: "remove", path: "emails", value: null }).code).to.equal("invalid-value");
    });
  });

  describe("3.5.2.3 replace", () => {
    it("keeps the sub-attributes of a complex attribute that are not in the value", () => {
      const name = { ...ada.name, middleName: "B" };
      for (const operation of [
        { path: "name", value: { middleName: "B" } },
        { value: { name: { middleName: "B" } } },
        { path: "name.middleName", value: "B" },
      ]) {
        expect(applyPatch(ada, { op: "replace", ...operation })).to.deep.equal({ ...ada, name });
      }
    });

    it("replaces a list, with and without a path", () => {
      const emails = [{ value: "c@x" }];
      expect(applyPatch(ada, { op: "replace", path: "emails", value: emails })).to.deep.equal({ ...ada, emails });
      expect(applyPatch(ada, { op: "replace", value: { emails } })).to.deep.equal({ ...ada, emails });
    });

    it("sets a missing attribute", () => {
      expect(applyPatch(minimalUser, { op: "replace", path: "title", value: "Dr" })["title"]).to.equal("Dr");
      expect(applyPatch(minimalUser, { op: "replace", path: "emails", value: home })["emails"]).to.deep.equal([home]);
    });

    it("unassigns an attribute with null and with an empty list", () => {
      for (const value of [null, []]) {
        expect(applyPatch(ada, { op: "replace", path: "emails", value })).to.not.have.property("emails");
        expect(applyPatch(ada, { op: "replace", value: { emails: value } })).to.not.have.property("emails");
      }
      expect(applyPatch(ada, { op: "replace", path: "title", value: null })).to.not.have.property("title");
      expect(applyPatch(ada, { op: "replace", path: "name", value: { givenName: null } })["name"]).to.deep.equal({
        familyName: "King",
      });
      expect(applyPatch(ada, { op: "replace", path: 'emails[type eq "home"]', value: null })["emails"]).to.deep.equal([
        work,
      ]);
    });

    it("sets the sub-attributes in its value in all elements that the filter selects", () => {
      const value = { value: "new@work.example" };
      expect(applyPatch(ada, { op: "replace", path: 'emails[type eq "work"]', value })["emails"]).to.deep.equal([
        { ...work, ...value },
        home,
      ]);
      const display = applyPatch(ada, { op: "replace", path: 'emails[value ew "example"].display', value: "D" })[
        "emails"
      ];
      expect(display).to.deep.equal([
        { ...work, display: "D" },
        { ...home, display: "D" },
      ]);
    });

    it("makes the previous primary element non-primary when another becomes primary", () => {
      const after = [
        { ...work, primary: false },
        { ...home, primary: true },
      ];
      const path = 'emails[type eq "home"]';
      expect(applyPatch(ada, { op: "replace", path: `${path}.primary`, value: true })["emails"]).to.deep.equal(after);
      expect(applyPatch(ada, { op: "replace", path, value: { primary: true } })["emails"]).to.deep.equal(after);
    });

    it("rejects two new primary elements", () => {
      const two = rejectedPatch(ada, { op: "replace", path: 'emails[value ew "example"].primary', value: true });
      expect(two).to.deep.include({ code: "invalid-value", details: { field: "emails", operation: 1 } });
    });

    it("merges two elements that become equal", () => {
      const path = 'emails[value ew "example"]';
      const value = { value: "same@x", type: "work" };
      expect(applyPatch(ada, { op: "replace", path, value })["emails"]).to.deep.equal([{ ...work, ...value }]);
    });

    it("lets the assigned sub-attributes win over those of an element that it becomes equal to", () => {
      const other = { value: work.value, type: "other", display: "Stored" };
      const after = applyPatch(
        { ...ada, emails: [work, other] },
        { op: "replace", path: 'emails[type eq "work"]', value: { type: "other", display: "Assigned" } },
      );
      expect(after["emails"]).to.deep.equal([{ ...work, type: "other", display: "Assigned" }]);
    });

    it("returns noTarget if the filter selects no element", () => {
      for (const [path, value] of [
        ['emails[type eq "other"].value', "x"],
        ['emails[type eq "other"]', { value: "x" }],
        ['emails[type eq "other"]', null],
        ['phoneNumbers[type eq "work"].value', "5"],
      ]) {
        expect(rejectedPatch(ada, { op: "replace", path, value }).code).to.equal("no-target");
      }
    });
  });
});
