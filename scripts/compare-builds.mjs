/**
 * Compares what requests cost in two builds: `node scripts/compare-builds.mjs OLD NEW [--store SQLite] [--users 2000]
 * [--rounds 9] [--connections 8] [--only TEXT]... [--old NAME=VALUE]... [--new NAME=VALUE]...`. OLD and NEW are checkouts with compiled code (`npm run compile`). If
 * they share node_modules through links, run it with `node --preserve-symlinks`, so that each has modules of its own. Both
 * services run at the same time on stores of their own; their rounds alternate, so that a change of the machine's speed
 * affects both. Each line is the median of the ratios of CPU time per request, new to old, of neighboring rounds, then the
 * medians of both: CPU time and latency in milliseconds, and on MongoDB round trips and mongod's CPU time per request.
 */
import { resolve } from "node:path";
import { parseArgs } from "node:util";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    store: { type: "string", default: "SQLite" },
    users: { type: "string", default: "2000" },
    rounds: { type: "string", default: "9" },
    connections: { type: "string", default: "8" },
    old: { type: "string", multiple: true, default: [] }, // settings of the old build; the same checkout twice compares settings
    new: { type: "string", multiple: true, default: [] },
    only: { type: "string", multiple: true }, // rows with one of these strings in their name; repeat the option
  },
});
if (positionals.length !== 2) {
  process.stderr.write("Name two checkouts: node scripts/compare-builds.mjs OLD NEW\n");
  process.exit(2);
}

// The same client loads both builds.
const loadNew = (name) => import(`${resolve(positionals[1])}/dist/bench/${name}.js`);
const [{ readDatabaseUse }, { runLoad }] = await Promise.all(["database-use", "load"].map(loadNew));
const connections = Number(values.connections);
const builds = [];
for (const [at, root] of positionals.entries())
  builds.push(await start(resolve(root), Object.fromEntries(values[at === 0 ? "old" : "new"].map(readSetting))));
try {
  const [old, now] = builds;
  for (let round = 0; round < 6; round++) for (const build of builds) await warmUp(build);
  for (const [name, oldRow] of old.rows) {
    const nowRow = now.rows.get(name);
    if (!nowRow || isLeftOut(oldRow)) continue;
    const ratios = [];
    const costs = new Map(builds.map((build) => [build, []]));
    for (let round = 0; round < Number(values.rounds); round++) {
      // The build that goes first alternates, so that neither profits from its place.
      const order = round % 2 === 0 ? [old, now] : [now, old];
      for (const build of order) costs.get(build).push(await measure(build, name));
      ratios.push(costs.get(now).at(-1).cpuMs / costs.get(old).at(-1).cpuMs);
    }
    const columns = [median(ratios).toFixed(3), compare("ms", "cpuMs", 3), compare("p50 ms", "p50Ms", 2)];
    if (values.store === "MongoDB") columns.push(compare("trips", "trips", 2), compare("mongod ms", "mongodMs", 3));
    process.stdout.write(`${columns.join("  ")}  ${name}\n`);

    function compare(unit, field, digits) {
      const [before, after] = [old, now].map((build) => median(costs.get(build).map((cost) => cost[field])));
      return `${before.toFixed(digits)} -> ${after.toFixed(digits)} ${unit}`;
    }
  }
} finally {
  for (const { service, store } of builds) {
    await service.stop();
    await store.dispose();
  }
}
process.exit(0);

function readSetting(text) {
  const at = text.indexOf("=");
  return [text.slice(0, at), text.slice(at + 1)];
}

async function start(root, settings) {
  const load = (name) => import(`${root}/dist/bench/${name}.js`);
  const [{ openEmptyStore }, { seedDirectory }, { rowsFor }, { startService }] = await Promise.all(
    ["stores", "directory", "rows", "server"].map(load),
  );
  const store = await openEmptyStore(values.store);
  const directory = await seedDirectory(store.environment, Number(values.users));
  const service = await startService({ ...store.environment, ...settings });
  const rows = rowsFor(directory).filter(({ name }) => values.only?.some((part) => name.includes(part)) ?? true);
  return { store, service, rows: new Map(rows.map((row) => [row.name, row])) };
}

/** A row that the benchmark runs once is compared only if it is named in full, because some of them can run only once. */
function isLeftOut({ isOnce, name }) {
  return isOnce && !values.only?.includes(name);
}

async function warmUp({ service, rows }) {
  for (const row of rows.values())
    if (!isLeftOut(row)) await runLoad(service.port, row.nextRequest, requestsOf(row), connections);
}

/** Returns the number of requests in one round: several on each connection, unless the row can send only a few. */
function requestsOf({ requests, isOnce }) {
  return isOnce ? requests : Math.max(requests, 5 * connections);
}

/**
 * @returns milliseconds of CPU time of the service and of mongod, and round trips to mongod, per request; the median
 *   latency in milliseconds
 */
async function measure({ service, store, rows }, name) {
  const row = rows.get(name);
  const requests = requestsOf(row);
  const before = await readUse(service, store);
  const latenciesMs = await runLoad(service.port, row.nextRequest, requests, connections);
  const after = await readUse(service, store);
  const use = Object.fromEntries(
    Object.entries(after).map(([field, value]) => [field, (value - before[field]) / requests]),
  );
  return { ...use, p50Ms: median(latenciesMs) };
}

async function readUse(service, store) {
  const { cpuMs } = await service.readUse();
  const database = await readDatabaseUse(store.environment);
  return database ? { cpuMs, trips: database.roundTrips, mongodMs: database.cpuMs } : { cpuMs };
}

function median(numbers) {
  return [...numbers].sort((one, other) => one - other)[Math.floor(numbers.length / 2)];
}
