import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, stat, symlink, unlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect } from "chai";
import { root } from "../support/root.ts";

describe("scripts/build.mjs", () => {
  let directory: string;
  const inProject = (path: string): string => join(directory, path);
  const build = (...options: string[]) =>
    promisify(execFile)(process.execPath, [join(root, "scripts/build.mjs"), ...options, directory]).then(
      ({ stdout, stderr }) => ({ code: 0, output: stdout + stderr }),
      (error: { code: number; stdout: string; stderr: string }) => ({
        code: error.code,
        output: error.stdout + error.stderr,
      }),
    );
  /** Whether a start compiles: compiled files are written anew. */
  const compilesAtStart = async (): Promise<boolean> => {
    const past = new Date(0);
    await utimes(inProject("dist/src/main.js"), past, past);
    expect(await build("--if-changed")).to.deep.equal({ code: 0, output: "" });
    return (await stat(inProject("dist/src/main.js"))).mtimeMs > 0;
  };

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "gatehouse-build-"));
    await mkdir(inProject("src"));
    await writeFile(inProject("src/main.ts"), "export const one: number = 1;\n");
    await writeFile(inProject("package.json"), '{ "type": "module", "version": "1.0.0" }');
    const compilerOptions = {
      lib: ["es5"],
      rootDir: ".",
      outDir: "dist",
      module: "nodenext",
      types: [],
      skipLibCheck: true,
    };
    await writeFile(inProject("tsconfig.json"), JSON.stringify({ compilerOptions, include: ["src"] }));
    await symlink(join(root, "node_modules"), inProject("node_modules"));
    expect(await build()).to.deep.equal({ code: 0, output: "" });
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  it("compiles, and does not compile again at a start while nothing has changed", async () => {
    expect(await readFile(inProject("dist/src/main.js"), "utf8")).to.include("export const one = 1;");
    expect(await compilesAtStart()).to.equal(false);
    await utimes(inProject("src/main.ts"), new Date(), new Date()); // the same content, as after a checkout
    expect(await compilesAtStart()).to.equal(false);
  });

  for (const [change, path, content] of [
    ["a changed source", "src/main.ts", "export const two: number = 2;\n"],
    ["a new source", "src/more.ts", "export {};\n"],
    ["another version", "package.json", '{ "type": "module", "version": "1.0.1" }'],
    ["a compiled file of other sources", "dist/src/main.js", "export const zero = 0;\n"],
  ] as const)
    it(`compiles at a start after ${change}`, async () => {
      await writeFile(inProject(path), content);
      expect(await compilesAtStart()).to.equal(true);
      expect(await compilesAtStart()).to.equal(false);
      expect(await readFile(inProject("dist/src/main.js"), "utf8")).to.not.include("zero");
    });

  it("compiles at a start after other compiler options", async () => {
    const config = JSON.parse(await readFile(inProject("tsconfig.json"), "utf8"));
    config.compilerOptions.sourceMap = true;
    await writeFile(inProject("tsconfig.json"), JSON.stringify(config));
    expect(await compilesAtStart()).to.equal(true);
    expect(existsSync(inProject("dist/src/main.js.map"))).to.equal(true);
  });

  it("removes the output of a removed source", async () => {
    await writeFile(inProject("src/more.ts"), "export {};\n");
    await build("--if-changed");
    await unlink(inProject("src/more.ts"));
    await build("--if-changed");
    expect(existsSync(inProject("dist/src/more.js"))).to.equal(false);
  });

  it("fails with the compiler's message, and again at the next start", async () => {
    await writeFile(inProject("src/main.ts"), 'export const one: number = "1";\n');
    for (let start = 0; start < 2; start++) {
      const { code, output } = await build("--if-changed");
      expect(code).to.not.equal(0);
      expect(output).to.include("src/main.ts(1,14): error TS2322");
    }
  });

  it("names the fix if the sources have changed and TypeScript is not installed", async () => {
    await unlink(inProject("node_modules"));
    expect(await build("--if-changed")).to.deep.equal({ code: 0, output: "" });
    await writeFile(inProject("src/main.ts"), "export {};\n");
    expect(await build("--if-changed")).to.deep.equal({
      code: 1,
      output:
        'dist/ is not the build of these sources, and TypeScript is not installed: run "npm ci && npm run build".\n',
    });
  });
});
