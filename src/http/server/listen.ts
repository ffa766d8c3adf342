import { once } from "node:events";
import { createServer, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { type AddressInfo, Server as NetServer, type Socket } from "node:net";
import { setImmediate as yieldToEventLoop } from "node:timers/promises";
import type { Express } from "express";
import { StartupError } from "../../errors.ts";
import type { TlsCertificate } from "./certificate.ts";
import { ConnectionTracker } from "./connections.ts";
import { createMessageClasses } from "./message-classes.ts";
import { closeStalledWrites, type WriteTimeoutOptions } from "./write-timeout.ts";

export interface ListenOptions extends WriteTimeoutOptions {
  readonly host: string;
  readonly port: number;
  /** In PEM format. Absent: plain HTTP. */
  readonly tls?: TlsCertificate;
  /** The settings of the address, for messages. */
  readonly settingNames?: { readonly host: string; readonly port: string };
}

/** In bytes and milliseconds. They keep slow clients from holding connections. */
const serverLimits = {
  maxHeaderSize: 8 * 1024,
  headersTimeout: 15_000,
  requestTimeout: 120_000,
  keepAliveTimeout: 65_000, // longer than the default of common load balancers, so that they close first
  connectionsCheckingInterval: 5_000,
};
/** How long the TLS handshake of a connection may take, in milliseconds. */
const handshakeTimeout = 10_000;
/** How long open requests may take to finish at shutdown, in milliseconds. */
const shutdownGraceMs = 10_000;
/** How long waiting connections are accepted at shutdown while new ones arrive without a pause, in milliseconds. */
const acceptMsMax = 1000;

/** A listening server. */
export interface ListeningServer {
  readonly port: number;
  /**
   * Uses another certificate for new connections. Open ones keep theirs. Does nothing over plain HTTP.
   * @param tls as `readCertificate` returns it
   */
  replaceCertificate(tls: TlsCertificate): void;
  /**
   * Stops accepting connections and ends each open one after the response to its last request, which has
   * `Connection: close`. Idle connections are closed after one second, the rest after 10 s.
   */
  close(): Promise<void>;
}

/**
 * Starts an HTTP or HTTPS server.
 * @throws StartupError if the address is not available
 */
export async function listen(
  app: Express,
  { host, port, tls, settingNames = { host: "HOST", port: "PORT" }, ...writeTimeout }: ListenOptions,
): Promise<ListeningServer> {
  const serverOptions = { ...serverLimits, ...createMessageClasses(app) };
  const tlsServer = tls && createTlsServer({ ...serverOptions, ...tls, handshakeTimeout });
  const server: Server = tlsServer ?? createServer(serverOptions);
  const connections = new ConnectionTracker(server, tls !== undefined);
  server.on("request", (req, res) => {
    if (connections.registerRequest(req, res)) app(req, res);
  });
  server.on("clientError", (error, socket: Socket) => {
    // A response to a client that has not finished its handshake could never be sent and would keep the connection.
    if (!connections.isEstablished(socket)) socket.destroy();
    else respondToParseError(error, socket, connections.newestResponse(socket));
  });
  closeStalledWrites(server, tls ? "secureConnection" : "connection", writeTimeout);
  server.listen(port, host);
  await once(server, "listening").catch((error: NodeJS.ErrnoException) => {
    throw new StartupError(describeListenError(error, { host, port }, settingNames));
  });
  return {
    port: (server.address() as AddressInfo).port,
    replaceCertificate: (certificate) => tlsServer?.setSecureContext(certificate),
    close: async () => {
      const closed = once(server, "close");
      await acceptWaiting(server);
      // The method of the HTTP server would close idle connections at once, while a request may be on its way.
      NetServer.prototype.close.call(server);
      connections.drain();
      const forceCloseTimer = setTimeout(() => connections.destroy(), shutdownGraceMs);
      await closed;
      clearTimeout(forceCloseTimer);
    },
  };
}

/**
 * Accepts the connections that clients have already established, because closing the server would reset them with their
 * requests. Node accepts one in each turn of the event loop, so a turn without any finds none waiting.
 */
async function acceptWaiting(server: Server): Promise<void> {
  const deadline = Date.now() + acceptMsMax;
  let hasAccepted: boolean;
  const onConnection = (): void => {
    hasAccepted = true;
  };
  server.on("connection", onConnection);
  await yieldToEventLoop(); // finishes the current turn, which may have looked for connections before this call
  do {
    hasAccepted = false;
    await yieldToEventLoop();
  } while (hasAccepted && Date.now() < deadline);
  server.off("connection", onConnection);
}

/**
 * Responds to requests that Node's parser rejects before Express sees them, as problem documents. It never writes into a
 * response that is in progress.
 */
function respondToParseError(
  error: Error & { code?: string },
  socket: Socket,
  activeResponse: ServerResponse | undefined,
): void {
  if (
    error.code === "ECONNRESET" ||
    !socket.writable ||
    (activeResponse?.headersSent && !activeResponse.writableFinished)
  ) {
    socket.destroy();
    return;
  }
  const { status, title, detail } = parseErrors[error.code ?? ""] ?? malformedRequest;
  const body = JSON.stringify({ type: "about:blank", title, status, detail });
  socket.end(
    `HTTP/1.1 ${status} ${title}\r\nContent-Type: application/problem+json\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
  );
}

interface ParseErrorResponse {
  readonly status: number;
  readonly title: string;
  readonly detail: string;
}

const malformedRequest: ParseErrorResponse = {
  status: 400,
  title: "Bad Request",
  detail: "The request is not valid HTTP.",
};

const parseErrors: Readonly<Record<string, ParseErrorResponse>> = {
  HPE_HEADER_OVERFLOW: {
    status: 431,
    title: "Request Header Fields Too Large",
    detail: "The headers of the request, with its URL, exceed 16 KiB. Send fewer or shorter headers.",
  },
  ERR_HTTP_REQUEST_TIMEOUT: {
    status: 408,
    title: "Request Timeout",
    detail: "The request was not complete in time. Send it again.",
  },
};

/** @param names the names of the settings */
function describeListenError(
  { code }: NodeJS.ErrnoException,
  { host, port }: Pick<ListenOptions, "host" | "port">,
  names: { readonly host: string; readonly port: string },
): string {
  switch (code) {
    case "EADDRINUSE":
      return `${names.port} ${port} of ${names.host} ${host} is in use (EADDRINUSE). Stop the other process, or set another ${names.port}.`;
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
      return `${names.host} ${host} is not an address of this machine (${code}). Set ${names.host} to 127.0.0.1 or 0.0.0.0.`;
    case "EACCES":
      return `${names.port} ${port} needs a privilege that this process does not have (EACCES). Set a ${names.port} of 1024 or higher.`;
    default:
      return `Cannot listen on ${names.host} ${host}, ${names.port} ${port} (${code}). Set other values.`;
  }
}
