import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { createInterface } from "node:readline";
import { StartupError } from "../errors.ts";
import { version } from "../startup.ts";
import type { CliProcess } from "./command.ts";
import {
  type CommandOutput,
  type CommandRequest,
  fitsSocketPath,
  hasControlSocket,
  toControlSocketPath,
  versionHeader,
} from "./control-socket.ts";

/** How long the service may take to accept a command, in milliseconds. The command itself has no time limit. */
const acceptMsMax = 30_000;

/**
 * Runs a command in the service that holds the data directory, and writes its output to the streams of this process.
 * @param dataDir the directory of the embedded database
 * @returns the exit code; undefined if no service runs
 * @throws StartupError when the service does not accept the command, or ends before the command
 */
export async function runInService(
  dataDir: string,
  command: CommandRequest,
  { stdout, stderr }: Pick<CliProcess, "stdout" | "stderr">,
): Promise<number | undefined> {
  const socketPath = toControlSocketPath(dataDir);
  if (!fitsSocketPath(socketPath) || !hasControlSocket(socketPath)) return undefined;
  const response = await send(socketPath, command);
  if (!response) return undefined;
  try {
    if (response.statusCode !== 200) throw new StartupError(await readProblem(response));
    for await (const line of createInterface({ input: response })) {
      const output = JSON.parse(line) as CommandOutput;
      if (output.stdout !== undefined) stdout.write(output.stdout);
      if (output.stderr !== undefined) stderr.write(output.stderr);
      if (output.exitCode !== undefined) return output.exitCode;
    }
  } catch (error) {
    if (error instanceof StartupError) throw error;
    // The connection broke, which the next line reports.
  }
  throw new StartupError(
    "The service ended before the command was finished. Start it again, and check what the command has changed.",
  );
}

/** @returns undefined if no service listens at the socket, which a process that was killed has left */
async function send(socketPath: string, command: CommandRequest): Promise<IncomingMessage | undefined> {
  const outgoing = request({
    ...{ socketPath, method: "POST", path: "/commands", agent: false },
    headers: { "content-type": "application/json", [versionHeader]: version },
  });
  const timer = setTimeout(() => outgoing.destroy(Object.assign(new Error(), { code: "ETIMEDOUT" })), acceptMsMax);
  try {
    outgoing.end(JSON.stringify(command));
    const [response] = (await once(outgoing, "response")) as [IncomingMessage];
    outgoing.on("error", () => undefined); // the response fails as well, and reports it
    return response;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ECONNREFUSED" || code === "ENOENT") return undefined;
    if (code === "EACCES" || code === "EPERM")
      throw new StartupError(
        `${socketPath} belongs to another user (${code}). Run the command as the user of the service.`,
      );
    throw new StartupError(
      `The service that holds DATA_DIR does not accept the command (${code}). Try again, or restart the service.`,
    );
  } finally {
    clearTimeout(timer);
  }
}

/** Reads the sentence that says why the service does not run the command. */
async function readProblem(response: IncomingMessage): Promise<string> {
  let problem = "";
  for await (const chunk of response) problem += chunk;
  return problem.trim();
}
