import { spawnSync } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { root } from "../support/root.ts";

describe("scripts/check-packages.mjs", () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "gatehouse-packages-"));
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  /** Runs the script on a lock file with one package, which differs from a valid one in these fields. */
  async function check(entry: object, version = "1.0.0"): Promise<string> {
    const valid = { version: "1.0.0", license: "MIT", integrity: "sha512-AA==" };
    const packages = { "": {}, "node_modules/probe": { ...valid, ...entry } };
    await writeFile(join(directory, "package.json"), JSON.stringify({ dependencies: { probe: version } }));
    await writeFile(join(directory, "package-lock.json"), JSON.stringify({ packages }));
    const { stdout, status } = spawnSync(process.execPath, [join(root, "scripts/check-packages.mjs"), directory], {
      encoding: "utf8",
    });
    expect(status).to.equal(stdout.includes(" 0 violations") ? 0 : 1);
    return stdout;
  }

  it("accepts an exact version with a digest and an allowed license", async () => {
    for (const license of ["MIT", "(GPL-3.0 OR ISC)"])
      expect(await check({ license })).to.equal("1 packages, 0 violations\n");
    expect(await check({ license: "BlueOak-1.0.0", dev: true })).to.equal("1 packages, 0 violations\n");
  });

  for (const [violation, entry, text] of [
    ["another license", { license: "GPL-3.0" }, "not in the allowed list: GPL-3.0"],
    ["a combined license", { license: "MIT AND GPL-3.0" }, "not in the allowed list: MIT AND GPL-3.0"],
    ["no license", { license: undefined }, "not in the allowed list: none"],
    ["a license for development only", { license: "BlueOak-1.0.0" }, "not in the allowed list: BlueOak-1.0.0"],
    ["no digest", { integrity: undefined }, "has no SHA-512 digest"],
    ["a weak digest", { integrity: "sha1-AA==" }, "has no SHA-512 digest"],
    ["the address of a registry", { resolved: "https://registry.example/probe.tgz" }, "names a registry"],
    ["a repository instead of a version", { version: "git+ssh://git@example/probe" }, "is not a version of a registry"],
    ["an install script", { hasInstallScript: true }, "has an install script"],
  ] as const)
    it(`rejects ${violation}`, async () => {
      expect(await check(entry))
        .to.include(`node_modules/probe: `)
        .and.include(text);
    });

  it("rejects a range of versions in package.json", async () => {
    expect(await check({}, "^1.0.0")).to.include("package.json: probe is not an exact version: ^1.0.0");
  });
});

describe("scripts/sbom.mjs", () => {
  it("lists each package that an installation without development packages has, and no other", async () => {
    const directory = await mkdtemp(join(tmpdir(), "gatehouse-sbom-"));
    try {
      const target = join(directory, "sbom.json");
      const { status, stderr } = spawnSync(process.execPath, [join(root, "scripts/sbom.mjs"), target], {
        encoding: "utf8",
      });
      expect(status, stderr).to.equal(0);
      const { bomFormat, metadata, components } = JSON.parse(await readFile(target, "utf8"));
      expect(bomFormat).to.equal("CycloneDX");
      expect(metadata.component.name).to.equal("gatehouse");
      const { packages } = JSON.parse(await readFile(join(root, "package-lock.json"), "utf8"));
      const expected = Object.entries<{ dev?: boolean; version: string }>(packages)
        .filter(([path, { dev }]) => path !== "" && dev !== true)
        .map(([path, { version }]) => `${path.replace(/^.*node_modules\//, "")}@${version}`);
      const listed = components.map((each: { "bom-ref": string }) => each["bom-ref"].replace(/^.*\|/, ""));
      expect(listed).to.have.members(expected);
      expect(listed.join()).to.include("express@");
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  });
});
