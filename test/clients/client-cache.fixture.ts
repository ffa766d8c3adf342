import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { access, copyFile, mkdir, mkdtemp, readFile, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

/** Outside the checkout, so that a new checkout uses the same downloads. */
const cache = join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "gatehouse-test", "clients");

/** How programs reach each other and the registries. */
const passedVariables = [
  ...["HOME", "PATH", "HTTPS_PROXY", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS", "PIP_INDEX_URL", "npm_config_registry"],
  ...["GOPROXY", "GOSUMDB", "GOFLAGS"],
];

/** Runs a program, without the credentials that the environment may hold. @throws Error if it fails or takes too long */
export async function runProgram(
  program: string,
  args: readonly string[],
  { environment = {}, timeoutMs = 180_000 }: { environment?: Record<string, string>; timeoutMs?: number } = {},
): Promise<string> {
  const inherited = passedVariables.map((name) => [name, process.env[name]] as const);
  const passed = Object.fromEntries([...inherited, ...Object.entries(environment)].filter(([, value]) => value));
  const options = { env: passed, timeout: timeoutMs, killSignal: "SIGKILL", maxBuffer: 64 * 1024 * 1024 } as const;
  return (await promisify(execFile)(program, args, options)).stdout;
}

/**
 * Installs Python packages with pip, as `installClient` does.
 * @param requirements the file with the pinned versions
 * @returns the directory for PYTHONPATH; undefined, with a printed reason, if they cannot be installed
 */
export const installPythonPackages = (name: string, requirements: string): Promise<string | undefined> =>
  installClient(
    name,
    requirements,
    (target) =>
      runProgram("python3", [
        ...["-m", "pip", "install", "--quiet", "--target", target, "--requirement", requirements],
      ]),
    { isRequiredInCi: true },
  );

/**
 * Installs a client of another project into the cache of the tests, unless an earlier run did.
 * @param name of the client, for the directory and messages
 * @param definitions the files with the pinned versions; other content is another installation
 * @param install installs into an empty directory, which may move afterwards
 * @returns the directory; undefined, with a printed reason, if the client cannot be installed
 * @throws Error instead, with `CI=true` for a client that CI must have
 */
export async function installClient(
  name: string,
  definitions: string | readonly string[],
  install: (directory: string) => Promise<unknown>,
  { isRequiredInCi }: { readonly isRequiredInCi: boolean },
): Promise<string | undefined> {
  try {
    return await fillDirectory(name, definitions, install);
  } catch (error) {
    const { stderr = "", message } = error as { stderr?: string; message: string };
    const reason = (stderr.trim().split("\n").at(-1) || message).slice(0, 300);
    if (isRequiredInCi && process.env["CI"] === "true") throw new Error(`${name} cannot be installed: ${reason}`);
    process.stdout.write(`    (skipped: ${name} cannot be installed: ${reason})\n`);
    return undefined;
  }
}

/**
 * Generates and compiles a client with what is installed, unless an earlier run did.
 * @param definitions the files that it is generated from; other content is another client
 * @returns the directory
 * @throws Error with the output of the failed program
 */
export async function buildClient(
  name: string,
  definitions: readonly string[],
  build: (directory: string) => Promise<unknown>,
): Promise<string> {
  try {
    return await fillDirectory(name, definitions, build);
  } catch (error) {
    const { stderr = "", stdout = "", message } = error as { stderr?: string; stdout?: string; message: string };
    throw new Error(`${name} cannot be built: ${message.slice(0, 300)}\n${`${stdout}${stderr}`.slice(-3000)}`);
  }
}

/** Fills a directory of the cache as a whole, named by the content of the definitions. */
async function fillDirectory(
  name: string,
  definitions: string | readonly string[],
  fill: (directory: string) => Promise<unknown>,
): Promise<string> {
  const digest = createHash("sha256");
  for (const path of [definitions].flat()) digest.update(await readFile(path));
  const directory = join(cache, `${name}-${digest.digest("hex").slice(0, 12)}`);
  if (await exists(directory)) return directory;
  await mkdir(cache, { recursive: true });
  const draft = await mkdtemp(join(cache, `${name}-draft-`));
  try {
    await fill(draft);
    // Another run may have finished first.
    await rename(draft, directory).catch((error: unknown) =>
      exists(directory).then((is) => is || Promise.reject(error)),
    );
    return directory;
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

/**
 * Downloads the modules of a Go program, as `installClient` does.
 * @param directory with go.mod and go.sum
 * @returns false, with a printed reason, if they cannot be downloaded
 */
export async function downloadGoModules(name: string, directory: string, timeoutMs: number): Promise<boolean> {
  const files = ["go.mod", "go.sum"].map((file) => join(directory, file));
  const installed = await installClient(
    `${name}-modules`,
    files,
    async (target) => {
      for (const file of ["go.mod", "go.sum"]) await copyFile(join(directory, file), join(target, file));
      await runProgram("go", ["mod", "download", "-C", target], { timeoutMs });
    },
    { isRequiredInCi: false },
  );
  return installed !== undefined;
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );
