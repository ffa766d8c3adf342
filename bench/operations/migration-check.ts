import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { Environment } from "../../src/config.ts";
import { withDatabase } from "../../test/store/mongodb/mongodb.fixture.ts";
import { startDedicatedMongod } from "../../test/support/mongod.ts";
import { startProcess } from "../../test/support/process.ts";
import { runInWorkspace } from "./cleanup.ts";
import { runMeasured } from "./measured-cli.ts";
import { type SeededTokens, seedStore } from "./seed.ts";

/**
 * Moves a store from SQLite to MongoDB and back with the commands of the CLI, as docs/operations.md describes, and measures
 * each of them. Exits with 1 if two exports differ, `verify` finds a violation, or a token is not what it was.
 */
const { values: options } = parseArgs({
  options: {
    users: { type: "string", default: "10000" },
    groups: { type: "string", default: "1000" },
    memberships: { type: "string", default: "100000" },
    tokens: { type: "string", default: "1000" },
    profile: { type: "string" }, // a directory for CPU profiles of the commands
  },
});
/** Tokens that are sent to each store, of those that are valid and of those that are revoked. */
const sampleMax = 20;
/** The goal for the memory of a command, over that of one that reads nothing. */
const overIdleMiBMax = 256;

const print = (line: string): void => void process.stdout.write(`${line}\n`);

await runInWorkspace(async ({ directory, onEnd }) => {
  const size = {
    ...{ users: Number(options.users), groups: Number(options.groups) },
    ...{ memberships: Number(options.memberships), tokens: Number(options.tokens) },
  };
  const mongod = await startDedicatedMongod("replica-set");
  if (!mongod) throw new Error("no mongod is available");
  onEnd(() => mongod.dispose());
  const stores: readonly { readonly name: string; readonly environment: Environment }[] = [
    { name: "SQLite", environment: { DATA_DIR: join(directory, "first") } },
    { name: "MongoDB", environment: { MONGODB_URI: withDatabase(mongod.uri, "gatehouse") } },
    { name: "SQLite again", environment: { DATA_DIR: join(directory, "second") } },
  ];
  const failures: string[] = [];

  const [first] = stores;
  if (!first) throw new Error("expected a store");
  const seedingAt = performance.now();
  const tokens = await seedStore(first.environment, size);
  print(`Seeded ${JSON.stringify(size)} in ${((performance.now() - seedingAt) / 1000).toFixed(1)} s`);
  const idle = await runMeasured(directory, first.environment, ["organization", "list"]);
  print(`Idle: a command that reads nothing has ${idle.peakMiB.toFixed(0)} MiB\n`);

  const measure = async (name: string, environment: Environment, args: readonly string[]): Promise<void> => {
    const flags = options.profile === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${options.profile}`];
    const use = await runMeasured(directory, environment, args, flags);
    const overIdleMiB = use.peakMiB - idle.peakMiB;
    const columns = [
      `${use.seconds.toFixed(1)} s`.padStart(9),
      `${use.cpuSeconds.toFixed(1)} s CPU`.padStart(12),
      `${overIdleMiB.toFixed(0)} MiB over idle`.padStart(19),
    ];
    print(`${name.padEnd(22)} ${columns.join("")}`);
    if (overIdleMiB > overIdleMiBMax) failures.push(`${name}: ${overIdleMiB.toFixed(0)} MiB over idle`);
  };
  let previous: { readonly file: string; readonly digest: string } | undefined;
  for (const [at, { name, environment }] of stores.entries()) {
    if (previous) await measure(`import to ${name}`, environment, ["import", previous.file]);
    await measure(`verify ${name}`, environment, ["verify"]);
    const file = join(directory, `${at}.jsonl`);
    await measure(`export from ${name}`, environment, ["export", "--with-credentials", "--to", file]);
    const digest = await digestOf(file);
    if (previous && previous.digest !== digest) failures.push(`the export from ${name} differs from the one before`);
    previous = { file, digest };
    failures.push(...(await checkTokens(name, environment, tokens)));
  }
  const fileMiB = previous ? (await stat(previous.file)).size / 1024 ** 2 : 0;
  print(`\nThe file has ${fileMiB.toFixed(1)} MiB. Three exports were compared.`);
  for (const failure of failures) print(`FAILED: ${failure}`);
  return failures.length === 0 ? 0 : 1;
});

async function digestOf(file: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(file)) hash.update(chunk);
  return hash.digest("hex");
}

/**
 * Starts the service on a store that was exported, because a request changes what is recorded about its token.
 * @returns what is wrong
 */
async function checkTokens(name: string, environment: Environment, tokens: SeededTokens): Promise<string[]> {
  const service = await startProcess({ ...environment, ACCESS_LOG: "off" });
  try {
    const failures: string[] = [];
    for (const [kind, expected] of [["valid", 200] as const, ["revoked", 401] as const]) {
      const sample = tokens[kind].filter((_, at, all) => at % Math.ceil(all.length / sampleMax) === 0);
      for (const secret of sample) {
        const { status } = await service.clientWithSecret(secret).get("/scim/v2/Users?count=1");
        if (status !== expected) failures.push(`${name}: a ${kind} token got ${status}`);
      }
    }
    return failures;
  } finally {
    await service.stop("SIGTERM");
  }
}
