import { parseArgs } from "node:util";
import { openStore } from "../src/app.ts";
import { type Environment, readConfig } from "../src/config.ts";
import { Access } from "../src/domain/access/access.ts";
import { stopTestMongo } from "../test/support/mongod.ts";
import { type Exchange, play } from "./load.ts";
import { type Organization, type Size, seedOrganization } from "./organization.ts";
import { type Server, startFloor, startService } from "./server.ts";
import { emptyStore, type StoreName, storeNames } from "./stores.ts";

/**
 * What the user view costs in a small organisation and in a large one: the service's CPU for each request, beside that
 * of a bare Express answer, and the time of asking for a standing alone. Nothing here fails because of a time.
 */
const { values: options } = parseArgs({
  options: {
    quick: { type: "boolean", default: false }, // a smaller organisation and few requests: that it runs, not how fast
    stores: { type: "string", default: storeNames.join(",") },
  },
});
const stores = storeNames.filter((name) => options.stores.toLowerCase().split(",").includes(name.toLowerCase()));
const large = options.quick
  ? { servers: 200, toolkits: 200, groups: 50, joined: 20 }
  : { servers: 10_000, toolkits: 10_000, groups: 1000, joined: 200 };
const sizes: readonly Size[] = [
  { name: "small", servers: 100, toolkits: 100, groups: 10, joined: 2 },
  { name: "large", ...large },
];
const rounds = options.quick ? 1 : 5;
const requests = options.quick ? 20 : 200;
/** Node's compiler takes a thousand requests of a kind before their cost no longer falls. */
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
  await floor.end();
  await stopTestMongo();
}
process.stdout.write(table());

async function measureOrganization(store: StoreName, size: Size): Promise<void> {
  const { environment, dispose } = await emptyStore(store);
  try {
    const organization = await seedOrganization(environment, size);
    rows.push({
      store,
      name: "standing() alone, in process",
      size: size.name,
      ...(await standings(environment, organization)),
    });
    const service = await startService(environment);
    try {
      for (const [name, exchange] of Object.entries(exchangesFor(organization))) {
        await play(floor.port, hello, warmRequests);
        await play(service.port, () => exchange, warmRequests);
        const measured = [];
        for (let round = 0; round < rounds; round++) {
          floorMs.push((await timed(floor, hello())).cpuMs);
          measured.push(await timed(service, exchange));
        }
        const p50Ms = median(measured.flatMap(({ latenciesMs }) => latenciesMs));
        rows.push({ store, name, size: size.name, cpuMs: median(measured.map(({ cpuMs }) => cpuMs)), p50Ms });
        process.stderr.write(`${store}, ${size.name}: ${name}\n`);
      }
    } finally {
      await service.end();
    }
  } finally {
    await dispose();
  }
}

/** The store and the rules, without HTTP, one after another. */
async function standings(environment: Environment, { organizationId, userId }: Organization) {
  const store = await openStore(readConfig(environment));
  try {
    const access = new Access(store);
    const timesMs: number[] = [];
    for (let at = 0; at < warmRequests; at++) await access.standing(organizationId, userId);
    const before = process.cpuUsage();
    for (let at = 0; at < requests; at++) {
      const startedAt = performance.now();
      await access.standing(organizationId, userId);
      timesMs.push(performance.now() - startedAt);
    }
    const { user, system } = process.cpuUsage(before);
    return { cpuMs: (user + system) / 1000 / requests, p50Ms: median(timesMs) };
  } finally {
    await store.close();
  }
}

function exchangesFor({ secret, userId, userName, serverSlug }: Organization): Readonly<Record<string, Exchange>> {
  const get = (path: string, holds: string, headers: Exchange["headers"] = {}): Exchange => ({
    ...{ method: "GET", path, status: 200, holds },
    headers: { authorization: `Bearer ${secret}`, ...headers },
  });
  const ofUser = (path: string, holds: string) => get(path, holds, { "x-user-email": userName });
  return {
    "GET /api/whoami, as the user": ofUser("/api/whoami", '"actor"'),
    "GET one MCP server": ofUser(`/api/mcp-servers/${serverSlug}`, serverSlug),
    "GET MCP servers, first 50": ofUser("/api/mcp-servers", '"hasMore"'),
    "GET toolkits, first 50": ofUser("/api/toolkits", '"hasMore"'),
    "GET access to MCP servers, first 50": get(`/api/users/${userId}/access?kind=mcp-servers`, '"verdict"'),
  };
}

function hello(): Exchange {
  return { method: "GET", path: "/", headers: {}, status: 200, holds: "Hello World!" };
}

async function timed(server: Server, exchange: Exchange): Promise<{ cpuMs: number; latenciesMs: number[] }> {
  const before = await server.used();
  const latenciesMs = await play(server.port, () => exchange, requests);
  const after = await server.used();
  return { cpuMs: (after.cpuMs - before.cpuMs) / requests, latenciesMs };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function table(): string {
  const of = (store: StoreName, name: string, size: string) =>
    rows.find((each) => each.store === store && each.name === name && each.size === size);
  const lines = stores.flatMap((store) =>
    [...new Set(rows.map(({ name }) => name))].map((name) => {
      const [few, many] = [of(store, name, "small"), of(store, name, "large")];
      if (!few || !many) return "";
      const times = (many.cpuMs / median(floorMs)).toFixed(1);
      const ratio = (many.cpuMs / few.cpuMs).toFixed(1);
      const cells = [few.cpuMs, many.cpuMs].map((each) => each.toFixed(2));
      return `| ${[store, name, ...cells, times, ratio, few.p50Ms.toFixed(2), many.p50Ms.toFixed(2)].join(" | ")} |`;
    }),
  );
  return `Floor ${median(floorMs).toFixed(3)} ms of CPU.

| store | request | CPU small | CPU large | large x floor | large / small | p50 small | p50 large |
| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |
${lines.join("\n")}
`;
}
