import type { Request, RequestHandler } from "express";
import { redactText } from "../../log.ts";

/** Receives the lines of the access log. */
export interface AccessLog {
  /** @param line one JSON object, without a line break */
  write(line: string): void;
  /** Writes the buffered lines. */
  close(): Promise<void>;
}

/** Characters of the User-Agent header that a line repeats. */
const userAgentMax = 200;

/**
 * Creates the step that writes one line for each request when its response has ended or its client has gone. The fields
 * are listed in docs/operations.md and never change their meaning. The path is written without the query, which may
 * contain personal data, and no header but User-Agent is repeated.
 */
export function logAccess(accessLog: AccessLog): RequestHandler {
  return (req, res, next) => {
    const { socket } = req;
    const startMs = performance.now();
    const bytesBefore = socket.bytesWritten;
    res.once("close", () => {
      const { user, actingUser } = req;
      const userAgent = req.headers["user-agent"];
      // JSON leaves undefined fields out.
      const line = {
        type: "access",
        timestamp: formatTime(Date.now()),
        method: req.method,
        path: toLoggedPath(req),
        status: res.headersSent ? res.statusCode : undefined,
        ms: Math.round((performance.now() - startMs) * 10) / 10,
        bytes: socket.bytesWritten - bytesBefore,
        requestId: req.requestId,
        traceId: req.traceId,
        address: req.address,
        organizationId: user?.organizationId,
        actor: user?.actor.type,
        tokenId: user?.token && user.actor.id,
        userId: actingUser?.id ?? user?.userId,
        userAgent: userAgent === undefined ? undefined : redactText(userAgent.slice(0, userAgentMax)),
        // A response to a client that went away in the middle of its request counts as sent.
        aborted: !res.writableFinished || req.readableAborted || undefined,
      };
      accessLog.write(JSON.stringify(line));
    });
    next();
  };
}

/** The second of the last line, and its time up to the milliseconds. Formatting a time is a tenth of the cost of a line. */
let lastSecond = { startMs: Number.NaN, text: "" };

/** Returns a time as ISO 8601, as `Date.prototype.toISOString` does. */
function formatTime(timeMs: number): string {
  const ms = timeMs % 1000;
  const startMs = timeMs - ms;
  if (lastSecond.startMs !== startMs)
    lastSecond = { startMs, text: new Date(startMs).toISOString().slice(0, -"000Z".length) };
  return `${lastSecond.text}${String(ms).padStart(3, "0")}Z`;
}

function toLoggedPath({ originalUrl }: Request): string {
  const end = originalUrl.indexOf("?");
  return redactText(end < 0 ? originalUrl : originalUrl.slice(0, end));
}
