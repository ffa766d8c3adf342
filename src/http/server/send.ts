import { once } from "node:events";
import { setImmediate as yieldToEventLoop } from "node:timers/promises";
import type { Response } from "express";
import { isLong, waitForOwnTick } from "../../own-tick.ts";

/** The media type of JSON Lines: one JSON value per line (jsonlines.org). */
export const jsonLinesType = "application/jsonl";

/** Sends a JSON body. The media type has no charset, because JSON is always UTF-8 (RFC 8259 section 8.1). */
export function sendJson(res: Response, status: number, mediaType: string, body: unknown): void {
  sendText(res, status, mediaType, JSON.stringify(body));
}

/**
 * Characters that are buffered before the headers are sent, so that a small body gets a Content-Length and an early
 * failure can still become an error response.
 */
const bufferMinLength = 65_536;

/**
 * Streams a body of any length with backpressure. It yields to the event loop after each write, because a write to a fast
 * client never waits and would starve other requests. An error after the headers were sent closes the connection, so that
 * a partial body never looks complete.
 */
export async function sendChunks(
  res: Response,
  status: number,
  mediaType: string,
  chunks: AsyncIterable<string>,
): Promise<void> {
  let buffer = "";
  let closed: Promise<unknown> | undefined;
  for await (const chunk of chunks) {
    buffer += chunk;
    if (buffer.length < bufferMinLength) continue;
    if (res.destroyed) return;
    if (!res.headersSent) res.writeHead(status, { "Content-Type": mediaType });
    if (!res.write(buffer)) {
      closed ??= once(res, "close");
      await Promise.race([once(res, "drain"), closed]);
    }
    const { length } = buffer;
    buffer = "";
    await (isLong(length) ? waitForOwnTick() : yieldToEventLoop());
  }
  if (res.headersSent) res.end(buffer);
  else sendText(res, status, mediaType, buffer);
}

/** Streams JSON Lines, as `sendChunks` does. */
export const sendJsonLines = (res: Response, status: number, lines: AsyncIterable<object>): Promise<void> =>
  sendChunks(res, status, jsonLinesType, toJsonLines(lines));

async function* toJsonLines(lines: AsyncIterable<object>): AsyncGenerator<string> {
  for await (const line of lines) yield `${JSON.stringify(line)}\n`;
}

/** Sends a body that is a string, or that is encoded already. */
export function sendText(res: Response, status: number, mediaType: string, body: string | Buffer): void {
  res.statusCode = status;
  res.setHeader("Content-Type", mediaType);
  res.setHeader("Content-Length", Buffer.byteLength(body));
  res.end(body); // a string leaves in one write with the headers
}

/** Sends a body that consists of encoded parts, in one write with the headers. */
export function sendParts(res: Response, status: number, mediaType: string, parts: readonly Buffer[]): void {
  res.statusCode = status;
  res.setHeader("Content-Type", mediaType);
  res.setHeader(
    "Content-Length",
    parts.reduce((length, part) => length + part.length, 0),
  );
  res.cork();
  for (const part of parts) res.write(part);
  res.end();
}
