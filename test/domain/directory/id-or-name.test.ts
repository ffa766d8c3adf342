import { expect } from "chai";
import fc from "fast-check";
import { parseIdOrName, toLockKey } from "../../../src/domain/directory/id-or-name.ts";
import { newId } from "../../../src/domain/entity.ts";

describe("Id or name in a path", () => {
  it("is an id if the string has the format of one", () => {
    for (let at = 0; at < 100; at++) {
      const id = newId("usr");
      expect(parseIdOrName(id, "usr")).to.equal(id);
      expect(parseIdOrName(id, "grp")).to.deep.equal({ name: id });
      expect(parseIdOrName(id.toLowerCase(), "usr")).to.deep.equal({ name: id.toLowerCase() });
      expect(parseIdOrName(`${id}0`, "usr")).to.deep.equal({ name: `${id}0` });
    }
  });

  it("is a name otherwise", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.string().map((rest) => `usr_${rest}`),
          fc.constant("__proto__"),
        ),
        (name) => {
          expect(parseIdOrName(name, "usr")).to.deep.equal({ name });
        },
      ),
    );
  });

  it("has one lock key for all cases of a name", () => {
    expect(toLockKey({ name: "ADA" })).to.equal(toLockKey({ name: "ada" }));
  });
});
