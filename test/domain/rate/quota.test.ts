import { expect } from "chai";
import { readConfig } from "../../../src/config.ts";
import { type Limit, Quota } from "../../../src/domain/rate/quota.ts";

/** A clock that a test moves. It begins with a window of every length. */
const clockAt = (seconds: number) => {
  let now = seconds * 1000;
  return {
    now: () => now,
    advance: (by: number) => {
      now += by * 1000;
    },
  };
};
const midnight = Date.parse("2026-01-01T00:00:00Z") / 1000;

/** Whether one more request is let through, which is counted then. */
const request = (quota: Quota, key: string): boolean => {
  if (quota.remaining(key).requests === 0) return false;
  quota.take(key);
  return true;
};

describe("Quota", () => {
  const limit: Limit = { requests: 3, seconds: 60 };

  it("lets each key make its requests within a window, and anew in the next one", () => {
    const clock = clockAt(midnight);
    const quota = new Quota("connect", limit, clock.now);
    for (let window = 0; window < 2; window++) {
      for (const key of ["one", "other"]) {
        expect([1, 2, 3, 4].map(() => request(quota, key))).to.deep.equal([true, true, true, false]);
      }
      clock.advance(59.999);
      expect(request(quota, "one")).to.equal(false);
      clock.advance(0.001);
    }
  });

  it("tells what is left and until when, never less than a second", () => {
    const clock = clockAt(midnight + 20);
    const quota = new Quota("connect", limit, clock.now);
    quota.take("one");
    expect(quota.remaining("one")).to.deep.equal({ requests: 2, seconds: 40 });
    clock.advance(39.999);
    expect(quota.remaining("one")).to.deep.equal({ requests: 2, seconds: 1 });
    clock.advance(0.001);
    expect(quota.remaining("one")).to.deep.equal({ requests: 3, seconds: 60 });
  });

  it("counts what others have counted in the same window, and forgets it with the window", () => {
    const clock = clockAt(midnight);
    const quota = new Quota("connect", limit, clock.now);
    quota.take("one");
    quota.learn({ start: midnight * 1000, taken: new Map([["one", 1]]) });
    expect(quota.remaining("one").requests).to.equal(1);
    quota.learn({ start: (midnight - 60) * 1000, taken: new Map([["one", 2]]) });
    expect(quota.remaining("one").requests).to.equal(1);
    quota.learn({ start: midnight * 1000, taken: new Map([["one", 7]]) });
    expect(quota.remaining("one").requests).to.equal(0);
    clock.advance(60);
    expect(quota.remaining("one").requests).to.equal(3);
  });

  it("keeps a bounded number of keys, however many are seen", () => {
    const quota = new Quota("failures", limit, clockAt(midnight).now);
    for (let at = 0; at < 100_010; at++) quota.take(`address ${at}`);
    expect(quota.window().taken.size).to.equal(100_000);
    expect(quota.remaining("address 100009").requests).to.equal(2);
  });

  it("of the standard limits lets a provisioning of 25 requests a second go on, whenever it begins", () => {
    const { scim } = readConfig({}).rateLimits;
    if (!scim) throw new Error("there is no limit");
    for (const begin of [0, 3.7, 9.99]) {
      const clock = clockAt(midnight + begin);
      const quota = new Quota("scim", scim, clock.now);
      for (let at = 0; at < 25 * 60; at++) {
        expect(request(quota, "tok_okta"), `request ${at}`).to.equal(true);
        clock.advance(1 / 25);
      }
    }
  });

  it("of the standard limits lets 50 requests a second through at /scim, and not much more for long", () => {
    const { scim } = readConfig({}).rateLimits;
    if (!scim) throw new Error("there is no limit");
    const clock = clockAt(midnight);
    const quota = new Quota("scim", scim, clock.now);
    const made = Array.from({ length: 6000 }, () => {
      clock.advance(1 / 100);
      return request(quota, "tok_okta");
    });
    expect(made.filter((isMade) => isMade)).to.have.length.within(3000, 3500);
  });
});
