import { expect } from "chai";
import { enterpriseUrn } from "../../../src/http/scim/scimmy.ts";
import { ada, bare, home, patched, refused, work } from "./patched-user.ts";

describe("RFC 7644 3.5.2: PATCH of a user", () => {
  describe("3.5.2.1 add", () => {
    it("sets a simple attribute", () => {
      expect(patched(ada, { op: "add", path: "nickName", value: "A" })).to.deep.equal({ ...ada, nickName: "A" });
      expect(patched(ada, { op: "add", path: "title", value: "Dr" })).to.deep.equal({ ...ada, title: "Dr" });
    });

    it("sets the parts of a complex attribute that it names, and leaves the others", () => {
      const name = { ...ada.name, middleName: "B" };
      expect(patched(ada, { op: "add", path: "name", value: { middleName: "B" } })).to.deep.equal({ ...ada, name });
      expect(patched(ada, { op: "add", value: { name: { middleName: "B" } } })).to.deep.equal({ ...ada, name });
      expect(patched(ada, { op: "add", path: "name.middleName", value: "B" })).to.deep.equal({ ...ada, name });
      expect(patched(ada, { op: "add", path: "name", value: { ...name, givenName: null } })).to.deep.equal({
        ...ada,
        name,
      });
    });

    it("makes the complex attribute that is not there", () => {
      expect(patched(bare, { op: "add", path: "name.givenName", value: "Ada" })["name"]).to.deep.equal({
        givenName: "Ada",
      });
    });

    it("adds elements, one or a list, after those that are there", () => {
      const other = { value: "ada@other.example", type: "other" };
      for (const value of [other, [other]]) {
        expect(patched(ada, { op: "add", path: "emails", value })["emails"]).to.deep.equal([work, home, other]);
      }
      expect(patched(bare, { op: "add", value: { emails: [other] } })["emails"]).to.deep.equal([other]);
    });

    it("changes nothing for an element that is there", () => {
      for (const value of [home, [home, work], { ...home, value: home.value }, { type: "HOME", value: home.value }]) {
        const after = patched(ada, { op: "add", path: "emails", value })["emails"];
        expect(after, JSON.stringify(value)).to.have.length(2);
      }
      expect(patched(ada, { op: "add", path: "emails", value: [home, work] })).to.deep.equal(ada);
      expect(patched(ada, { op: "add", path: "addresses", value: ada.addresses[0] })).to.deep.equal(ada);
    });

    it("adds an element once, however often it is said", () => {
      expect(patched(bare, { op: "add", path: "emails", value: [home, home] })["emails"]).to.deep.equal([home]);
    });

    it("completes the element of the same value and type", () => {
      const value = { ...home, display: "Home" };
      expect(patched(ada, { op: "add", path: "emails", value })["emails"]).to.deep.equal([work, value]);
    });

    it("takes primary from the other element when one with primary is added", () => {
      const other = { value: "ada@other.example", primary: true };
      expect(patched(ada, { op: "add", path: "emails", value: other })["emails"]).to.deep.equal([
        { ...work, primary: false },
        home,
        other,
      ]);
    });

    it("sets a part of the elements that a filter selects", () => {
      const path = 'emails[type eq "home"].value';
      const emails = [work, { ...home, value: "new@home.example" }];
      expect(patched(ada, { op: "add", path, value: "new@home.example" })).to.deep.equal({ ...ada, emails });
    });

    it("makes the element that a filter of eq asks for", () => {
      expect(patched(bare, { op: "add", path: 'emails[type eq "work"].value', value: "a@x" })["emails"]).to.deep.equal([
        { type: "work", value: "a@x" },
      ]);
      const path = 'phoneNumbers[type eq "mobile" and primary eq true].value';
      expect(patched(ada, { op: "add", path, value: "555" })["phoneNumbers"]).to.deep.equal([
        { type: "mobile", primary: true, value: "555" },
      ]);
      const whole = { op: "add", path: 'addresses[type eq "other"]', value: { locality: "Paris" } };
      expect(patched(ada, whole)["addresses"]).to.deep.equal([...ada.addresses, { type: "other", locality: "Paris" }]);
    });

    it("does not guess an element from any other filter: noTarget", () => {
      for (const filter of [
        'type eq "other" or type eq "mobile"',
        'type sw "oth"',
        'not (type eq "home") and type eq "other"',
        'type eq "other" and type eq "mobile"',
      ]) {
        const { fault } = refused(ada, { op: "add", path: `emails[${filter}].value`, value: "a@x" });
        expect(fault, filter).to.equal("no-target");
      }
    });
  });

  describe("3.5.2.2 remove", () => {
    it("unassigns an attribute", () => {
      const { title: _, ...rest } = ada;
      expect(patched(ada, { op: "remove", path: "title" })).to.deep.equal(rest);
      expect(patched(ada, { op: "remove", path: "title", value: null })).to.deep.equal(rest);
    });

    it("takes a value for elements of a list only: what else is named goes as it is, or not at all", () => {
      for (const path of ["title", "name", 'emails[type eq "work"]', enterpriseUrn, `${enterpriseUrn}:department`]) {
        const { fault, message } = refused(ada, { op: "remove", path, value: { value: "x" } });
        expect([fault, message]).to.deep.equal([
          "invalid-value",
          "remove with a value takes these elements of a list; this path names what is to go by itself.",
        ]);
      }
    });

    it("changes nothing where nothing is", () => {
      for (const path of [
        "title",
        "name",
        "name.givenName",
        "emails",
        enterpriseUrn,
        `${enterpriseUrn}:manager.value`,
      ]) {
        expect(patched(bare, { op: "remove", path }), path).to.deep.equal(bare);
      }
      expect(patched(ada, { op: "remove", path: 'emails[type eq "other"]' })).to.deep.equal(ada);
      expect(patched(ada, { op: "remove", path: 'emails[type eq "work"].display' })).to.deep.equal(ada);
    });

    it("removes a part, and the whole with its last part", () => {
      expect(patched(ada, { op: "remove", path: "name.givenName" })["name"]).to.deep.equal({ familyName: "King" });
      const both = [
        { op: "remove", path: "name.givenName" },
        { op: "remove", path: "name.familyName" },
      ];
      expect(patched(ada, ...both)).to.not.have.property("name");
    });

    it("removes the elements that a filter selects, and the attribute with the last of them", () => {
      expect(patched(ada, { op: "remove", path: 'emails[type eq "work"]' })["emails"]).to.deep.equal([home]);
      expect(patched(ada, { op: "remove", path: 'emails[value ew "example"]' })).to.not.have.property("emails");
    });

    it("removes a part of the elements that a filter selects", () => {
      expect(patched(ada, { op: "remove", path: 'emails[type eq "work"].primary' })["emails"]).to.deep.equal([
        { value: work.value, type: "work" },
        home,
      ]);
    });

    it("removes the elements that its value names, by their value", () => {
      for (const value of [
        { value: work.value },
        [{ value: work.value, display: "another" }],
        [{ value: work.value.toUpperCase(), type: "work" }],
        [work.value],
      ]) {
        expect(patched(ada, { op: "remove", path: "emails", value })["emails"], JSON.stringify(value)).to.deep.equal([
          home,
        ]);
      }
      expect(patched(ada, { op: "remove", path: "emails", value: [home, work] })).to.not.have.property("emails");
    });

    it("removes elements that have no value by all that is said of them", () => {
      const value = [{ locality: "London" }];
      expect(patched(ada, { op: "remove", path: "addresses", value })["addresses"]).to.deep.equal([ada.addresses[1]]);
    });

    it("removes nothing that its value does not name", () => {
      for (const value of [[], [{ value: "x" }], [{ value: work.value, type: "home" }]]) {
        expect(patched(ada, { op: "remove", path: "emails", value })).to.deep.equal(ada);
      }
      expect(refused(ada, { op: "remove", path: "emails", value: null }).fault).to.equal("invalid-value");
    });
  });

  describe("3.5.2.3 replace", () => {
    it("leaves the parts of a complex attribute that it does not name", () => {
      const name = { ...ada.name, middleName: "B" };
      for (const operation of [
        { path: "name", value: { middleName: "B" } },
        { value: { name: { middleName: "B" } } },
        { path: "name.middleName", value: "B" },
      ]) {
        expect(patched(ada, { op: "replace", ...operation })).to.deep.equal({ ...ada, name });
      }
    });

    it("replaces a list, with a path and without", () => {
      const emails = [{ value: "c@x" }];
      expect(patched(ada, { op: "replace", path: "emails", value: emails })).to.deep.equal({ ...ada, emails });
      expect(patched(ada, { op: "replace", value: { emails } })).to.deep.equal({ ...ada, emails });
    });

    it("sets an attribute that is not there", () => {
      expect(patched(bare, { op: "replace", path: "title", value: "Dr" })["title"]).to.equal("Dr");
      expect(patched(bare, { op: "replace", path: "emails", value: home })["emails"]).to.deep.equal([home]);
    });

    it("unassigns by null and by the empty list", () => {
      for (const value of [null, []]) {
        expect(patched(ada, { op: "replace", path: "emails", value })).to.not.have.property("emails");
        expect(patched(ada, { op: "replace", value: { emails: value } })).to.not.have.property("emails");
      }
      expect(patched(ada, { op: "replace", path: "title", value: null })).to.not.have.property("title");
      expect(patched(ada, { op: "replace", path: "name", value: { givenName: null } })["name"]).to.deep.equal({
        familyName: "King",
      });
      expect(patched(ada, { op: "replace", path: 'emails[type eq "home"]', value: null })["emails"]).to.deep.equal([
        work,
      ]);
    });

    it("sets the parts that it names in all elements that the filter selects", () => {
      const value = { value: "new@work.example" };
      expect(patched(ada, { op: "replace", path: 'emails[type eq "work"]', value })["emails"]).to.deep.equal([
        { ...work, ...value },
        home,
      ]);
      const display = patched(ada, { op: "replace", path: 'emails[value ew "example"].display', value: "D" })["emails"];
      expect(display).to.deep.equal([
        { ...work, display: "D" },
        { ...home, display: "D" },
      ]);
    });

    it("takes primary from the other element when one becomes primary", () => {
      const after = [
        { ...work, primary: false },
        { ...home, primary: true },
      ];
      const path = 'emails[type eq "home"]';
      expect(patched(ada, { op: "replace", path: `${path}.primary`, value: true })["emails"]).to.deep.equal(after);
      expect(patched(ada, { op: "replace", path, value: { primary: true } })["emails"]).to.deep.equal(after);
    });

    it("refuses to make two elements primary at once", () => {
      const two = refused(ada, { op: "replace", path: 'emails[value ew "example"].primary', value: true });
      expect(two).to.deep.include({ fault: "invalid-value", details: { field: "emails" } });
    });

    it("leaves one of two elements that become alike", () => {
      const path = 'emails[value ew "example"]';
      const value = { value: "same@x", type: "work" };
      expect(patched(ada, { op: "replace", path, value })["emails"]).to.deep.equal([{ ...work, ...value }]);
    });

    it("has no target where the filter selects nothing: noTarget", () => {
      for (const [path, value] of [
        ['emails[type eq "other"].value', "x"],
        ['emails[type eq "other"]', { value: "x" }],
        ['emails[type eq "other"]', null],
        ['phoneNumbers[type eq "work"].value', "5"],
      ]) {
        expect(refused(ada, { op: "replace", path, value }).fault).to.equal("no-target");
      }
    });
  });
});
