import { expect } from "chai";
import { Registry } from "prom-client";
import type { LoggedToolCall } from "../../src/domain/mcp/call-log.ts";
import { McpMetrics } from "../../src/metrics/mcp-metrics.ts";
import { parseScrape, type Scrape } from "../support/prometheus.ts";

describe("McpMetrics", () => {
  let registry: Registry;
  let metrics: McpMetrics;
  beforeEach(() => {
    registry = new Registry();
    metrics = new McpMetrics(registry);
  });
  const callServers = (organizationId: string, count: number): void => {
    for (let at = 0; at < count; at++)
      metrics.record({
        caller: { organizationId },
        details: { server: `server-${at}`, outcome: "success", durationMs: 3 },
      } as LoggedToolCall);
  };
  const scrape = async (): Promise<Scrape> => parseScrape(await registry.metrics());
  const countSeries = ({ series }: Scrape, organization: string): number =>
    series.filter(({ name, labels }) => name === "gatehouse_mcp_calls_total" && labels["organization"] === organization)
      .length;

  it("has series for 100 servers of an organization and counts the others together", async () => {
    callServers("org_a", 150);
    callServers("org_a", 150);
    const result = await scrape();
    expect(countSeries(result, "org_a")).to.equal(100);
    expect(result.sum("gatehouse_mcp_calls_total", { server: "server-99" })).to.equal(2);
    expect(result.sum("gatehouse_mcp_calls_total", { organization: "other", server: "other" })).to.equal(100);
    expect(result.sum("gatehouse_mcp_calls_total")).to.equal(300);
  });

  it("has series for 200 servers of all organizations", async () => {
    for (const organization of ["org_a", "org_b", "org_c"]) callServers(organization, 80);
    const result = await scrape();
    expect(["org_a", "org_b", "org_c"].map((each) => countSeries(result, each))).to.deep.equal([80, 80, 40]);
    expect(result.sum("gatehouse_mcp_calls_total", { server: "other" })).to.equal(40);
  });

  it("keeps servers of two organizations with the same slug apart", async () => {
    callServers("org_a", 1);
    callServers("org_b", 1);
    const labels = { server: "server-0", outcome: "success" };
    for (const organization of ["org_a", "org_b"])
      expect((await scrape()).sum("gatehouse_mcp_calls_total", { ...labels, organization })).to.equal(1);
  });

  it("reports a circuit as open if one of the servers that share its series is", async () => {
    callServers("org_a", 100);
    const circuits = [true, false].map((isOpen, at) => ({ organizationId: "org_a", slug: `more-${at}`, isOpen }));
    metrics.watch(() => [...circuits, { organizationId: "org_a", slug: "server-0", isOpen: false }]);
    const result = await scrape();
    expect(result.sum("gatehouse_mcp_circuit_open", { server: "other" })).to.equal(1);
    expect(result.sum("gatehouse_mcp_circuit_open", { server: "server-0" })).to.equal(0);
  });

  it("has no series of a circuit that has recovered", async () => {
    let circuits = [{ organizationId: "org_a", slug: "files", isOpen: true }];
    metrics.watch(() => circuits);
    expect((await scrape()).sum("gatehouse_mcp_circuit_open")).to.equal(1);
    circuits = [];
    expect((await scrape()).sum("gatehouse_mcp_circuit_open")).to.equal(undefined);
  });
});
