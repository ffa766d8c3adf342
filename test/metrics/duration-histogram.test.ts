import { expect } from "chai";
import { Histogram, Registry } from "prom-client";
import { DurationHistogram } from "../../src/metrics/duration-histogram.ts";

describe("DurationHistogram", () => {
  it("has the text of prom-client's histogram for the same observations", async () => {
    const options = { name: "request_seconds", help: "Time.", buckets: [0.01, 0.1, 1] };
    const [own, reference] = [new Registry(), new Registry()];
    const histogram = new DurationHistogram(own, options);
    const expected = new Histogram({ ...options, labelNames: ["api", "path"], registers: [reference] });
    for (const path of ["short", 'quoted " and \\ and \n']) {
      const labels = { api: "scim", path };
      const series = histogram.createSeries(labels);
      for (const seconds of [0, 0.01, 0.010_001, 0.1, 0.5, 1, 1.5, 100]) {
        series.observe(seconds);
        expected.observe(labels, seconds);
      }
    }
    expect(await own.metrics()).to.equal(await reference.metrics());
  });
});
