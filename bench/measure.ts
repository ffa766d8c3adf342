import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { Agent, request } from "node:http";
import { fileURLToPath } from "node:url";

/** A server in a process of its own, whose CPU is read from the system. */
export interface Server {
  readonly port: number;
  readonly child: ChildProcess;
}

export interface Call {
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface Measured {
  readonly cpuMs: number;
  readonly latenciesMs: readonly number[];
}

/** Starts a program beside this one and waits until it says that it listens. */
export async function startServer(
  program: string,
  port: number,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<Server> {
  const path = fileURLToPath(new URL(program, import.meta.url));
  const child = spawn(process.execPath, ["--disable-proto=delete", path, ...args], {
    env: { PATH: process.env["PATH"], ...environment },
    stdio: ["ignore", "ignore", "pipe"],
  });
  for (let said = ""; !said.includes('"message":"listening"'); ) {
    const [chunk] = await Promise.race([once(child.stderr, "data"), once(child, "exit")]);
    if (typeof chunk === "number") throw new Error(`${program} ended: ${said}`);
    said += chunk;
  }
  child.stderr.resume();
  return { port, child };
}

const connections = 8;
const agent = new Agent({ keepAlive: true, maxSockets: connections });
/** What /proc counts in: a hundredth of a second on Linux. */
const tickMs = 10;

/** Sends so many requests over a few kept connections. @returns the server's CPU for one of them, and their latencies */
export async function measure(server: Server, count: number, callOf: (at: number) => Call): Promise<Measured> {
  const latenciesMs: number[] = [];
  let next = 0;
  const before = await cpuTicks(server);
  await Promise.all(
    Array.from({ length: connections }, async () => {
      while (next < count) {
        const started = performance.now();
        await send(server.port, callOf(next++));
        latenciesMs.push(performance.now() - started);
      }
    }),
  );
  return { cpuMs: ((await cpuTicks(server)) - before) * (tickMs / count), latenciesMs };
}

async function send(port: number, { method, path, headers = {}, body }: Call): Promise<void> {
  const call = request({ port, host: "127.0.0.1", agent, method, path, headers });
  call.end(body);
  const [response] = await once(call, "response");
  response.resume();
  await once(response, "end");
  if (response.statusCode >= 400) throw new Error(`${method} ${path}: ${response.statusCode}`);
}

/** User and system time of the process, all of its threads. */
async function cpuTicks({ child }: Server): Promise<number> {
  const stat = await readFile(`/proc/${child.pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return Number(fields[11]) + Number(fields[12]);
}

export function quantile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0;
}
