import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import supertest from "supertest";
import { runCli as runCliInProcess } from "../../src/cli/run.ts";
import type { Environment } from "../../src/config.ts";
import { freePort } from "./free-port.ts";
import { assertNoSecrets, trackSecret } from "./secrets.ts";
import type { Agent } from "./service.ts";

const programPath = (name: "main" | "cli"): string => fileURLToPath(new URL(`../../src/${name}.js`, import.meta.url));

/**
 * The environment that every process of the tests has. Node 22 and later keep compiled modules in NODE_COMPILE_CACHE. The
 * coverage is that of the tests' own processes: writing and merging that of hundreds of others takes minutes.
 */
const inherited = (): Environment => ({
  PATH: process.env["PATH"],
  NODE_COMPILE_CACHE: process.env["NODE_COMPILE_CACHE"],
  NODE_V8_COVERAGE: "",
});

/** The service in a process of its own, as an operator runs it, and its output. */
export interface ServiceProcess {
  readonly port: number;
  readonly child: ChildProcess;
  /** The token that the first start prints; empty after every later start. */
  readonly firstSecret: string;
  stdout(): string;
  stderr(): string;
  clientWithSecret(secret: string): Agent;
  /** Waits until the log contains a string. @throws Error with the log if the process ends without it */
  waitForLog(text: string): Promise<void>;
  /** Sends a signal and waits for the process to end. @returns the exit code, or the name of the signal */
  stop(signal: NodeJS.Signals): Promise<number | string>;
}

/**
 * Starts main.js and waits until it listens.
 * @param options.port a free port by default
 * @param options.directory an installation whose dist/ is started instead of the compiled sources of the tests
 * @throws Error with its output if it ends before that
 */
export async function startProcess(
  environment: Environment,
  options: { readonly port?: number; readonly directory?: string } = {},
): Promise<ServiceProcess> {
  const port = options.port ?? (await freePort());
  const { directory } = options;
  const program = directory === undefined ? programPath("main") : join(directory, "dist/src/main.js");
  const child = spawn(process.execPath, ["--disable-proto=delete", program], {
    ...(directory !== undefined && { cwd: directory }),
    env: {
      ...inherited(),
      RATE_LIMIT: "off",
      CACHE: process.env["CACHE"],
      ...environment,
      PORT: String(port),
    },
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
    // Standard output is a separate pipe, which may arrive a little later.
    child.stderr.on("data", () => stderr.includes('"message":"listening"') && setTimeout(resolve, 100));
    void exited.then((code) => reject(new Error(`ended with ${code}: ${stderr}`)));
  });
  const firstSecret = /\b\w+_[0-9A-Za-z]{39}\b/.exec(stdout)?.[0] ?? "";
  if (firstSecret !== "") trackSecret(firstSecret);
  return {
    port,
    child,
    firstSecret,
    stdout: () => stdout,
    stderr: () => stderr,
    clientWithSecret: (secret) =>
      supertest.agent(`http://127.0.0.1:${port}`).set("Authorization", `Bearer ${secret}`) as Agent,
    waitForLog: async (text) => {
      while (!stderr.includes(text)) {
        if (child.exitCode !== null || child.signalCode !== null) throw new Error(`no "${text}" in the log: ${stderr}`);
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    },
    stop: async (signal) => {
      child.kill(signal);
      const code = await exited;
      assertNoSecrets(stderr, "the log of a process");
      return code;
    },
  };
}

export interface CliResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a CLI command in this process, which takes milliseconds instead of a second. */
export function runCli(environment: Environment, ...args: readonly string[]): Promise<CliResult> {
  return runCliWithInput("", environment, ...args);
}

/** Runs a CLI command in this process, with the specified standard input. */
export async function runCliWithInput(
  input: string,
  environment: Environment,
  ...args: readonly string[]
): Promise<CliResult> {
  const stdout: string[] = [];
  const stderr: string[] = [];
  const code = await runCliInProcess(args, {
    stdin: chunksOf(input),
    stdout: { write: (chunk) => stdout.push(chunk) },
    stderr: { write: (chunk) => stderr.push(chunk) },
    environment,
  });
  return { code, stdout: stdout.join(""), stderr: stderr.join("") };
}

async function* chunksOf(input: string): AsyncGenerator<string> {
  yield input;
}

/** Runs a CLI command in a process of its own. */
export async function runCliProcess(
  input: string,
  environment: Environment,
  ...args: readonly string[]
): Promise<CliResult> {
  const run = promisify(execFile)(process.execPath, [programPath("cli"), ...args], {
    env: { ...inherited(), ...environment },
  });
  run.child.stdin?.end(input);
  return run.then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    (error: CliResult) => error,
  );
}
