import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Environment } from "../../src/config.ts";

/** What a command of the CLI has used. */
export interface CommandUse {
  readonly seconds: number;
  /** User and system time of all threads. */
  readonly cpuSeconds: number;
  readonly peakMiB: number;
}

const cli = fileURLToPath(new URL("../../src/cli.js", import.meta.url));
const reporter = new URL("./report-peak.js", import.meta.url).href;

/**
 * Runs a command of the CLI in a process of its own.
 * @param directory for its measurements
 * @param flags of Node.js
 * @throws Error with its output if its exit code is not 0
 */
export async function runMeasured(
  directory: string,
  environment: Environment,
  args: readonly string[],
  flags: readonly string[] = [],
): Promise<CommandUse> {
  const file = join(directory, "use.json");
  const startedAt = performance.now();
  const child = spawn(process.execPath, [...flags, "--import", reporter, cli, ...args], {
    env: { PATH: process.env["PATH"], ...environment, MEASURE_FILE: file },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk) => {
      output = `${output}${chunk}`.slice(-2000);
    });
  const [code] = await once(child, "close");
  const seconds = (performance.now() - startedAt) / 1000;
  if (code !== 0) throw new Error(`gatehouse ${args.join(" ")} exited with ${code}: ${output}`);
  return { seconds, ...JSON.parse(await readFile(file, "utf8")) };
}
