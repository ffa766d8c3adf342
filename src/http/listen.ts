import { once } from "node:events";
import { createServer, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import type { Express } from "express";
import { StartError } from "../errors.ts";
import { messagesOf } from "./messages.ts";

export interface ListenOptions {
  readonly host: string;
  readonly port: number;
  /** PEM texts; absent: plain HTTP. */
  readonly tls?: { readonly cert: string; readonly key: string };
}

/** A client that is slower than this holds a connection for nothing. */
const limits = {
  maxHeaderSize: 8 * 1024,
  headersTimeout: 15_000,
  requestTimeout: 120_000,
  keepAliveTimeout: 65_000, // longer than the usual load balancer's, so that it closes first
  connectionsCheckingInterval: 5_000,
};
/** How long open requests may take to finish at shutdown. */
const finishMs = 10_000;

/** A listening server, and how to end it without cutting off an answer. */
export interface Listening {
  readonly port: number;
  /** Accepts nothing more, lets open requests finish for a while, then cuts the rest. */
  close(): Promise<void>;
}

/** @throws StartError when the address is not to be had */
export async function listen(app: Express, { host, port, tls }: ListenOptions): Promise<Listening> {
  const settings = { ...limits, ...messagesOf(app) };
  const server: Server = tls ? createTlsServer({ ...settings, ...tls }, app) : createServer(settings, app);
  const answering = new WeakMap<Socket, ServerResponse>();
  server.on("request", (req, res) => answering.set(req.socket, res));
  server.on("clientError", (error, socket: Socket) => answerUnreadable(error, socket, answering.get(socket)));
  server.listen(port, host);
  await once(server, "listening").catch((error: NodeJS.ErrnoException) => {
    throw new StartError(`It cannot listen on HOST ${host}, PORT ${port} (${error.code}).`);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      const closed = once(server, "close");
      server.close();
      server.closeIdleConnections();
      const cut = setTimeout(() => server.closeAllConnections(), finishMs);
      await closed;
      clearTimeout(cut);
    },
  };
}

/** What Node itself refuses never reaches a door; it is answered in the same form, and never inside another answer. */
function answerUnreadable(error: Error & { code?: string }, socket: Socket, open: ServerResponse | undefined): void {
  if (error.code === "ECONNRESET" || !socket.writable || (open?.headersSent && !open.writableFinished)) {
    socket.destroy();
    return;
  }
  const [status, title] = unreadable[error.code ?? ""] ?? [400, "Bad Request"];
  const body = JSON.stringify({ type: "about:blank", title, status });
  socket.end(
    `HTTP/1.1 ${status} ${title}\r\nContent-Type: application/problem+json\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
  );
}

const unreadable: Readonly<Record<string, readonly [number, string]>> = {
  HPE_HEADER_OVERFLOW: [431, "Request Header Fields Too Large"],
  ERR_HTTP_REQUEST_TIMEOUT: [408, "Request Timeout"],
};
