import { once } from "node:events";
import { unlinkSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import type { Config } from "../config.ts";
import { AppError } from "../errors.ts";
import { closeStalledWrites } from "../http/server/write-timeout.ts";
import type { Log } from "../log.ts";
import type { OperatorDomain } from "../operator-domain.ts";
import { version } from "../startup.ts";
import {
  type CommandOutput,
  type CommandRequest,
  commandBytesMax,
  describeVersionMismatch,
  fitsSocketPath,
  hasControlSocket,
  inputLengthMax,
  socketPathBytesMax,
  toControlSocketPath,
  versionHeader,
} from "./control-socket.ts";
import { executeCommand, toCommandName, toStdin } from "./execute.ts";

/** What the commands of the CLI use in a running service. */
export interface ControlServerOptions {
  readonly config: Config;
  readonly domain: OperatorDomain;
  readonly log: Log;
  /** How long commands may run on at shutdown, in milliseconds; the default is 10 seconds. */
  readonly shutdownGraceMs?: number;
}

/** A server that accepts commands of the CLI. */
export interface ControlServer {
  /** The number of commands that are running. */
  readonly runningCount: number;
  /**
   * Removes the socket and waits for the running commands. After the grace period, it reports to their clients that the
   * service shuts down; what they have not begun by then is rejected by the closed store.
   */
  close(): Promise<void>;
}

/** In milliseconds. A client is on the same machine, so that a slow one is broken. */
const serverLimits = {
  maxHeaderSize: 8 * 1024,
  headersTimeout: 5000,
  requestTimeout: 20_000,
  connectionsCheckingInterval: 1000,
};
const connectionsMax = 32;
const shutdownGraceMsDefault = 10_000;
/** Bytes of output that wait for a client. A list that has more to print waits until the client has read. */
const pendingBytesMax = 1024 * 1024;

/**
 * Listens at the socket `control.sock` of the data directory, which only the user of this process can connect to. Call it
 * while this process holds the data directory: a socket that is there already has been left by a process that was killed.
 * @returns undefined if the socket cannot be created, which is logged: the service itself does not depend on it
 */
export async function listenForCommands(options: ControlServerOptions): Promise<ControlServer | undefined> {
  const { config, log } = options;
  const path = toControlSocketPath(config.dataDir);
  const running = new Set<RunningCommand>();
  const server = createServer(serverLimits, (req, res) => void respond(req, res, running, options));
  server.maxConnections = connectionsMax;
  closeStalledWrites(server, "connection", { log });
  try {
    if (!fitsSocketPath(path))
      throw new Error(`The path of a socket has at most ${socketPathBytesMax} bytes. Set a shorter DATA_DIR.`);
    if (hasControlSocket(path)) unlinkSync(path);
    await listenPrivately(server, path);
  } catch (error) {
    server.close();
    log.error("the CLI cannot be used while this service runs", { path, reason: (error as Error).message });
    return undefined;
  }
  return {
    get runningCount() {
      return running.size;
    },
    close: () => close(server, running, options),
  };
}

/** Listens at a path with mode 0600. The mode is set by the creation of the socket, so that no other user is in time. */
async function listenPrivately(server: Server, path: string): Promise<void> {
  const umask = process.umask(0o177);
  try {
    server.listen(path); // creates the socket before it returns
  } finally {
    process.umask(umask);
  }
  await once(server, "listening");
}

interface RunningCommand {
  readonly finished: Promise<void>;
  /** Ends the response with a message and exit code 1. The command itself cannot be interrupted. */
  abandon(): void;
}

async function close(
  server: Server,
  running: ReadonlySet<RunningCommand>,
  { shutdownGraceMs = shutdownGraceMsDefault }: ControlServerOptions,
): Promise<void> {
  const closed = once(server, "close");
  server.close(); // also removes the socket
  await Promise.race([
    Promise.all([...running].map(({ finished }) => finished)),
    delay(shutdownGraceMs, undefined, { ref: false }),
  ]);
  for (const command of running) command.abandon();
  // What has been written is on its way; a client that does not read it must not delay the shutdown.
  await Promise.race([closed, delay(1000, undefined, { ref: false })]);
  server.closeAllConnections();
}

async function respond(
  req: IncomingMessage,
  res: ServerResponse,
  running: Set<RunningCommand>,
  options: ControlServerOptions,
): Promise<void> {
  res.on("error", () => undefined); // a client that has gone
  res.setHeader("connection", "close");
  try {
    const command = await readCommand(req);
    const output = new ResponseOutput(res);
    const finished = run(command, output, options);
    const entry: RunningCommand = { finished, abandon: () => output.abandon() };
    running.add(entry);
    await finished.finally(() => running.delete(entry));
  } catch (error) {
    const isRejected = error instanceof RejectedRequest;
    if (!isRejected) options.log.error("a command of the CLI could not be run", { cause: error });
    if (res.headersSent) res.destroy();
    else {
      res.statusCode = isRejected ? error.status : 500;
      res.end(isRejected ? error.message : "The service could not run the command. Its log has the reason.");
    }
  }
}

async function run(
  { args, input = "" }: CommandRequest,
  output: ResponseOutput,
  { config, domain, log }: ControlServerOptions,
): Promise<void> {
  const exitCode = await executeCommand(
    args,
    {
      stdin: toStdin(input),
      stdout: { write: (stdout) => output.write({ stdout }) },
      stderr: { write: (stderr) => output.write({ stderr }) },
      waitForReader: () => output.waitForReader(),
    },
    {
      config: () => config,
      withDomain: (work) => work(domain),
      describeUnexpected: (error) => {
        log.error("a command of the CLI failed", { cause: error });
        return "Unexpected error. The log of the service has the reason.";
      },
    },
  );
  log.info("command of the CLI", { command: toCommandName(args), exitCode });
  output.end(exitCode);
}

/** The output of a command as JSON Lines. A client that has gone does not stop a command that changes something. */
class ResponseOutput {
  readonly #res: ServerResponse;

  constructor(res: ServerResponse) {
    this.#res = res;
    res.writeHead(200, { "content-type": "application/jsonl" });
    res.flushHeaders();
  }

  write(output: CommandOutput): void {
    if (this.#res.writable) this.#res.write(`${JSON.stringify(output)}\n`);
  }

  /** @throws AppError unavailable if the client has gone, or reads nothing for a minute */
  async waitForReader(): Promise<void> {
    const res = this.#res;
    if (!res.closed && res.writableLength > pendingBytesMax)
      await new Promise<void>((resolve) => {
        res.once("drain", resolve);
        res.once("close", resolve);
      });
    if (res.closed || !res.writable) throw new AppError("unavailable", "The client of the command has gone.");
  }

  abandon(): void {
    this.write({ stderr: "gatehouse: The service is shutting down. Run the command again when it has started.\n" });
    this.end(1);
  }

  end(exitCode: number): void {
    this.write({ exitCode });
    this.#res.end();
  }
}

/** A request that is not run. The message is for the operator. */
class RejectedRequest extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

const commandSchema = z.strictObject({
  args: z.array(z.string()).max(1000),
  input: z.string().max(inputLengthMax).optional(),
});

/** @throws RejectedRequest when the request is not one of a CLI of this version */
async function readCommand(req: IncomingMessage): Promise<z.output<typeof commandSchema>> {
  const cliVersion = req.headers[versionHeader];
  if (cliVersion !== version) throw new RejectedRequest(409, describeVersionMismatch(String(cliVersion ?? "unknown")));
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of req as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length <= commandBytesMax) chunks.push(chunk); // the rest is read, so that the client can read the response
  }
  if (length > commandBytesMax) throw new RejectedRequest(413, "The arguments of the command are too long.");
  const parsed = commandSchema.safeParse(parseJson(Buffer.concat(chunks).toString()));
  if (!parsed.success) throw new RejectedRequest(400, "The request is not a command of the CLI.");
  return parsed.data;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
