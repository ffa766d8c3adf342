import { createHash } from "node:crypto";
import type { Request, Response } from "express";
import { isLong, waitForOwnTick } from "../../../own-tick.ts";
import { cursorTimeoutSeconds } from "../../server/cursor.ts";
import { matchesIfNoneMatch } from "../../server/etag.ts";
import { sendChunks } from "../../server/send.ts";

/** The body of a list; see `toPageSchema`. */
export interface PageBody {
  readonly data: readonly object[];
  readonly pagination: object;
}

/** Whether a body is that of a list. */
export const isPageBody = (body: object): body is PageBody => "pagination" in body;

/** In characters. What follows is serialized while it is sent, so that a large page leaves with backpressure. */
const taggedLengthMax = 1024 * 1024;

/**
 * Sends a page, which is serialized item by item, so that a large one does not hold the event loop. A page of up to a
 * million characters has a weak entity tag, so that a poll with If-None-Match receives 304 while nothing has changed (RFC
 * 9110 section 13.1.2).
 */
export async function sendPage(req: Request, res: Response, status: number, body: PageBody): Promise<void> {
  const { data } = body;
  const hash = createHash("sha256");
  let start = '{"data":[';
  let waitedAt = 0;
  let at = 0;
  for (; at < data.length && start.length <= taggedLengthMax; at++) {
    const item = toItem(data, at);
    hash.update(item);
    start += item;
    if (!isLong(start.length - waitedAt)) continue;
    waitedAt = start.length;
    await waitForOwnTick();
  }
  if (at === data.length && !res.hasHeader("ETag") && ["GET", "HEAD"].includes(req.method)) {
    const tag = `"${hash.update(toTaggedRest(body)).digest("base64url").slice(0, 22)}"`;
    res.setHeader("ETag", `W/${tag}`);
    if (matchesIfNoneMatch(req, tag)) return void res.status(304).end();
  }
  await sendChunks(res, status, "application/json", toChunks(start, body, at));
}

const toItem = (data: readonly object[], at: number): string => (at === 0 ? "" : ",") + JSON.stringify(data[at]);

/** @param from the first item that is not part of `start` */
async function* toChunks(start: string, { data, ...rest }: PageBody, from: number): AsyncGenerator<string> {
  yield start;
  for (let at = from; at < data.length; at++) yield toItem(data, at);
  yield `],${JSON.stringify(rest).slice(1)}`;
}

/**
 * A cursor contains the time of its issue, so that the tag must not depend on it. It does on half of the time for which a
 * cursor is valid: a client that received 304 can still use the cursor that it has.
 */
function toTaggedRest({ data: _, ...rest }: PageBody): string {
  const period = Math.floor(Date.now() / (cursorTimeoutSeconds * 500));
  return JSON.stringify(rest, (name, value) => (name === "nextCursor" && value !== null ? period : value));
}
