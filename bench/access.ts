import { parseArgs } from "node:util";
import { type Environment, readConfig } from "../src/config.ts";
import { AccessResolver } from "../src/domain/access/access-resolver.ts";
import { openStore } from "../src/store/open.ts";
import { stopSharedMongod } from "../test/support/mongod.ts";
import { type BenchRequest, runLoad } from "./load.ts";
import { floorRequest, measureRound } from "./meter.ts";
import { type OrganizationSize, type SeededOrganization, seedOrganization } from "./organization.ts";
import { startFloor, startService } from "./server.ts";
import { median } from "./statistics.ts";
import { openEmptyStore, type StoreName, storeNames } from "./stores.ts";

/**
 * Measures the cost of the user view in a small and in a large organization: the service's CPU per request, compared with
 * that of a minimal Express response, and the time to resolve a user's effective access alone. No result fails the run.
 */
const { values: options } = parseArgs({
  options: {
    quick: { type: "boolean", default: false }, // a smaller organization and few requests: checks that the benchmark runs
    stores: { type: "string", default: storeNames.join(",") },
  },
});
const stores = storeNames.filter((name) => options.stores.toLowerCase().split(",").includes(name.toLowerCase()));
const largeSize = options.quick
  ? { servers: 200, toolkits: 200, groups: 50, userGroupCount: 20 }
  : { servers: 10_000, toolkits: 10_000, groups: 1000, userGroupCount: 200 };
const sizes: readonly OrganizationSize[] = [
  { name: "small", servers: 100, toolkits: 100, groups: 10, userGroupCount: 2 },
  { name: "large", ...largeSize },
];
const rounds = options.quick ? 1 : 5;
const requests = options.quick ? 20 : 200;
/** V8 optimizes during the first thousand requests of a kind; afterwards their cost is stable. */
const warmRequests = options.quick ? 20 : 1000;

interface Row {
  readonly store: StoreName;
  readonly name: string;
  readonly size: string;
  readonly cpuMs: number;
  readonly p50Ms: number;
}
const rows: Row[] = [];
const floorMs: number[] = [];
const floor = await startFloor();
try {
  for (const store of stores) for (const size of sizes) await measureOrganization(store, size);
} finally {
  await floor.stop();
  await stopSharedMongod();
}
process.stdout.write(renderTable());

async function measureOrganization(store: StoreName, size: OrganizationSize): Promise<void> {
  const { environment, dispose } = await openEmptyStore(store);
  try {
    const organization = await seedOrganization(environment, size);
    rows.push({
      store,
      name: "effective access alone, in process",
      size: size.name,
      ...(await measureEffectiveAccess(environment, organization)),
    });
    const service = await startService(environment);
    try {
      for (const [name, request] of Object.entries(buildRequests(organization))) {
        await runLoad(floor.port, () => floorRequest, warmRequests);
        await runLoad(service.port, () => request, warmRequests);
        const measured = [];
        for (let round = 0; round < rounds; round++) {
          floorMs.push((await measureRound(floor, () => floorRequest, requests)).cpuMs);
          measured.push(await measureRound(service, () => request, requests));
        }
        const p50Ms = median(measured.flatMap(({ latenciesMs }) => latenciesMs));
        rows.push({ store, name, size: size.name, cpuMs: median(measured.map(({ cpuMs }) => cpuMs)), p50Ms });
        process.stderr.write(`${store}, ${size.name}: ${name}\n`);
      }
    } finally {
      await service.stop();
    }
  } finally {
    await dispose();
  }
}

/** Measures the store and the domain rules without HTTP, one call after another. */
async function measureEffectiveAccess(environment: Environment, { organizationId, userId }: SeededOrganization) {
  const store = await openStore(readConfig(environment));
  try {
    const access = new AccessResolver(store);
    const timesMs: number[] = [];
    for (let at = 0; at < warmRequests; at++) await access.resolve(organizationId, userId);
    const before = process.cpuUsage();
    for (let at = 0; at < requests; at++) {
      const startedAt = performance.now();
      await access.resolve(organizationId, userId);
      timesMs.push(performance.now() - startedAt);
    }
    const { user, system } = process.cpuUsage(before);
    return { cpuMs: (user + system) / 1000 / requests, p50Ms: median(timesMs) };
  } finally {
    await store.close();
  }
}

function buildRequests({
  secret,
  userId,
  userName,
  serverSlug,
}: SeededOrganization): Readonly<Record<string, BenchRequest>> {
  const get = (path: string, expectedText: string, headers: BenchRequest["headers"] = {}): BenchRequest => ({
    ...{ method: "GET", path, status: 200, expectedText },
    headers: { authorization: `Bearer ${secret}`, ...headers },
  });
  const ofUser = (path: string, expectedText: string) => get(path, expectedText, { "x-user-email": userName });
  return {
    "GET /api/whoami, as the user": ofUser("/api/whoami", '"actor"'),
    "GET one MCP server": ofUser(`/api/mcp-servers/${serverSlug}`, serverSlug),
    "GET MCP servers, first 50": ofUser("/api/mcp-servers", '"hasMore"'),
    "GET toolkits, first 50": ofUser("/api/toolkits", '"hasMore"'),
    "GET access to MCP servers, first 50": get(`/api/users/${userId}/access?kind=mcp-servers`, '"verdict"'),
  };
}

function renderTable(): string {
  const of = (store: StoreName, name: string, size: string) =>
    rows.find((each) => each.store === store && each.name === name && each.size === size);
  const lines = stores.flatMap((store) =>
    [...new Set(rows.map(({ name }) => name))].map((name) => {
      const [small, large] = [of(store, name, "small"), of(store, name, "large")];
      if (!small || !large) return "";
      const times = (large.cpuMs / median(floorMs)).toFixed(1);
      const ratio = (large.cpuMs / small.cpuMs).toFixed(1);
      const cells = [small.cpuMs, large.cpuMs].map((each) => each.toFixed(2));
      return `| ${[store, name, ...cells, times, ratio, small.p50Ms.toFixed(2), large.p50Ms.toFixed(2)].join(" | ")} |`;
    }),
  );
  return `Floor ${median(floorMs).toFixed(3)} ms of CPU.

| store | request | CPU small | CPU large | large x floor | large / small | p50 small | p50 large |
| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |
${lines.join("\n")}
`;
}
