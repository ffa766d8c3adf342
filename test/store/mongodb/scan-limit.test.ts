import { expect } from "chai";
import { ScanLimiter } from "../../../src/store/mongodb/query/scan-limiter.ts";
import { expectRejection } from "../contract/rejected.fixture.ts";

describe("ScanLimiter", () => {
  it("runs up to four scans at a time in the order of their arrival", async () => {
    const limiter = new ScanLimiter(10_000);
    const order: number[] = [];
    let running = 0;
    let peakRunning = 0;
    await Promise.all(
      Array.from({ length: 20 }, (_, at) =>
        limiter.run(async () => {
          order.push(at);
          peakRunning = Math.max(peakRunning, ++running);
          await new Promise((resolve) => setImmediate(resolve));
          running--;
        }),
      ),
    );
    expect(peakRunning).to.equal(4);
    expect(order).to.deep.equal(Array.from({ length: 20 }, (_, at) => at));
  });

  it("rejects scans that wait too long, and passes on the slots of finished scans", async () => {
    const limiter = new ScanLimiter(30);
    let finish = (): void => undefined;
    const finished = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const slow = Array.from({ length: 4 }, () => limiter.run(() => finished));
    await expectRejection(
      limiter.run(async () => "too late"),
      "query-too-expensive",
    );
    finish();
    await Promise.all(slow);
    expect(await limiter.run(async (remainingMs) => remainingMs())).to.be.greaterThan(0);
  });

  it("frees the slot of a scan that fails", async () => {
    const limiter = new ScanLimiter(30);
    for (let at = 0; at < 10; at++) {
      await expectRejection(
        limiter.run(async (remainingMs) => {
          while (remainingMs() > 0) await new Promise((resolve) => setTimeout(resolve, 5));
        }),
        "query-too-expensive",
      );
    }
  });
});
