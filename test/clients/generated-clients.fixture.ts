import { copyFile, mkdir } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { type DocumentView, documentViews } from "../../src/http/openapi/documented-operation.ts";
import { documentPaths } from "../../src/http/openapi/reference-page.ts";
import { root } from "../support/root.ts";
import {
  buildClient,
  downloadGoModules,
  installClient,
  installPythonPackages,
  runProgram,
} from "./client-cache.fixture.ts";

/** A program that uses the clients that one generator has generated from both documents. */
export interface GeneratedProgram {
  readonly command: string;
  readonly args: readonly string[];
  readonly environment?: Record<string, string>;
}

/** A generator of clients, with its default settings. */
export interface ClientGenerator {
  readonly name: string;
  /**
   * Generates the clients and compiles the program.
   * @returns undefined, with a printed reason, if the generator cannot be installed
   * @throws Error if it rejects a document, or if what it generates does not compile
   */
  readonly build: () => Promise<GeneratedProgram | undefined>;
}

const generated = join(root, "test/clients/generated");
/** The committed document of a view. */
export const documentOf = (view: DocumentView): string => join(root, `${documentPaths[view].name}.yaml`);
export const documents = documentViews.map(documentOf);
/** The time limit of one step, on a machine that does other work too. */
export const buildMs = 400_000;

/** Generates Go with oapi-codegen, which is a tool of the program's module. */
const oapiCodegen: ClientGenerator = {
  name: "oapi-codegen",
  build: async () => {
    const directory = join(generated, "oapi-codegen");
    const files = ["go.mod", "go.sum", "main.go"].map((name) => join(directory, name));
    if (!(await downloadGoModules("oapi-codegen", directory, buildMs))) return undefined;
    const built = await buildClient("oapi-codegen", [...files, ...documents], async (target) => {
      const go = (...args: readonly string[]) => runProgram("go", args, { timeoutMs: buildMs });
      for (const name of ["go.mod", "go.sum", "main.go"]) await copyFile(join(directory, name), join(target, name));
      for (const view of documentViews) {
        await mkdir(join(target, view));
        const output = ["-package", view, "-o", join(target, view, "client.gen.go"), documentOf(view)];
        await go("tool", "-C", target, "oapi-codegen", "-generate", "types,client", ...output);
      }
      await go("build", "-C", target, "-o", "conversation", ".");
    });
    return { command: join(built, "conversation"), args: [] };
  },
};

/** Generates Python with openapi-python-client. */
const openapiPythonClient: ClientGenerator = {
  name: "openapi-python-client",
  build: async () => {
    const directory = join(generated, "openapi-python-client");
    const requirements = join(directory, "requirements.txt");
    const program = join(directory, "conversation.py");
    const packages = await installPythonPackages("openapi-python-client", requirements);
    if (packages === undefined) return undefined;
    const environment = { PYTHONPATH: packages, PYTHONDONTWRITEBYTECODE: "1" };
    const built = await buildClient("openapi-python-client-generated", [requirements, ...documents], async (target) => {
      for (const view of documentViews) {
        const output = ["--meta", "none", "--output-path", join(target, `${view}_client`)];
        const args = ["-m", "openapi_python_client", "generate", "--path", documentOf(view), ...output];
        await runProgram("python3", args, { environment, timeoutMs: buildMs });
      }
    });
    const PYTHONPATH = [built, packages].join(delimiter);
    return { command: "python3", args: [program], environment: { ...environment, PYTHONPATH } };
  },
};

/** Generates TypeScript with @hey-api/openapi-ts, on the Node that it requires, and compiles it with strict options. */
const heyApi: ClientGenerator = {
  name: "@hey-api/openapi-ts",
  build: async () => {
    const directory = join(generated, "hey-api");
    const definition = join(directory, "package.json");
    const program = join(directory, "conversation.ts");
    const packages = await installClient(
      "hey-api",
      definition,
      async (target) => {
        await copyFile(definition, join(target, "package.json"));
        await runProgram("npm", [
          ...["install", "--prefix", target, "--no-audit", "--no-fund", "--loglevel", "error"],
          ...["--fetch-retries", "1", "--fetch-timeout", "60000"],
        ]);
      },
      { isRequiredInCi: true },
    );
    if (packages === undefined) return undefined;
    const node = join(packages, "node_modules/.bin/node");
    const run = (script: string, ...args: readonly string[]) =>
      runProgram(node, [join(packages, "node_modules", script), ...args], { timeoutMs: buildMs });
    const built = await buildClient("hey-api-generated", [definition, program, ...documents], async (target) => {
      for (const view of documentViews)
        await run("@hey-api/openapi-ts/bin/run.js", "--input", documentOf(view), "--output", join(target, view));
      await copyFile(program, join(target, "conversation.ts"));
      await run(
        "typescript/bin/tsc",
        ...["--strict", "--target", "es2022", "--module", "commonjs", "--moduleResolution", "node10"],
        ...["--types", "node", "--typeRoots", join(root, "node_modules/@types")],
        ...["--outDir", join(target, "out"), join(target, "conversation.ts")],
      );
    });
    return { command: "node", args: [join(built, "out/conversation.js")] };
  },
};

/** The generators that need no Java. */
export const clientGenerators: readonly ClientGenerator[] = [oapiCodegen, openapiPythonClient, heyApi];
