import { expect } from "chai";
import { storeUnavailable } from "../../../src/errors.ts";
import { ScanLimiter } from "../../../src/store/mongodb/query/scan-limiter.ts";
import { expectRejection } from "../contract/rejected.fixture.ts";

const maxTimeExpired = storeUnavailable(Object.assign(new Error("late"), { code: 50 }));

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

  it("runs eight indexed queries of one subject at a time, and never lets those of another one wait", async () => {
    const limiter = new ScanLimiter(10_000);
    let finish = (): void => undefined;
    const finished = new Promise<void>((resolve) => {
      finish = resolve;
    });
    let running = 0;
    const queries = Array.from({ length: 20 }, () =>
      limiter.runIndexed("users org_1", async () => {
        running++;
        await finished;
      }),
    );
    expect(await limiter.runIndexed("users org_2", async (remainingMs) => remainingMs())).to.be.greaterThan(0);
    expect(running).to.equal(8);
    finish();
    await Promise.all(queries);
    expect(running).to.equal(20);
  });

  it("runs one indexed query of a subject at a time while others of it are scans", async () => {
    const limiter = new ScanLimiter(10_000);
    let finish = (): void => undefined;
    const finished = new Promise<void>((resolve) => {
      finish = resolve;
    });
    let isScan = false;
    const long = limiter.runIndexed("users org_1", async () => {
      if (!isScan) {
        isScan = true;
        throw maxTimeExpired;
      }
      await finished;
    });
    await new Promise((resolve) => setImmediate(resolve));
    let running = 0;
    let runningMax = 0;
    const short = Array.from({ length: 10 }, () =>
      limiter.runIndexed("users org_1", async () => {
        runningMax = Math.max(runningMax, ++running);
        await new Promise((resolve) => setImmediate(resolve));
        running--;
      }),
    );
    await Promise.all(short);
    expect(runningMax).to.equal(1);
    finish();
    await long;
  });

  it("runs an indexed query that takes too long again as a scan, and passes on every other error", async () => {
    const limiter = new ScanLimiter(10_000);
    const limits: number[] = [];
    const result = await limiter.runIndexed("users org_1", async (remainingMs) => {
      limits.push(remainingMs());
      if (limits.length === 1) throw maxTimeExpired;
      return "found";
    });
    expect(result).to.equal("found");
    expect(limits).to.have.length(2);
    expect(limits[1]).to.be.greaterThan(limits[0] ?? Infinity);
    const outage = limiter.runIndexed("users org_1", async () => {
      throw storeUnavailable(new Error("no primary"));
    });
    await expectRejection(outage, "unavailable");
  });
});
