import { once } from "node:events";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Response } from "express";

/** JSON Lines: one JSON value a line (jsonlines.org). */
export const linesType = "application/jsonl";

/** Answers with a JSON document under a media type of its own, without charset (JSON has one encoding). */
export function sendJson(res: Response, status: number, mediaType: string, body: unknown): void {
  sendText(res, status, mediaType, JSON.stringify(body));
}

/** Held back before the first byte goes out, so that what is small is sent whole and what fails early still can say so. */
const chunkBytes = 65_536;

/**
 * Answers with a text that is made piece by piece, however long it gets, at the pace of the reader, and of the others:
 * to a reader who is fast enough a write never waits. What fails after the first bytes ends the connection: half an
 * answer must not look like a whole one.
 */
export async function sendPieces(
  res: Response,
  status: number,
  mediaType: string,
  pieces: AsyncIterable<string>,
): Promise<void> {
  let held = "";
  let closed: Promise<unknown> | undefined;
  for await (const piece of pieces) {
    held += piece;
    if (held.length < chunkBytes) continue;
    if (res.destroyed) return;
    if (!res.headersSent) res.writeHead(status, { "Content-Type": mediaType });
    if (!res.write(held)) {
      closed ??= once(res, "close");
      await Promise.race([once(res, "drain"), closed]);
    }
    held = "";
    await nextTurn();
  }
  if (res.headersSent) res.end(held);
  else sendText(res, status, mediaType, held);
}

/** Answers with the text of a document under its media type. */
export function sendText(res: Response, status: number, mediaType: string, text: string): void {
  res.statusCode = status;
  res.setHeader("Content-Type", mediaType);
  res.setHeader("Content-Length", Buffer.byteLength(text));
  res.end(text); // as a text it leaves in one write with the headers
}
