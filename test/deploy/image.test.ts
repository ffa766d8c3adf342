import { execFile, spawnSync } from "node:child_process";
import { existsSync, realpathSync } from "node:fs";
import { cp, mkdir, mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import { expect } from "chai";
import { freePort } from "../support/free-port.ts";
import { startProcess } from "../support/process.ts";
import { root } from "../support/root.ts";
import { userUrn } from "../support/service.ts";
import { type Instruction, parseCommand, readStages, valuesOf } from "./dockerfile.fixture.ts";

/** Node.js 24.15 has SQLite built in; older versions need the optional package, which the image leaves out. */
const hasSqlite = process.versions.node.localeCompare("24.15.0", "en", { numeric: true }) >= 0;

/**
 * Carries out the instructions of deploy/Dockerfile in directories of this machine: what is copied and pruned is the same
 * as in the image. The packages are those of this checkout, and the compiled files those of the tests.
 */
describe("The image of deploy/Dockerfile", () => {
  let directory: string;
  const [buildStage = [], finalStage = []] = readStages();
  const image = (path = ""): string => join(directory, "image", path);

  before(async function () {
    this.timeout(180_000);
    if (!hasSqlite) process.stdout.write("    (with optional packages: this Node.js has no SQLite of its own)\n");
    directory = await mkdtemp(join(tmpdir(), "gatehouse-image-"));
    const build = join(directory, "build");
    await mkdir(build);
    await mkdir(image());
    for (const instruction of buildStage) await runInBuild(instruction, build);
    for (const value of valuesOf(finalStage, "COPY")) {
      const [from = "", to = ""] = value.replace("--from=build /app", build).split(" ");
      await cp(from.startsWith("/") ? from : join(root, from), image(to), { recursive: true, verbatimSymlinks: true });
    }
  });
  after(() => rm(directory, { recursive: true, force: true }));

  it("contains no development dependency, source or test", async () => {
    for (const name of ["typescript", "mocha", "@biomejs/biome", "supertest"])
      expect(existsSync(image(`node_modules/${name}`)), name).to.equal(false);
    expect((await readdir(image())).sort()).to.deep.equal(["deploy", "dist", "node_modules", "package.json"]);
    expect((await readdir(image("dist"))).sort()).to.deep.equal(["schemas", "src"]);
  });

  it("starts, passes its health check, serves requests and writes to no directory but that of the data", async () => {
    const port = await freePort();
    const [, ...healthCheck] = parseCommand(valuesOf(finalStage, "HEALTHCHECK")[0] ?? "");
    const checkHealth = (): number | null =>
      spawnSync(process.execPath, healthCheck, { cwd: image(), env: { HOST: "0.0.0.0", PORT: String(port) } }).status;
    expect(checkHealth(), "before the start").to.equal(1);
    expect(parseCommand(valuesOf(finalStage, "ENTRYPOINT")[0] ?? "")).to.deep.equal([
      ...["node", "--disable-proto=delete", "dist/src/main.js"], // as `startProcess` starts it
    ]);
    const filesBefore = await listFiles(image());
    const environment = { NODE_ENV: "production", HOST: "0.0.0.0", DATA_DIR: join(directory, "data") };
    const service = await startProcess(environment, { port, directory: image() });
    expect(checkHealth(), "after the start").to.equal(0);
    const client = service.clientWithSecret(service.firstSecret);
    await client
      .post("/scim/v2/Users")
      .send({ schemas: [userUrn], userName: "ada" })
      .expect(201);
    await client.get("/openapi.yaml").expect(200); // a thread builds it
    expect(await service.stop("SIGTERM")).to.equal(0);
    expect(checkHealth(), "after the end").to.equal(1);
    expect(await listFiles(image())).to.deep.equal(filesBefore);
  });
});

/** Carries out an instruction of the first stage. Installing and compiling, which take a minute, are replaced by copies. */
async function runInBuild({ name, value }: Instruction, build: string): Promise<void> {
  if (name === "COPY") {
    const paths = value.split(" ");
    const target = join(build, paths.at(-1) ?? "");
    for (const path of paths.slice(0, -1)) {
      const isDirectory = (await stat(join(root, path))).isDirectory();
      await cp(join(root, path), isDirectory ? target : join(target, basename(path)), { recursive: true });
    }
  }
  if (name !== "RUN") return;
  for (const command of value.split(" && ")) {
    if (command.startsWith("npm ci ")) await copyPackages(build);
    else if (command === "npm run build") {
      for (const path of ["dist/src", "dist/schemas"])
        await cp(join(root, path), join(build, path), { recursive: true });
    } else {
      const words = command.split(" ").filter((word) => hasSqlite || word !== "--omit=optional");
      await promisify(execFile)("sh", ["-c", words.join(" ")], { cwd: build });
    }
  }
}

/**
 * Copies node_modules, with links to its files where the file system allows it. npm writes to its own list of packages, so
 * that the list must not be a link.
 */
async function copyPackages(build: string): Promise<void> {
  const source = realpathSync(join(root, "node_modules"));
  const target = join(build, "node_modules");
  const { status } = spawnSync("cp", ["-al", source, target]);
  if (status !== 0) await cp(source, target, { recursive: true, verbatimSymlinks: true });
  await rm(join(target, ".package-lock.json"), { force: true });
}

/** Returns each file with the time of its last change. */
async function listFiles(path: string): Promise<readonly string[]> {
  const names = await readdir(path, { recursive: true });
  return Promise.all(names.sort().map(async (name) => `${name} ${(await stat(join(path, name))).mtimeMs}`));
}
