import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { setImmediate as yieldToEventLoop } from "node:timers/promises";

/** How long an idle connection stays open after the start of a shutdown, in milliseconds. */
const idleGraceMs = 1000;

/** An open HTTP connection. Its responses are sent in the order of its requests, so the newest one finishes last. */
interface Connection {
  newest?: ServerResponse;
  /** The keep-alive flag of the newest response before the shutdown cleared it; undefined if it did not. */
  keepAliveBefore?: boolean;
}

/**
 * Tracks the connections of a server, so that a shutdown ends each of them without losing a request. Once `drain` was
 * called, the last response of each connection has `Connection: close` (RFC 9112 section 9.6), and the connection is
 * closed after it. Requests that were pipelined before that response are served first.
 */
export class ConnectionTracker {
  readonly #server: Server;
  readonly #connections = new Map<Socket, Connection>();
  /** Connections whose TLS handshake is not finished, by their addresses. */
  readonly #handshakes = new Map<string, Socket>();
  #isDraining = false;

  /** @param isTls whether a connection carries requests only after a handshake */
  constructor(server: Server, isTls: boolean) {
    this.#server = server;
    if (isTls) {
      server.on("connection", (socket: Socket) => this.#trackHandshake(socket));
      server.on("secureConnection", (socket: Socket) => {
        this.#handshakes.delete(addressesOf(socket));
        this.#track(socket);
      });
    } else {
      server.on("connection", (socket: Socket) => this.#track(socket));
    }
  }

  /** Returns the newest response of a connection, if it has had a request. */
  newestResponse(socket: Socket): ServerResponse | undefined {
    return this.#connections.get(socket)?.newest;
  }

  /** Whether the connection is established; over TLS, whether its handshake is finished. */
  isEstablished(socket: Socket): boolean {
    return this.#connections.has(socket);
  }

  /**
   * Registers a request. Call it before the request is processed.
   * @returns false if the request must not be processed, because the response before it has ended the connection
   */
  registerRequest({ socket }: IncomingMessage, res: ServerResponse): boolean {
    const connection = this.#connections.get(socket);
    if (!connection) return true;
    const { newest, keepAliveBefore } = connection;
    if (newest && keepAliveBefore !== undefined) {
      if (newest.headersSent) return false;
      newest.shouldKeepAlive = keepAliveBefore; // this request was pipelined, so its response is the last one
    }
    connection.newest = res;
    if (this.#isDraining) announceClose(connection, res);
    return true;
  }

  /**
   * Ends every connection after its last response. Connections without a request stay open for one second, because a
   * request may be on its way, and are then closed.
   */
  drain(): void {
    this.#isDraining = true;
    for (const [socket, connection] of this.#connections) {
      const { newest } = connection;
      if (newest === undefined || newest.writableFinished) continue;
      if (newest.headersSent) newest.once("close", () => this.#endIfIdle(socket, newest));
      else announceClose(connection, newest);
    }
    setTimeout(() => void this.#closeIdle(), idleGraceMs).unref();
  }

  /** Closes all connections at once. */
  destroy(): void {
    for (const socket of [...this.#handshakes.values(), ...this.#connections.keys()]) socket.destroy();
  }

  #track(socket: Socket): void {
    this.#connections.set(socket, {});
    socket.once("close", () => this.#connections.delete(socket));
  }

  #trackHandshake(socket: Socket): void {
    const addresses = addressesOf(socket);
    this.#handshakes.set(addresses, socket);
    socket.once("close", () => {
      if (this.#handshakes.get(addresses) === socket) this.#handshakes.delete(addresses);
    });
  }

  /** Ends a connection after a response whose headers had been sent before the shutdown. */
  #endIfIdle(socket: Socket, finished: ServerResponse): void {
    if (this.newestResponse(socket) === finished) socket.destroySoon();
  }

  /**
   * Closes the connections without a request. Before, it reads what has arrived while the event loop was busy, because
   * closing a connection resets it if it has a request that was not read, and no proxy repeats a POST then.
   */
  async #closeIdle(): Promise<void> {
    await yieldToEventLoop();
    for (const socket of this.#handshakes.values()) socket.destroy();
    // Node counts a connection that has never had a request as active.
    for (const socket of this.#connections.keys()) if (socket.bytesRead === 0) socket.destroy();
    this.#server.closeIdleConnections();
  }
}

/** Announces `Connection: close` in the newest response of a connection, after which Node closes the connection. */
function announceClose(connection: Connection, newest: ServerResponse): void {
  connection.keepAliveBefore = newest.shouldKeepAlive;
  newest.shouldKeepAlive = false;
}

/** Both ends of a connection. The server creates another socket object for the connection after the handshake. */
const addressesOf = ({ remoteAddress, remotePort, localAddress, localPort }: Socket): string =>
  `${remoteAddress} ${remotePort} ${localAddress} ${localPort}`;
