import type { Request, Response } from "express";
import { sendIfNotModified, toWeakEtag } from "../server/etag.ts";
import { sendChunks, sendText } from "../server/send.ts";
import { isBuffered, type ScimResponse } from "./endpoint.ts";
import { scimMediaType } from "./errors.ts";

/**
 * Sends the result of an operation: status, Location, ETag (RFC 7644 section 3.14) and body. A HEAD request does not
 * render the body, so its response has no Content-Length (RFC 9110 section 9.3.2).
 */
export async function sendScimResponse(
  req: Request,
  res: Response,
  { status, location, version, body }: ScimResponse,
): Promise<void> {
  const isRead = req.method === "GET" || req.method === "HEAD";
  if (isRead && version !== undefined && sendIfNotModified(req, res, version)) return;
  if (version !== undefined) res.setHeader("ETag", toWeakEtag(version));
  if (location !== undefined) res.setHeader("Location", location);
  // SCIM-SDK, the client of many Keycloak plug-ins, takes a 204 without this media type for a failure (ServerResponse).
  if (!body) return void res.status(status).setHeader("Content-Type", scimMediaType).end();
  if (req.method === "HEAD") return void res.status(status).setHeader("Content-Type", scimMediaType).end();
  const text = body();
  if (isBuffered(text)) sendText(res, status, scimMediaType, await text);
  else await sendChunks(res, status, scimMediaType, text);
}
