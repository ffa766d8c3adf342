import { expect } from "chai";
import { mapInSteps } from "../../../src/store/paging/map-in-steps.ts";
import { countTurnsDuring } from "../../support/event-loop.ts";

describe("mapInSteps", () => {
  const lengthOf = (text: string): number => text.length;
  const lengthsOf = (texts: readonly string[]) => mapInSteps(texts, lengthOf, lengthOf);

  it("maps short records at once", () => {
    expect(lengthsOf(["a", "bb"])).to.deep.equal([1, 2]);
  });

  it("maps long records in their order, each in an iteration of the event loop of its own", async () => {
    const texts = Array.from({ length: 5 }, (_, at) => "x".repeat(200_000 + at));
    let mapped: readonly number[] = [];
    const turns = await countTurnsDuring(async () => {
      mapped = await lengthsOf(texts);
    });
    expect(mapped).to.deep.equal(texts.map(lengthOf));
    expect(turns).to.be.at.least(5);
  });

  it("maps many short records that are long together in few steps", async () => {
    const texts = Array.from({ length: 1000 }, () => "x".repeat(300));
    const turns = await countTurnsDuring(async () => lengthsOf(texts));
    expect(turns).to.be.within(2, 10);
  });
});
