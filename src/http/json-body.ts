import express, { type RequestHandler } from "express";
import { AppError } from "../errors.ts";
import { refuseTokenInBody } from "./credentials.ts";

/** Nested deeper than anything that the doors accept. */
const depthMax = 16;
const poisonous = new Set(["__proto__", "constructor", "prototype"]);

/**
 * Reads the JSON body of a caller who is known by now.
 * @param mediaTypes the accepted ones; a body of another type is 415
 * @param limit in bytes
 * @throws AppError unsupported-media-type, too-large, invalid-request, token-in-url
 */
export function jsonBody(mediaTypes: readonly string[], limit: number): RequestHandler[] {
  const parse = express.json({ type: [...mediaTypes], limit, strict: false });
  return [
    (req, _res, next) => {
      const hasBody = req.headers["transfer-encoding"] !== undefined || Number(req.headers["content-length"] ?? 0) > 0;
      if (!hasBody || (req.is([...mediaTypes]) && isUtf8(req.headers["content-type"] ?? ""))) return next();
      throw new AppError("unsupported-media-type", `The body must be ${mediaTypes.join(" or ")} in UTF-8.`);
    },
    parse,
    (req, _res, next) => {
      refuseTokenInBody(req.body);
      refusePoison(req.body);
      next();
    },
  ];
}

const isUtf8 = (contentType: string): boolean =>
  /^utf-?8$/i.test(/;\s*charset\s*=\s*"?([\w-]{1,40})/i.exec(contentType)?.[1] ?? "utf-8");

/**
 * Refuses, before anything reads the body, keys that could reach an object's prototype, also as a part of a dotted or
 * URN key, and texts that no store gives back as they were: with a NUL or half of a character.
 * @throws AppError invalid-request; invalid-value
 */
function refusePoison(body: unknown, depth = 0): void {
  if (typeof body === "string") assertStorable(body);
  if (typeof body !== "object" || body === null) return;
  if (depth >= depthMax) throw new AppError("invalid-request", `The body is nested more than ${depthMax} deep.`);
  if (Array.isArray(body)) {
    for (const each of body) refusePoison(each, depth + 1);
    return;
  }
  for (const [key, value] of Object.entries(body)) {
    assertStorable(key);
    if (key.split(/[.:[\]]/).some((part) => poisonous.has(part.toLowerCase()))) {
      throw new AppError("invalid-request", "The body has a key that no resource has.");
    }
    refusePoison(value, depth + 1);
  }
}

function assertStorable(text: string): void {
  if (text.includes("\0") || !text.isWellFormed()) {
    throw new AppError("invalid-value", "A text in the body holds a NUL or half of a character.");
  }
}
