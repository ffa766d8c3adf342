import { AppError, StartupError } from "../errors.ts";
import { redactText } from "../log.ts";
import { type CliCommand, type CliProcess, type CommandContext, UsageError } from "./command.ts";
import { inputLengthMax } from "./control-socket.ts";
import { cliCommands } from "./help.ts";

/** What a command runs on: the store of a service that runs, or one that is opened for the command. */
export interface CommandBackend {
  /** Returns the settings. @throws StartupError when one is not valid */
  config(): CommandContext["config"];
  readonly withDomain: CommandContext["withDomain"];
  /** Describes an error that no command throws on purpose, in one sentence for the operator. */
  describeUnexpected(error: unknown): string | Promise<string>;
}

/** The streams of a command. */
export type CommandStreams = Omit<CliProcess, "environment">;

/**
 * Runs a command and reports its errors on standard error.
 * @param args the words after the program's name
 * @returns the exit code: 0 for success, 1 for a failure, 2 for wrong arguments
 */
export async function executeCommand(
  args: readonly string[],
  streams: CommandStreams,
  backend: CommandBackend,
): Promise<number> {
  try {
    const { command, rest } = findCommand(args);
    return (await command.run(rest, createContext(streams, backend))) ?? 0;
  } catch (error) {
    return reportError(error, args, streams, backend);
  }
}

/** Writes an error to standard error. @returns the exit code */
export async function reportError(
  error: unknown,
  args: readonly string[],
  { stderr }: Pick<CommandStreams, "stderr">,
  { describeUnexpected }: Pick<CommandBackend, "describeUnexpected">,
): Promise<number> {
  stderr.write(`gatehouse: ${await describe()}\n`);
  return error instanceof UsageError ? 2 : 1;

  async function describe(): Promise<string> {
    if (error instanceof UsageError) {
      const name = toCommandName(args);
      return `${error.message}. Run "gatehouse help${name === undefined ? "" : ` ${name}`}" for the usage.`;
    }
    return error instanceof AppError || error instanceof StartupError ? error.message : describeUnexpected(error);
  }
}

/**
 * Finds a command by its name, which has one or two words.
 * @param args the words after the program's name
 * @returns the command and the words after its name
 * @throws UsageError when there is no such command
 */
export function findCommand(args: readonly string[]): { readonly command: CliCommand; readonly rest: string[] } {
  const name = toCommandName(args);
  const command = name === undefined ? undefined : cliCommands.get(name);
  if (name !== undefined && command) return { command, rest: args.slice(name.split(" ").length) };
  const words = args.slice(0, 2).join(" ");
  throw new UsageError(words === "" ? "a command is required" : redactText(`unknown command ${words}`));
}

/** Returns the name of the command that the first words name, such as `token create`; undefined for any other words. */
export const toCommandName = (args: readonly string[]): string | undefined =>
  [args.slice(0, 2).join(" "), args[0] ?? ""].find((name) => cliCommands.has(name));

/**
 * Reads standard input to its end.
 * @throws UsageError when it is longer than 1,000,000 characters
 */
export async function readInput(stdin: CliProcess["stdin"]): Promise<string> {
  const decoder = new TextDecoder();
  let input = "";
  for await (const chunk of stdin) {
    input += typeof chunk === "string" ? chunk : decoder.decode(chunk, { stream: true });
    if (input.length > inputLengthMax) throw new UsageError("standard input is longer than 1,000,000 characters");
  }
  return input;
}

/** Returns text as the standard input of a command. */
export async function* toStdin(text: string): AsyncGenerator<string> {
  yield text;
}

function createContext(
  { stdin, stdout, stderr, waitForReader }: CommandStreams,
  { config, withDomain }: CommandBackend,
): CommandContext {
  const print = (line: string): void => void stdout.write(`${line}\n`);
  return {
    get config() {
      return config();
    },
    withDomain,
    readInput: () => readInput(stdin),
    input: stdin,
    write: async (chunk) => {
      if (stdout.write(chunk) === false) await waitForDrain(stdout);
      await waitForReader?.();
    },
    printJson: (record) => print(JSON.stringify(record)),
    print,
    report: (line) => void stderr.write(`${line}\n`),
    waitForReader: async () => waitForReader?.(),
  };
}

/** Waits until the reader of this process's output has caught up, or has gone. */
async function waitForDrain(stdout: CliProcess["stdout"]): Promise<void> {
  if (!stdout.once) return;
  await new Promise<void>((resolve) => {
    const resume = (): void => {
      stdout.off?.("drain", resume);
      stdout.off?.("close", resume);
      resolve();
    };
    stdout.once?.("drain", resume);
    stdout.once?.("close", resume);
  });
}
