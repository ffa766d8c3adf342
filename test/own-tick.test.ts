import { expect } from "chai";
import { waitForOwnTick } from "../src/own-tick.ts";

describe("waitForOwnTick", () => {
  it("resumes its callers one after the other, each in another iteration of the event loop", async () => {
    let iteration = 0;
    let isCounting = true;
    const count = (): void => {
      iteration++;
      if (isCounting) setImmediate(count);
    };
    setImmediate(count);
    const resumedIn = await Promise.all(
      Array.from({ length: 8 }, async (_, at) => {
        await waitForOwnTick();
        return { at, iteration };
      }),
    );
    isCounting = false;
    expect(resumedIn.map(({ at }) => at)).to.deep.equal([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(new Set(resumedIn.map((each) => each.iteration)).size).to.equal(8);
  });
});
