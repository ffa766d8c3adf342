import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Environment } from "../src/config.ts";
import { freePort } from "../test/support/free-port.ts";
import type { ResourceUse, UsageRequest } from "./report-use.ts";

/** A server in a separate process that reports its resource usage over IPC: the floor or the service. */
export interface Server {
  readonly port: number;
  readUse(): Promise<ResourceUse>;
  /** Measures from now on how long the event loop is held. */
  watchEventLoop(): Promise<ResourceUse>;
  stop(): Promise<void>;
}

/** Starts the floor, a minimal Express app. */
export function startFloor(): Promise<Server> {
  return start("./floor.js", {});
}

/**
 * Starts the service as in production, with rate limits that the benchmark does not reach.
 * @param store the settings that select the store
 * @param profileDirectory directory in which the process writes a CPU profile on exit
 */
export function startService(store: Environment, profileDirectory?: string): Promise<Server> {
  const profiling = profileDirectory === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${profileDirectory}`];
  const limits = ["scim", "api", "connect", "connect-organization", "mcp", "mcp-organization"].map(
    (name) => `${name}=100000000/1`,
  );
  return start("../src/main.js", { ...store, RATE_LIMIT: limits.join() }, profiling);
}

async function start(program: string, environment: Environment, flags: readonly string[] = []): Promise<Server> {
  const port = await freePort();
  const reporter = new URL("./report-use.js", import.meta.url).href;
  const path = fileURLToPath(new URL(program, import.meta.url));
  const child = spawn(process.execPath, ["--disable-proto=delete", ...flags, "--import", reporter, path], {
    env: { PATH: process.env["PATH"], ...environment, HOST: "127.0.0.1", PORT: String(port) },
    stdio: ["ignore", "ignore", "pipe", "ipc"],
  });
  await waitUntilListening(child);
  const report = async (message: UsageRequest): Promise<ResourceUse> => {
    const reply = once(child, "message");
    child.send(message);
    const [used] = await reply;
    return used as ResourceUse;
  };
  return {
    port,
    readUse: () => report("used"),
    watchEventLoop: () => report("watch"),
    stop: async () => {
      const exited = once(child, "exit");
      child.kill("SIGTERM");
      await exited;
    },
  };
}

async function waitUntilListening(child: ChildProcess): Promise<void> {
  let stderrText = "";
  await new Promise<void>((resolve, reject) => {
    child.stderr?.on("data", (chunk) => {
      stderrText += chunk;
      if (stderrText.includes("listening")) resolve();
    });
    child.once("exit", (code) => reject(new Error(`the server exited with code ${code}: ${stderrText}`)));
  });
}
