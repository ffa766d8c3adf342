import { createHash } from "node:crypto";
import { copyFile, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { documentViews } from "../../src/http/openapi/documented-operation.ts";
import { root } from "../support/root.ts";
import { buildClient, downloadGoModules, installClient, runProgram } from "./client-cache.fixture.ts";
import { buildMs, type ClientGenerator, documentOf, documents } from "./generated-clients.fixture.ts";

const artifact = "openapi-generator-cli-7.25.0.jar";
const artifactSha256 = "41ce4f6b07f196676439d710759fa1ced7a08066d06ff1bf314681470289efae";

/** Downloads the generator with Maven. @returns the path of the jar; undefined, with a printed reason, if that fails */
async function installOpenApiGenerator(): Promise<string | undefined> {
  const installed = await installClient(
    "openapi-generator",
    fileURLToPath(import.meta.url),
    async (target) => {
      const coordinates = "-Dartifact=org.openapitools:openapi-generator-cli:7.25.0";
      const args = ["-B", "-q", "dependency:copy", coordinates, `-DoutputDirectory=${target}`];
      await runProgram("mvn", args, { timeoutMs: buildMs });
      const digest = createHash("sha256").update(await readFile(join(target, artifact)));
      if (digest.digest("hex") !== artifactSha256) throw new Error(`${artifact} has another digest`);
    },
    { isRequiredInCi: false },
  );
  return installed === undefined ? undefined : join(installed, artifact);
}

/** Generates Go with openapi-generator. What it generates is a module; here each becomes a package of one module. */
export const openapiGeneratorGo: ClientGenerator = {
  name: "openapi-generator (go)",
  build: async () => {
    const jar = await installOpenApiGenerator();
    if (jar === undefined) return undefined;
    const directory = join(root, "test/clients/generated/openapi-generator-go");
    const files = ["go.mod", "go.sum", "main.go"];
    if (!(await downloadGoModules("openapi-generator-go", directory, buildMs))) return undefined;
    const built = await buildClient(
      "openapi-generator-go",
      [jar, ...files.map((name) => join(directory, name)), ...documents],
      async (target) => {
        for (const name of files) await copyFile(join(directory, name), join(target, name));
        for (const view of documentViews) {
          const output = join(target, view);
          const args = ["-jar", jar, "generate", "-g", "go", "-i", documentOf(view), "-o", output];
          await runProgram("java", args, { timeoutMs: buildMs });
          for (const name of ["go.mod", "go.sum", "test"])
            await rm(join(output, name), { recursive: true, force: true });
        }
        await runProgram("go", ["build", "-C", target, "-o", "conversation", "."], { timeoutMs: buildMs });
      },
    );
    return { command: join(built, "conversation"), args: [] };
  },
};
