import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import supertest from "supertest";
import type { Environment } from "../../src/config.ts";
import { freePort } from "./free-port.ts";
import { assertHoldsNoSecret, remember } from "./secrets.ts";
import type { Agent } from "./service.ts";

const program = (name: "main" | "cli"): string => fileURLToPath(new URL(`../../src/${name}.js`, import.meta.url));

/** The service as its operator runs it: a process of its own, and its output. */
export interface ServiceProcess {
  readonly port: number;
  readonly child: ChildProcess;
  /** The token of the first start; empty at every later one. */
  readonly firstSecret: string;
  stdout(): string;
  stderr(): string;
  with(secret: string): Agent;
  /** Sends a signal and waits for the end. @returns the exit code, or the signal's name */
  end(signal: NodeJS.Signals): Promise<number | string>;
}

/** Starts main.js and waits until it listens. @throws Error with its output when it ends before */
export async function startProcess(environment: Environment): Promise<ServiceProcess> {
  const port = await freePort();
  const child = spawn(process.execPath, ["--disable-proto=delete", program("main")], {
    env: { PATH: process.env["PATH"], RATE_LIMIT: "off", ...environment, PORT: String(port) },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk) => {
    stdout += chunk;
  });
  child.stderr.on("data", (chunk) => {
    stderr += chunk;
  });
  const exited = once(child, "exit").then(([code, signal]) => (code ?? signal) as number | string);
  await new Promise<void>((resolve, reject) => {
    // Standard output is another pipe, which may come a little later.
    child.stderr.on("data", () => stderr.includes('"message":"listening"') && setTimeout(resolve, 100));
    void exited.then((code) => reject(new Error(`ended with ${code}: ${stderr}`)));
  });
  const firstSecret = /\b\w+_[0-9A-Za-z]{39}\b/.exec(stdout)?.[0] ?? "";
  if (firstSecret !== "") remember(firstSecret);
  return {
    port,
    child,
    firstSecret,
    stdout: () => stdout,
    stderr: () => stderr,
    with: (secret) => supertest.agent(`http://127.0.0.1:${port}`).set("Authorization", `Bearer ${secret}`) as Agent,
    end: async (signal) => {
      child.kill(signal);
      const code = await exited;
      assertHoldsNoSecret(stderr, "the log of a process");
      return code;
    },
  };
}

/** Runs one of the operator's commands to its end. */
export function runCli(environment: Environment, ...args: readonly string[]): Promise<Ended> {
  return pipeToCli("", environment, ...args);
}

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The same, with something on its standard input. */
export async function pipeToCli(input: string, environment: Environment, ...args: readonly string[]): Promise<Ended> {
  const run = promisify(execFile)(process.execPath, [program("cli"), ...args], {
    env: { PATH: process.env["PATH"], ...environment },
  });
  run.child.stdin?.end(input);
  return run.then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    (error: { code: number; stdout: string; stderr: string }) => error,
  );
}
