import type { Config, Environment } from "../config.ts";
import type { OperatorDomain } from "../operator-domain.ts";

/** The part of a process that the CLI uses. */
export interface CliProcess {
  /** Chunks of standard input, as strings or UTF-8 bytes. */
  readonly stdin: AsyncIterable<string | Uint8Array>;
  readonly stdout: Output;
  readonly stderr: Output;
  readonly environment: Environment;
  /** Resolves when the reader of the output keeps up with it. Absent: a write waits by itself. */
  waitForReader?(): Promise<void>;
}

interface Output {
  /** @returns false if the caller should wait for `drain` before it writes more */
  write(chunk: string): unknown;
  once?(event: "drain" | "close", listener: () => void): unknown;
  off?(event: "drain" | "close", listener: () => void): unknown;
}

/** The services that a command uses. Secrets and listings go to standard output, everything else to standard error. */
export interface CommandContext {
  readonly config: Config;
  /** Runs `work` on the store, which is opened for it and closed afterwards if no service runs. */
  withDomain<R>(work: (domain: OperatorDomain) => Promise<R>): Promise<R>;
  /** Reads standard input to its end. @throws UsageError when it is longer than 1,000,000 characters */
  readInput(): Promise<string>;
  /** Chunks of standard input, for commands that read more. */
  readonly input: AsyncIterable<string | Uint8Array>;
  /** Writes to standard output, and waits until its reader has caught up. */
  write(chunk: string): Promise<void>;
  /** Writes a record to standard output as one line of JSON. */
  printJson(record: object): void;
  /** Writes a line to standard output. */
  print(line: string): void;
  /** Writes a line to standard error. */
  report(line: string): void;
  /** Waits until the reader of the output keeps up. A list calls it after each page. @throws AppError unavailable */
  waitForReader(): Promise<void>;
}

/** One command of the CLI, such as `token create`. */
export interface CliCommand {
  /** The arguments and options as the help shows them, one element a line. */
  readonly synopsis: readonly string[];
  readonly summary: string;
  /** Further lines of the help. */
  readonly notes?: readonly string[];
  /** It uses no store, so that it runs without one, and never in the service. */
  readonly isStoreless?: true;
  /** It creates the store if there is none. Every other command fails then. */
  readonly createsStore?: true;
  /** It reads standard input. */
  readonly readsInput?: true;
  /** It opens the store itself, so that no service may hold the data directory. */
  readonly isExclusive?: true;
  /** The options whose values are paths, relative to the directory of the CLI. */
  readonly pathOptions?: readonly string[];
  /**
   * @param args the words after the command's name
   * @returns the exit code; undefined for 0
   * @throws UsageError when the arguments are wrong; AppError and StartupError when the command fails
   */
  run(args: readonly string[], context: CommandContext): Promise<number | undefined>;
}

/** The arguments of a command are wrong. The message names the problem. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** Records that a list command reads at once. */
export const pageSize = 100;
