import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Environment } from "../src/config.ts";
import { freePort } from "../test/support/free-port.ts";
import type { Used } from "./report-use.ts";

/** A server in a process of its own, which tells over a channel what it has used. The same for floor and service. */
export interface Server {
  readonly port: number;
  used(): Promise<Used>;
  end(): Promise<void>;
}

/** A bare Express answer. */
export function startFloor(): Promise<Server> {
  return start("./floor.js", {});
}

/**
 * The service as its operator starts it, with limits that nobody reaches.
 * @param store the settings that choose it
 * @param profileFolder where the process leaves a CPU profile when it ends
 */
export function startService(store: Environment, profileFolder?: string): Promise<Server> {
  const profiling = profileFolder === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${profileFolder}`];
  const limits = ["scim", "api", "connect", "connect-organization"].map((name) => `${name}=100000000/1`);
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
  await listening(child);
  return {
    port,
    used: async () => {
      const answered = once(child, "message");
      child.send("used");
      const [used] = await answered;
      return used as Used;
    },
    end: async () => {
      const exited = once(child, "exit");
      child.kill("SIGTERM");
      await exited;
    },
  };
}

async function listening(child: ChildProcess): Promise<void> {
  let told = "";
  await new Promise<void>((resolve, reject) => {
    child.stderr?.on("data", (chunk) => {
      told += chunk;
      if (told.includes("listening")) resolve();
    });
    child.once("exit", (code) => reject(new Error(`the server ended with ${code}: ${told}`)));
  });
}
