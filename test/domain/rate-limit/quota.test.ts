import { expect } from "chai";
import { readConfig } from "../../../src/config.ts";
import { Quota, type RateLimit } from "../../../src/domain/rate-limit/quota.ts";

/** A clock that a test advances. `midnight` is the start of a window of every length. */
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

/** Counts one request if the quota allows it. @returns whether it is allowed */
const request = (quota: Quota, key: string): boolean => {
  if (quota.remaining(key).requests === 0) return false;
  quota.consume(key);
  return true;
};

describe("Quota", () => {
  const limit: RateLimit = { requests: 3, seconds: 60 };

  it("allows each key its number of requests per window", () => {
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

  it("returns the remaining requests and the seconds until the window ends, at least one", () => {
    const clock = clockAt(midnight + 20);
    const quota = new Quota("connect", limit, clock.now);
    quota.consume("one");
    expect(quota.remaining("one")).to.deep.equal({ requests: 2, seconds: 40 });
    clock.advance(39.999);
    expect(quota.remaining("one")).to.deep.equal({ requests: 2, seconds: 1 });
    clock.advance(0.001);
    expect(quota.remaining("one")).to.deep.equal({ requests: 3, seconds: 60 });
  });

  it("adds the counts of other replicas in the same window and drops them with the window", () => {
    const clock = clockAt(midnight);
    const quota = new Quota("connect", limit, clock.now);
    quota.consume("one");
    quota.mergeRemote({ start: midnight * 1000, counts: new Map([["one", 1]]) });
    expect(quota.remaining("one").requests).to.equal(1);
    quota.mergeRemote({ start: (midnight - 60) * 1000, counts: new Map([["one", 2]]) });
    expect(quota.remaining("one").requests).to.equal(1);
    quota.mergeRemote({ start: midnight * 1000, counts: new Map([["one", 7]]) });
    expect(quota.remaining("one").requests).to.equal(0);
    clock.advance(60);
    expect(quota.remaining("one").requests).to.equal(3);
  });

  it("stores at most 100,000 keys", () => {
    const quota = new Quota("failures", limit, clockAt(midnight).now);
    for (let at = 0; at < 100_010; at++) quota.consume(`address ${at}`);
    expect(quota.window().counts.size).to.equal(100_000);
    expect(quota.remaining("address 100009").requests).to.equal(2);
  });

  it("allows 25 provisioning requests per second by default, at any start time", () => {
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

  it("allows a sustained rate of 50 requests per second at /scim by default, and not much more", () => {
    const { scim } = readConfig({}).rateLimits;
    if (!scim) throw new Error("there is no limit");
    const clock = clockAt(midnight);
    const quota = new Quota("scim", scim, clock.now);
    const results = Array.from({ length: 6000 }, () => {
      clock.advance(1 / 100);
      return request(quota, "tok_okta");
    });
    expect(results.filter((isAllowed) => isAllowed)).to.have.length.within(3000, 3500);
  });
});
