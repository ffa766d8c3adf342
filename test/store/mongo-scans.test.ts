import { expect } from "chai";
import { Scans } from "../../src/store/mongo-scans.ts";
import { refused } from "./contract/refused.ts";

describe("Scans", () => {
  it("run a few at a time, in the order in which they came", async () => {
    const scans = new Scans(10_000);
    const order: number[] = [];
    let running = 0;
    let most = 0;
    await Promise.all(
      Array.from({ length: 20 }, (_, at) =>
        scans.run(async () => {
          order.push(at);
          most = Math.max(most, ++running);
          await new Promise((resolve) => setImmediate(resolve));
          running--;
        }),
      ),
    );
    expect(most).to.equal(4);
    expect(order).to.deep.equal(Array.from({ length: 20 }, (_, at) => at));
  });

  it("give up those that wait too long, and hand on the places of those that end", async () => {
    const scans = new Scans(30);
    let end = (): void => undefined;
    const ended = new Promise<void>((resolve) => {
      end = resolve;
    });
    const slow = Array.from({ length: 4 }, () => scans.run(() => ended));
    await refused(
      scans.run(async () => "too late"),
      "query-too-expensive",
    );
    end();
    await Promise.all(slow);
    expect(await scans.run(async (timeMs) => timeMs())).to.be.greaterThan(0);
  });

  it("free their place when they fail", async () => {
    const scans = new Scans(30);
    for (let at = 0; at < 10; at++) {
      await refused(
        scans.run(async (timeMs) => {
          while (timeMs() > 0) await new Promise((resolve) => setTimeout(resolve, 5));
        }),
        "query-too-expensive",
      );
    }
  });
});
