import type { Request, Response } from "express";
import { answeredNotModified, etagOf } from "../etag.ts";
import { sendPieces, sendText } from "../send.ts";
import { type Answer, isWhole } from "./endpoint.ts";
import { scimMediaType } from "./errors.ts";

/**
 * Puts an operation's answer into the HTTP response: status, Location, ETag (RFC 7644 section 3.14) and body. For HEAD
 * the body is not made, so that its length is not said either (RFC 9110 section 9.3.2).
 */
export async function respond(req: Request, res: Response, { status, location, version, body }: Answer): Promise<void> {
  const isRead = req.method === "GET" || req.method === "HEAD";
  if (isRead && version !== undefined && answeredNotModified(req, res, version)) return;
  if (version !== undefined) res.setHeader("ETag", etagOf(version));
  if (location !== undefined && !isRead) res.setHeader("Location", location);
  if (!body) return void res.status(status).end();
  if (req.method === "HEAD") return void res.status(status).setHeader("Content-Type", scimMediaType).end();
  const made = body();
  if (isWhole(made)) sendText(res, status, scimMediaType, await made);
  else await sendPieces(res, status, scimMediaType, made);
}
