import { readFileSync } from "node:fs";
import { inspect } from "node:util";
import { StartupError } from "./errors.ts";

// This file loads nothing but Node's own modules, so that a wrong Node version or a missing package is reported instead
// of failing while the modules are linked. The programs import everything else dynamically.

const packageJson = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
  readonly version: string;
  readonly engines: { readonly node: string };
};

/** The version of Gatehouse, from package.json. */
export const { version } = packageJson;

/**
 * Checks that Node is not older than the `engines` field of package.json requires.
 * @param running the version of Node, without the leading "v"
 * @throws StartupError naming both versions
 */
export function assertNodeVersion(running: string = process.versions.node): void {
  const required = packageJson.engines.node.replace(/^>=/, "");
  if (running.localeCompare(required, "en", { numeric: true }) >= 0) return;
  throw new StartupError(`Node ${running} is too old: install Node ${required} or later.`);
}

/**
 * Describes in one sentence why a program cannot start. The stack of an unexpected error is included only when the
 * environment sets LOG_LEVEL=debug.
 * @returns the sentence, without secrets, for the operator
 */
export async function describeStartupError(
  error: unknown,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Promise<string> {
  if (error instanceof StartupError) return error.message;
  const packageName = findMissingPackage(error);
  if (packageName !== undefined) return describeMissingPackage(packageName);
  const { redactText } = await import("./log.ts");
  if (environment["LOG_LEVEL"] === "debug") return redactText(`Unexpected error: ${inspect(error)}`);
  const [firstLine = ""] = String(error instanceof Error ? error.message : error).split("\n");
  return redactText(`Unexpected error: ${firstLine.replace(/\.$/, "")}. Set LOG_LEVEL=debug to see the stack.`);
}

/** Node reports the name of a package that is not installed only inside the message. */
function findMissingPackage(error: unknown): string | undefined {
  if ((error as { code?: unknown } | null)?.code !== "ERR_MODULE_NOT_FOUND") return undefined;
  return /^Cannot find package '([^']+)'/.exec((error as Error).message)?.[1];
}

function describeMissingPackage(packageName: string): string {
  // An error names the path of the package's directory when that exists without an entry point.
  const name = packageName.replace(/^.*\/node_modules\//, "");
  return name === "@photostructure/sqlite"
    ? `The optional package ${name} is not installed, and Node ${process.versions.node} has no suitable SQLite of its own: run "npm ci" without --omit=optional, install Node 24.15 or later, or set MONGODB_URI.`
    : `The package ${name} is not installed: run "npm ci".`;
}
