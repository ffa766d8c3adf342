import { resolve } from "node:path";
import { type Config, readConfig } from "../config.ts";
import { describeStartupError, version } from "../startup.ts";
import type { CliCommand, CliProcess } from "./command.ts";
import { runInService } from "./control-client.ts";
import { type CommandBackend, executeCommand, findCommand, readInput, reportError, toStdin } from "./execute.ts";
import { cliCommands, formatHelp } from "./help.ts";

/**
 * Runs one command of the CLI: in the service that holds the data directory, or in this process if no service does.
 * @param args the words after the program's name
 * @param io the streams and the environment; a test passes its own
 * @returns the exit code: 0 for success, 1 for a failure, 2 for wrong arguments
 */
export async function runCli(args: readonly string[], io: CliProcess): Promise<number> {
  const [first = ""] = args;
  const isHelp = first === "help" || args.some((each) => each === "--help" || each === "-h");
  const describeUnexpected = (error: unknown): Promise<string> => describeStartupError(error, io.environment);
  try {
    if (isHelp) io.stdout.write(formatHelp(readTopic(first === "help" ? args.slice(1) : args)));
    else if (first === "--version") io.stdout.write(`${version}\n`);
    else return await run(args, io, describeUnexpected);
    return 0;
  } catch (error) {
    return reportError(error, args, io, { describeUnexpected });
  }
}

/** The words before the first option name a command; further words are its arguments. */
function readTopic(args: readonly string[]): string[] {
  const optionIndex = args.findIndex((each) => each.startsWith("-"));
  const wordsMax = cliCommands.has(args[0] ?? "") ? 1 : 2;
  return args.slice(0, optionIndex < 0 ? wordsMax : Math.min(optionIndex, wordsMax));
}

async function run(
  args: readonly string[],
  io: CliProcess,
  describeUnexpected: CommandBackend["describeUnexpected"],
): Promise<number> {
  const { command } = findCommand(args);
  let config: Config | undefined;
  const readConfigOnce = (): Config => {
    config ??= readConfig(io.environment);
    return config;
  };
  const backend = { config: readConfigOnce, withDomain: openingDomain(command, readConfigOnce), describeUnexpected };
  const isLocal = command.isStoreless || command.isExclusive || readConfigOnce().mongodbUri !== undefined;
  if (isLocal) return executeCommand(args, io, backend);
  const input = command.readsInput ? await readInput(io.stdin) : undefined;
  const request = { args: resolvePaths(args, command), ...(input !== undefined && { input }) };
  const exitCode = await runInService(readConfigOnce().dataDir, request, io);
  return exitCode ?? executeCommand(args, { ...io, stdin: toStdin(input ?? "") }, backend);
}

/** Resolves the paths in options, because the service that runs the command has another current directory. */
function resolvePaths(args: readonly string[], { pathOptions = [] }: CliCommand): readonly string[] {
  return args.map((each, at) => {
    const previous = args[at - 1];
    if (pathOptions.some((name) => previous === `--${name}`)) return resolve(each);
    const name = pathOptions.find((option) => each.startsWith(`--${option}=`));
    return name === undefined ? each : `--${name}=${resolve(each.slice(name.length + 3))}`;
  });
}

const openingDomain =
  ({ createsStore }: CliCommand, readSettings: () => Config): CommandBackend["withDomain"] =>
  async (work) => {
    const settings = readSettings();
    // A command that a service runs needs neither, and takes a fraction of the time without them.
    const [{ createDomain }, { openStore }] = await Promise.all([
      import("../operator-domain.ts"),
      import("../store/open.ts"),
    ]);
    const store = await openStore({ ...settings, missing: createsStore ? "create" : "reject" });
    try {
      return await work(createDomain(store, settings));
    } finally {
      await store.close();
    }
  };
