import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readdirSync, readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Environment } from "../../src/config.ts";
import type { MemoryReport } from "./report-memory.ts";

/** What a service holds at one moment, in MiB and numbers. */
export interface Held {
  readonly rssMiB: number;
  /** After a full garbage collection. */
  readonly heapMiB: number;
  /** Buffers and other memory outside of the heap that objects hold. */
  readonly externalMiB: number;
  /** Timers, sockets and other resources that keep the event loop alive. */
  readonly handles: number;
  /** Open file descriptors; 0 on systems without /proc. */
  readonly files: number;
}

/** The service in a process whose memory can be measured. */
export interface MeasuredService {
  readHeld(): Promise<Held>;
  /** Stops the service, unless it has ended. @returns the exit code; null if a signal has killed it */
  stop(): Promise<number | null>;
}

/**
 * Starts the service, and waits until it listens.
 * @param directory for its output: stdout.log and stderr.log
 * @throws Error with its log if it ends before
 */
export async function startMeasuredService(environment: Environment, directory: string): Promise<MeasuredService> {
  const reporter = new URL("./report-memory.js", import.meta.url).href;
  const main = fileURLToPath(new URL("../../src/main.js", import.meta.url));
  const outputs = ["stdout.log", "stderr.log"].map((name) => openSync(join(directory, name), "a"));
  const [stdout = 1, stderr = 2] = outputs;
  const child = spawn(process.execPath, ["--disable-proto=delete", "--expose-gc", "--import", reporter, main], {
    env: { PATH: process.env["PATH"], ...environment },
    stdio: ["ignore", stdout, stderr, "ipc"],
  });
  for (const each of outputs) closeSync(each);
  const readLog = (): Promise<string> => readFile(join(directory, "stderr.log"), "utf8");
  while (!(await readLog()).includes('"message":"listening"')) {
    if (child.exitCode !== null) throw new Error(`the service exited with ${child.exitCode}: ${await readLog()}`);
    await delay(50);
  }
  return {
    readHeld: async () => ({ ...(await requestReport(child)), files: countFiles(child.pid) }),
    stop: async () => {
      if (child.exitCode === null && child.signalCode === null) {
        const exited = once(child, "exit");
        child.kill("SIGTERM");
        await exited;
      }
      return child.exitCode;
    },
  };
}

async function requestReport(child: ChildProcess): Promise<Omit<Held, "files">> {
  const reply = once(child, "message");
  child.send("report");
  const [{ heapUsed, external, handles }] = (await reply) as [MemoryReport];
  const rss = Number(/^VmRSS:\s+(\d+)/m.exec(readStatus(child.pid))?.[1] ?? 0) * 1024;
  const toMiB = (bytes: number): number => bytes / 1024 ** 2;
  return { rssMiB: toMiB(rss), heapMiB: toMiB(heapUsed), externalMiB: toMiB(external), handles };
}

function readStatus(pid: number | undefined): string {
  try {
    return readFileSync(`/proc/${pid}/status`, "latin1");
  } catch {
    return "";
  }
}

function countFiles(pid: number | undefined): number {
  try {
    return readdirSync(`/proc/${pid}/fd`).length;
  } catch {
    return 0;
  }
}
