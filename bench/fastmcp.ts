import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { installPythonPackages } from "../test/clients/client-cache.fixture.ts";
import { freePort } from "../test/support/free-port.ts";
import { root } from "../test/support/root.ts";
import { send } from "./load.ts";
import { mcpRequest } from "./mcp-requests.ts";

/** Another gateway, for comparison: the proxy of FastMCP, in front of the same MCP server. */
export interface ComparedProxy {
  readonly port: number;
  /** Returns the CPU time of the process so far, in milliseconds. */
  readCpuMs(): Promise<number>;
  stop(): Promise<void>;
}

const requirements = join(root, "test/clients/mcp-python/fastmcp.txt");
/** Linux counts CPU time in hundredths of a second (proc_pid_stat). */
const tickMs = 10;

/** Starts the proxy. @returns undefined, with a printed reason, without FastMCP and on systems that have no /proc */
export async function startFastMcpProxy(upstreamUrl: string): Promise<ComparedProxy | undefined> {
  if (process.platform !== "linux") {
    process.stderr.write("FastMCP is not measured: only Linux shows the CPU time of another process.\n");
    return undefined;
  }
  const packages = await installPythonPackages("mcp-python-fastmcp", requirements);
  if (packages === undefined) return undefined;
  const port = await freePort();
  const environment = {
    PATH: process.env["PATH"],
    PYTHONPATH: packages,
    UPSTREAM_URL: upstreamUrl,
    PORT: String(port),
  };
  const child = spawn("python3", [join(root, "bench/fastmcp_proxy.py")], { env: environment, stdio: "ignore" });
  const exited = once(child, "exit");
  await waitUntilServing(port, child);
  return {
    port,
    readCpuMs: async () => {
      const stat = await readFile(`/proc/${child.pid}/stat`, "latin1");
      const [, , , , , , , , , , , user, system] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      return (Number(user) + Number(system)) * tickMs;
    },
    stop: async () => {
      child.kill("SIGKILL");
      await exited;
    },
  };
}

async function waitUntilServing(port: number, child: ChildProcess): Promise<void> {
  const list = mcpRequest("2025-06-18", "tools/list");
  for (let attempt = 0; attempt < 300; attempt++) {
    const reply = await send(port, list).catch(() => undefined);
    if (reply?.status === list.status) return;
    if (child.exitCode !== null) break;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error("the FastMCP proxy does not respond");
}
