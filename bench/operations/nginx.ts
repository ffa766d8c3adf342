import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { access, chmod, constants, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { createCertificate } from "../../test/support/certificate.ts";
import { freePort } from "../../test/support/free-port.ts";
import { root } from "../../test/support/root.ts";
import type { LoadTarget } from "./load.ts";

/** nginx with the configuration of deploy/nginx, in front of services on this machine. */
export interface RunningNginx {
  readonly target: LoadTarget;
  /** Returns the lines of its error log. */
  readErrors(): Promise<readonly string[]>;
  stop(): Promise<void>;
}

const run = promisify(execFile);
const serverName = "gatehouse.example.com";

/**
 * Starts nginx. Of the configuration, only addresses and paths are changed.
 * @param ports of the services
 * @param directory for its files
 * @throws Error if there is no nginx or no openssl
 */
export async function startNginx(ports: readonly number[], directory: string): Promise<RunningNginx> {
  const [program, port] = [await findNginx(), await freePort()];
  await chmod(directory, 0o711); // workers of an nginx that root starts run as another user
  const certificate = await createCertificate(directory, serverName);
  if (!certificate) throw new Error("openssl is needed to create a certificate");
  await rename(certificate.cert, join(directory, "gatehouse.crt"));
  await rename(certificate.key, join(directory, "gatehouse.key"));
  const read = (name: string): Promise<string> => readFile(join(root, "deploy/nginx", name), "utf8");
  await writeFile(
    join(directory, "gatehouse.conf"),
    replace(await read("gatehouse.conf"), {
      "listen 443": `listen 127.0.0.1:${port}`,
      "/etc/nginx/tls/": `${directory}/`,
    }),
  );
  const upstream = await read("upstream.conf");
  const line = /^ *server 127\.0\.0\.1:8080\b.*;$/m.exec(upstream)?.[0] ?? "";
  const lines = ports.map((each) => line.replace(":8080", `:${each}`)).join("\n");
  await writeFile(join(directory, "upstream.conf"), replace(upstream, { [line]: lines }));
  await writeFile(join(directory, "nginx.conf"), mainConfiguration(directory));
  const errorLog = join(directory, "error.log");
  const child = spawn(program, ["-c", join(directory, "nginx.conf"), "-e", errorLog], { stdio: "inherit" });
  const exited = once(child, "exit");
  const target = { port, tls: { name: serverName, certificate: await readFile(join(directory, "gatehouse.crt")) } };
  while (!(await readFile(join(directory, "nginx.pid"), "utf8").catch(() => ""))) {
    if (child.exitCode !== null)
      throw new Error(`nginx exited with ${child.exitCode}: ${await readFile(errorLog, "utf8")}`);
    await delay(20);
  }
  return {
    target,
    readErrors: async () => (await readFile(errorLog, "utf8")).split("\n").filter((each) => each !== ""),
    stop: async () => {
      child.kill("SIGTERM");
      await exited;
    },
  };
}

/** @throws Error for a string that the text does not have, so that a changed sample is noticed */
function replace(text: string, replacements: Readonly<Record<string, string>>): string {
  return Object.entries(replacements).reduce((result, [from, to]) => {
    if (from === "" || !result.includes(from)) throw new Error(`deploy/nginx has no "${from}"`);
    return result.replaceAll(from, to);
  }, text);
}

const mainConfiguration = (directory: string): string => `
daemon off;
worker_processes 2;
pid ${directory}/nginx.pid;
events {}
http {
  ${["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((name) => `${name}_temp_path ${directory}/${name};`).join("\n  ")}
  include ${directory}/upstream.conf;
  include ${directory}/gatehouse.conf;
}
`;

/** Finds nginx: an installed one, one that an earlier run has unpacked, or the package of Debian and Ubuntu. */
async function findNginx(): Promise<string> {
  const cache = join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "gatehouse-test");
  const unpacked = join(cache, "nginx");
  const installed = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin"].map((each) => join(each, "nginx"));
  const candidates = [...installed, join(unpacked, "usr/sbin/nginx")];
  const findExecutable = async (): Promise<string | undefined> => {
    for (const path of candidates) {
      const isExecutable = await access(path, constants.X_OK).then(
        () => true,
        () => false,
      );
      if (isExecutable) return path;
    }
    return undefined;
  };
  const found = await findExecutable();
  if (found !== undefined) return found;
  await mkdir(cache, { recursive: true });
  const directory = await mkdtemp(join(cache, "nginx-"));
  try {
    await run("apt-get", ["download", "nginx"], { cwd: directory });
    const file = (await readdir(directory)).find((name) => name.endsWith(".deb")) ?? "";
    await run("dpkg", ["-x", join(directory, file), join(directory, "unpacked")]);
    await rename(join(directory, "unpacked"), unpacked);
  } catch (error) {
    throw new Error(`nginx is not installed, and its package cannot be downloaded: ${String(error)}`);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
  return (await findExecutable()) ?? "nginx";
}
