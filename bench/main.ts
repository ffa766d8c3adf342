import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Call, type Measured, measure, quantile, type Server, startServer } from "./measure.ts";
import { type Seeded, seed } from "./seed.ts";

/** With --quick: a small directory and few requests, to see that everything runs; nothing is written. */
const quick = process.argv.includes("--quick");
const rounds = quick ? 1 : 5;
const requests = quick ? 100 : 2000;
const sizes = quick ? [1000] : [1000, 100_000];
const servicePort = 18_471;
const floorPort = 18_472;

interface Row {
  readonly name: string;
  /** Multiple of the floor that is aimed at. */
  readonly goal?: number;
  readonly requests: number;
  readonly call: (at: number) => Call;
}

const scim = "application/scim+json";
const userUrn = "urn:ietf:params:scim:schemas:core:2.0:User";
let made = 0;

function rowsOf({ secret, userIds, groups }: Seeded): Row[] {
  const headers = { Authorization: `Bearer ${secret}` };
  const get = (path: string): Call => ({ method: "GET", path, headers });
  const pick = (at: number): number => (at * 7919) % userIds.length;
  const write = (method: string, path: string, body: object): Call => {
    const text = JSON.stringify(body);
    const length = String(Buffer.byteLength(text));
    return { method, path, headers: { ...headers, "Content-Type": scim, "Content-Length": length }, body: text };
  };
  const patch = (members: number, id: string): Row => ({
    name: `PATCH add or remove one member, group of ${members}`,
    goal: 5.5,
    requests: requests / 2,
    call: (at) => {
      const value = userIds.at(-1 - ((at >> 1) % 500)) ?? "";
      const operation = at % 2 === 0 ? "add" : "remove";
      return write("PATCH", `/scim/v2/Groups/${id}`, {
        schemas: ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        Operations: [{ op: operation, path: "members", value: [{ value }] }],
      });
    },
  });
  return [
    { name: "token check alone (GET /api/whoami)", requests, call: () => get("/api/whoami") },
    { name: "GET one user", goal: 1.7, requests, call: (at) => get(`/scim/v2/Users/${userIds[pick(at)]}`) },
    {
      name: "userName eq, other letter case",
      goal: 2,
      requests,
      call: (at) => get(`/scim/v2/Users?filter=userName%20eq%20%22USER${pick(at)}%40EXAMPLE.COM%22`),
    },
    { name: "list of 100, first page", goal: 11, requests: requests / 10, call: () => get("/scim/v2/Users?count=100") },
    {
      name: "POST user",
      goal: 8,
      requests: requests / 2,
      call: () =>
        write("POST", "/scim/v2/Users", {
          schemas: [userUrn],
          userName: `new${++made}@example.com`,
          name: { givenName: "New", familyName: "Comer" },
          emails: [{ value: `new${made}@example.com`, type: "work", primary: true }],
        }),
    },
    ...groups.map(({ id, members }) => patch(members, id)),
  ];
}

const floor = await startServer("./floor.js", floorPort, [String(floorPort)]);
const floorRounds: Measured[] = [];
const measureFloor = async (): Promise<void> => {
  floorRounds.push(await measure(floor, requests, () => ({ method: "GET", path: "/" })));
};
const lines: string[] = [];
for (const size of sizes) {
  const dataDir = await mkdtemp(join(tmpdir(), "gatehouse-bench-"));
  process.stderr.write(`seeding ${size} users through the store\n`);
  const seeded = await seed(dataDir, size, size > 1000 ? [10, size] : [10]);
  const service = await startServer("../src/main.js", servicePort, [], {
    DATA_DIR: dataDir,
    PORT: String(servicePort),
    RATE_LIMIT: "scim=100000000/1,api=100000000/1", // counted as ever, and never reached
  });
  await measureFloor(); // and once more for each row below, so that both see the same machine
  for (const row of rowsOf(seeded)) lines.push(await measured(service, size, row));
  service.child.kill("SIGTERM");
  await new Promise((resolve) => service.child.once("exit", resolve));
  await rm(dataDir, { recursive: true, force: true });
}
floor.child.kill();
const report = reportOf(lines);
process.stdout.write(report);
if (!quick) await writeFile(fileURLToPath(new URL("../../bench/RESULTS.md", import.meta.url)), report);

async function measured(service: Server, size: number, row: Row): Promise<string> {
  process.stderr.write(`${size} users: ${row.name}\n`);
  await measure(service, Math.max(20, row.requests / 10), row.call); // warms up
  const found: Measured[] = [];
  for (let round = 0; round < rounds; round++) {
    await measureFloor();
    found.push(await measure(service, row.requests, row.call));
  }
  const cpu = median(found);
  const multiple = cpu / median(floorRounds.slice(-rounds));
  const latencies = found.flatMap(({ latenciesMs }) => latenciesMs);
  const cells = [
    size,
    row.name,
    cpu.toFixed(3),
    multiple.toFixed(2),
    row.goal ?? "",
    quantile(latencies, 0.5).toFixed(1),
  ];
  return `| ${[...cells, quantile(latencies, 0.99).toFixed(1)].join(" | ")} |`;
}

function median(found: readonly Measured[]): number {
  return quantile(
    found.map(({ cpuMs }) => cpuMs),
    0.5,
  );
}

function reportOf(rows: readonly string[]): string {
  const [cpu] = cpus();
  return `# What requests cost

Written by \`npm run bench\`. Machine: ${cpus().length} x ${cpu?.model}, Node ${process.version}, embedded store. Everything is on: authentication, rate
limit, request log, audit, durable writes. Data were seeded through the store. Eight connections; CPU is the server's,
user and system, for one request, the median of ${rounds} rounds; each multiple is of the floor of the same minutes (a bare
Express answer, ${median(floorRounds).toFixed(3)} ms over the whole run).

| users | request | CPU, ms | x floor | goal | p50, ms | p99, ms |
| --- | --- | --- | --- | --- | --- | --- |
${rows.join("\n")}
`;
}
