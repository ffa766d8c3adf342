import { createHash } from "node:crypto";
import { copyFile, cp, mkdir, readFile, rm } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type DocumentView, documentViews } from "../../src/http/openapi/documented-operation.ts";
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

/**
 * Generates Java with openapi-generator, compiles both clients as one project with Maven, and copies its libraries. Only
 * the names of the packages are set.
 */
export const openapiGeneratorJava: ClientGenerator = {
  name: "openapi-generator (java)",
  build: async () => {
    const jar = await installOpenApiGenerator();
    if (jar === undefined) return undefined;
    const program = join(root, "test/clients/generated/openapi-generator-java/Conversation.java");
    const built = await buildClient("openapi-generator-java", [jar, program, ...documents], async (target) => {
      const project = (view: DocumentView): string => join(target, view);
      for (const view of documentViews) {
        const name = `gatehouse.${view}`;
        const packages = `invokerPackage=${name},apiPackage=${name}.api,modelPackage=${name}.model`;
        const args = ["-jar", jar, "generate", "-g", "java", "-i", documentOf(view), "-o", project(view)];
        await runProgram("java", [...args, `--additional-properties=${packages}`], { timeoutMs: buildMs });
      }
      const sources = "src/main/java";
      await cp(join(project("user"), sources), join(project("organization"), sources), { recursive: true });
      const conversation = join(project("organization"), sources, "conversation");
      await mkdir(conversation);
      await copyFile(program, join(conversation, "Conversation.java"));
      const goals = [
        "compile",
        "dependency:copy-dependencies",
        "-DincludeScope=runtime",
        "-DoutputDirectory=libraries",
      ];
      const skipped = ["-Dmaven.javadoc.skip=true", "-Dmaven.source.skip=true"];
      await runProgram("mvn", ["-B", "-q", "-f", join(project("organization"), "pom.xml"), ...skipped, ...goals], {
        timeoutMs: buildMs,
      });
    });
    const classes = join(built, "organization/target/classes");
    const classPath = [classes, join(built, "organization/libraries/*")].join(delimiter);
    return { command: "java", args: ["-cp", classPath, "conversation.Conversation"] };
  },
};
