import { expect } from "chai";
import fc from "fast-check";
import { newId } from "../../../src/domain/entity.ts";
import { namedBy, turnOf } from "../../../src/domain/people/named.ts";

describe("A user or group named in a path", () => {
  it("is the one with that id, where the text has the form of one", () => {
    for (let at = 0; at < 100; at++) {
      const id = newId("usr");
      expect(namedBy(id, "usr")).to.equal(id);
      expect(namedBy(id, "grp")).to.deep.equal({ name: id });
      expect(namedBy(id.toLowerCase(), "usr")).to.deep.equal({ name: id.toLowerCase() });
      expect(namedBy(`${id}0`, "usr")).to.deep.equal({ name: `${id}0` });
    }
  });

  it("is the one with that name, whatever the text is", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.string().map((rest) => `usr_${rest}`),
          fc.constant("__proto__"),
        ),
        (name) => {
          expect(namedBy(name, "usr")).to.deep.equal({ name });
        },
      ),
    );
  });

  it("has one turn for all letter cases of a name", () => {
    expect(turnOf({ name: "ADA" })).to.equal(turnOf({ name: "ada" }));
  });
});
