import { lstatSync } from "node:fs";
import { join } from "node:path";
import { StartupError } from "../errors.ts";
import { version } from "../startup.ts";

/** The header of a request with the version of the CLI. */
export const versionHeader = "gatehouse-version";

/** The most characters of standard input that a command reads. */
export const inputLengthMax = 1_000_000;

/** The most bytes of a request: its input as JSON, where a character takes up to six bytes, and its arguments. */
export const commandBytesMax = 8 * 1024 * 1024;

/** A request to run a command: the words after the program's name, and standard input if the command reads it. */
export interface CommandRequest {
  readonly args: readonly string[];
  readonly input?: string | undefined;
}

/** One line of the response (JSON Lines). The last one has the exit code. */
export interface CommandOutput {
  readonly stdout?: string;
  readonly stderr?: string;
  readonly exitCode?: number;
}

/** The most bytes of the path of a Unix domain socket: `sun_path` without its final zero (unix(7); 104 bytes on macOS). */
export const socketPathBytesMax = process.platform === "linux" ? 107 : 103;

/**
 * Returns the path of the socket at which a running service accepts commands.
 * @param dataDir the directory of the embedded database
 */
export const toControlSocketPath = (dataDir: string): string => join(dataDir, "control.sock");

/** Whether the path is short enough for a socket. A longer one would be cut off, and so belong to another file. */
export const fitsSocketPath = (path: string): boolean => Buffer.byteLength(path) <= socketPathBytesMax;

/**
 * Returns whether a socket exists at the path. A symbolic link is not followed.
 * @throws StartupError if another kind of file is there
 */
export function hasControlSocket(path: string): boolean {
  const stats = readStats(path);
  if (stats === undefined || stats.isSocket()) return stats !== undefined;
  throw new StartupError(
    `${path} is not a socket. Find out who has created it, remove it, and start the service again.`,
  );
}

function readStats(path: string): ReturnType<typeof lstatSync> | undefined {
  try {
    return lstatSync(path);
  } catch {
    return undefined; // a file that cannot be examined cannot be connected to either
  }
}

/** Describes why a CLI of another version cannot use a service. @param cliVersion the version of the CLI */
export const describeVersionMismatch = (cliVersion: string): string =>
  `The CLI has version ${cliVersion} and the running service version ${version}. Use the CLI of the service, or restart the service with the version of the CLI.`;
