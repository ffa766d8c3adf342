import { expect } from "chai";
import { IgnoredAttributes } from "../../../src/http/server/ignored-attributes.ts";

const namesOf = (...paths: readonly string[]): readonly string[] => {
  const ignored = new IgnoredAttributes();
  for (const path of paths) ignored.add(path);
  return ignored.names;
};

describe("The ignored attributes of a request", () => {
  it("are names in the order of the request, each once", () => {
    const urn = "urn:example:params:2.0:User:color";
    expect(namesOf("favoriteColor", "name.nickname", urn, "favoriteColor", "x-legacy_id")).to.deep.equal([
      "favoriteColor",
      "name.nickname",
      urn,
      "x-legacy_id",
    ]);
  });

  it("contain no key that may be a value in the wrong place", () => {
    for (const key of ["ada@example.com", "+44 20 7946", "a b", "x\r\ny", "\u202Ename", "<b>", "a".repeat(201), ""]) {
      expect(namesOf(key), JSON.stringify(key)).to.deep.equal(["***"]);
    }
  });

  it("are at most 50", () => {
    expect(namesOf(...Array.from({ length: 5000 }, (_, index) => `name${index}`))).to.have.length(50);
  });
});
