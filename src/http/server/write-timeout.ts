import type { Server } from "node:http";
import type { Socket } from "node:net";
import type { Log } from "../../log.ts";

/** How long a client may take to read nothing of what it has requested, in milliseconds. */
const writeTimeoutMsMax = 60_000;

/** How many times per timeout the connections are checked. A stalled one is closed at most a quarter too late. */
const checksPerTimeout = 4;

export interface WriteTimeoutOptions {
  /** In milliseconds; the default is 60 seconds. */
  readonly writeTimeoutMs?: number;
  /** Receives one line for each connection that is closed. */
  readonly log?: Log;
}

/**
 * Closes each connection whose client has read nothing of a pending response for the timeout, so that the response does
 * not stay in memory. Node's own socket timeout does not suffice: a client that sends anything restarts it.
 * @param server a server that does not listen yet
 * @param eventName the event of a new connection: `secureConnection` over TLS
 */
export function closeStalledWrites(
  server: Server,
  eventName: "connection" | "secureConnection",
  { writeTimeoutMs = writeTimeoutMsMax, log }: WriteTimeoutOptions,
): void {
  const progressBySocket = new Map<Socket, WriteProgress>();
  server.on(eventName, (socket: Socket) => {
    progressBySocket.set(socket, { sentBytes: 0, queuedBytes: 0, sinceMs: 0 });
    socket.once("close", () => progressBySocket.delete(socket));
  });
  const check = (): void => {
    const now = performance.now();
    for (const [socket, previous] of progressBySocket) {
      const current = readProgress(socket, now);
      const isStalled =
        socket.writableLength > 0 &&
        current.sentBytes === previous.sentBytes &&
        current.queuedBytes === previous.queuedBytes;
      if (!isStalled) progressBySocket.set(socket, current);
      else if (now - previous.sinceMs >= writeTimeoutMs) {
        log?.warn("a connection was closed because its client does not read the response", {
          address: socket.remoteAddress,
          unreadBytes: socket.writableLength,
          timeoutMs: writeTimeoutMs,
        });
        socket.destroy();
      }
    }
  };
  const timer = setInterval(check, writeTimeoutMs / checksPerTimeout).unref();
  server.once("close", () => clearInterval(timer));
}

/** What a socket had written at one time. */
interface WriteProgress {
  /** The bytes of all completed writes. */
  readonly sentBytes: number;
  /** What the current write has not yet passed to the operating system. */
  readonly queuedBytes: number;
  /** When this was first seen, in milliseconds. */
  readonly sinceMs: number;
}

/** A handle of Node. That of a TLS socket encrypts, and its parent sends. */
interface WriteHandle {
  readonly writeQueueSize?: number;
  readonly _parent?: WriteHandle;
}

function readProgress(socket: Socket, now: number): WriteProgress {
  // A large response is one write, and only the handles know how far it is. Node's own socket timeout reads them too.
  const { _handle: handle } = socket as Socket & { readonly _handle?: WriteHandle | null };
  return {
    sentBytes: socket.bytesWritten - socket.writableLength,
    queuedBytes: (handle?.writeQueueSize ?? 0) + (handle?._parent?.writeQueueSize ?? 0),
    sinceMs: now,
  };
}
