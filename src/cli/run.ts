import { createDomain } from "../app.ts";
import { readConfig } from "../config.ts";
import { AppError } from "../errors.ts";
import { redactText } from "../log.ts";
import { describeStartupError, version } from "../startup.ts";
import { openStore } from "../store/open.ts";
import { type CliProcess, type CommandContext, UsageError } from "./command.ts";
import { cliCommands, formatHelp } from "./help.ts";

/**
 * Runs one command of the CLI.
 * @param args the words after the program's name
 * @param io the streams and the environment; a test passes its own
 * @returns the exit code: 0 for success, 1 for a failure, 2 for wrong arguments
 */
export async function runCli(args: readonly string[], io: CliProcess): Promise<number> {
  const [first = "", second = ""] = args;
  const isHelp = first === "help" || args.some((each) => each === "--help" || each === "-h");
  try {
    if (isHelp) io.stdout.write(formatHelp(readTopic(first === "help" ? args.slice(1) : args)));
    else if (first === "--version") io.stdout.write(`${version}\n`);
    else {
      const [name, rest] = cliCommands.has(first)
        ? [first, args.slice(1)]
        : [`${first} ${second}`.trim(), args.slice(2)];
      const command = cliCommands.get(name);
      if (!command) throw new UsageError(name === "" ? "a command is required" : redactText(`unknown command ${name}`));
      return (await command.run(rest, createContext(io))) ?? 0;
    }
    return 0;
  } catch (error) {
    io.stderr.write(`gatehouse: ${await describeError(error, io, args)}\n`);
    return error instanceof UsageError ? 2 : 1;
  }
}

/** The words before the first option name a command; further words are its arguments. */
function readTopic(args: readonly string[]): string[] {
  const optionIndex = args.findIndex((each) => each.startsWith("-"));
  const wordsMax = cliCommands.has(args[0] ?? "") ? 1 : 2;
  return args.slice(0, optionIndex < 0 ? wordsMax : Math.min(optionIndex, wordsMax));
}

async function describeError(error: unknown, { environment }: CliProcess, args: readonly string[]): Promise<string> {
  if (error instanceof UsageError) {
    const [first = ""] = args;
    const name = cliCommands.has(first) ? first : args.slice(0, 2).join(" ");
    return `${error.message}. Run "gatehouse help${cliCommands.has(name) ? ` ${name}` : ""}" for the usage.`;
  }
  return error instanceof AppError ? error.message : describeStartupError(error, environment);
}

/** Characters of standard input; no command needs more. */
const inputLengthMax = 1_000_000;

function createContext({ stdin, stdout, stderr, environment }: CliProcess): CommandContext {
  const print = (line: string): void => void stdout.write(`${line}\n`);
  let config: CommandContext["config"] | undefined;
  const readConfigOnce = (): CommandContext["config"] => {
    config ??= readConfig(environment);
    return config;
  };
  return {
    get config() {
      return readConfigOnce();
    },
    withDomain: async (work) => {
      const store = await openStore(readConfigOnce());
      try {
        return await work(createDomain(store, readConfigOnce()));
      } finally {
        await store.close();
      }
    },
    readInput: async () => {
      const decoder = new TextDecoder();
      let input = "";
      for await (const chunk of stdin) {
        input += typeof chunk === "string" ? chunk : decoder.decode(chunk, { stream: true });
        if (input.length > inputLengthMax) throw new UsageError("standard input is longer than 1,000,000 characters");
      }
      return input;
    },
    input: stdin,
    write: async (chunk) => {
      if (stdout.write(chunk) !== false || !stdout.once) return;
      await new Promise<void>((resolve) => {
        const resume = (): void => {
          stdout.off?.("drain", resume);
          stdout.off?.("close", resume);
          resolve();
        };
        stdout.once?.("drain", resume);
        stdout.once?.("close", resume);
      });
    },
    printJson: (record) => print(JSON.stringify(record)),
    print,
    report: (line) => void stderr.write(`${line}\n`),
  };
}
