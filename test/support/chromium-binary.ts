import { execFile } from "node:child_process";
import { access, constants, mkdir, mkdtemp, readdir, readFile, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";

/** A Chromium executable, and the environment that it needs. */
export interface ChromiumBinary {
  readonly path: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Its source, for the line that a test run prints. */
  readonly origin: string;
}

/**
 * Finds a Chromium for the tests, in this order: the one in TEST_CHROMIUM, an installed one, one that an earlier run has
 * unpacked, and, on Debian and its derivatives, its package, unpacked beside the other downloads without root.
 * @returns the reason as a string if none of these is available
 */
export async function findChromium(): Promise<ChromiumBinary | string> {
  const installed = await findInstalled();
  if (installed) return installed;
  if (!(await isUnpacked())) {
    const problem = await unpackPackages();
    if (problem !== undefined) return problem;
  }
  return {
    path: join(directory, program),
    environment: await toEnvironment(),
    origin: "Debian's package chromium-headless-shell",
  };
}

const run = promisify(execFile);

/** Outside the checkout, so that a new checkout uses the same downloads. */
const cache = join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "gatehouse-test");
const directory = join(cache, "chromium");
const program = "usr/lib/chromium/chromium-headless-shell";
/** A minimal system has no font, without which pages have no text. */
const packages = ["chromium-headless-shell", "fonts-dejavu-core", "fontconfig-config"];

async function findInstalled(): Promise<ChromiumBinary | undefined> {
  const configuredPath = process.env["TEST_CHROMIUM"];
  if (configuredPath) return { path: configuredPath, environment: {}, origin: "TEST_CHROMIUM" };
  for (const parent of (process.env["PATH"] ?? "").split(delimiter))
    for (const name of ["chromium-headless-shell", "chromium", "google-chrome"]) {
      const path = join(parent, name);
      if (parent && (await isExecutable(path))) return { path, environment: {}, origin: "PATH" };
    }
  return undefined;
}

const isUnpacked = (): Promise<boolean> => isExecutable(join(directory, program));

/**
 * Unpacks the package and those of its dependencies that the system does not have. The lists of packages are read into a
 * directory of their own, because those of the system may be missing or old, and only root can update them.
 * @returns the reason if that is not possible
 */
async function unpackPackages(): Promise<string | undefined> {
  await mkdir(cache, { recursive: true });
  const workspace = await mkdtemp(join(cache, "fetch-"));
  const [lists, archives, root] = ["lists", "archives", "root"].map((name) => join(workspace, name)) as [
    string,
    string,
    string,
  ];
  const options = [
    ...[`Dir::State::lists=${lists}`, `Dir::Cache=${archives}`, "APT::Sandbox::User="],
    ...["Acquire::Retries=2", "Acquire::http::Timeout=30"],
  ].flatMap((option) => ["-o", option]);
  const apt = (args: readonly string[]) =>
    run("apt-get", [...options, "-qq", ...args], { cwd: archives, timeout: 120_000, maxBuffer: 16 * 2 ** 20 });
  try {
    for (const path of [join(lists, "partial"), join(archives, "archives/partial"), root])
      await mkdir(path, { recursive: true });
    await apt(["update"]);
    const { stdout } = await apt(["--simulate", "install", "--no-install-recommends", ...packages]);
    const missing = [...stdout.matchAll(/^Inst (\S+)/gm)].map(([, name = ""]) => name);
    await apt(["download", ...missing]);
    for (const name of (await readdir(archives)).filter((each) => each.endsWith(".deb")))
      await run("dpkg", ["--extract", join(archives, name), root]);
    // If a concurrent run was faster, its directory is used.
    await rename(root, directory).catch(() => undefined);
    return (await isUnpacked()) ? undefined : `Debian's packages do not contain ${program}`;
  } catch (error) {
    const { code, stderr = "" } = error as { code?: unknown; stderr?: string };
    return code === "ENOENT"
      ? "there is no apt-get to fetch one with"
      : `Debian's package could not be fetched: ${stderr.trim().split("\n").at(-1) || code}`;
  } finally {
    await rm(workspace, { recursive: true, force: true });
  }
}

/** The libraries and fonts that were unpacked with it. */
async function toEnvironment(): Promise<Record<string, string>> {
  const libraries = join(directory, "usr/lib");
  const triplet = (await readdir(libraries)).find((name) => name.endsWith("-linux-gnu")) ?? "";
  const hasFonts = await readFile(join(directory, "etc/fonts/fonts.conf")).then(
    () => true,
    () => false,
  );
  return {
    LD_LIBRARY_PATH: [join(libraries, triplet), join(libraries, triplet, "pulseaudio")].join(delimiter),
    ...(hasFonts && { FONTCONFIG_PATH: join(directory, "etc/fonts"), XDG_DATA_HOME: join(directory, "usr/share") }),
  };
}

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}
