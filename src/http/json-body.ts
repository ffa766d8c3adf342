import express, { type RequestHandler } from "express";
import { AppError } from "../errors.ts";
import { refuseTokenInBody } from "./credentials.ts";
import { assertShape } from "./json-shape.ts";

/**
 * Reads the JSON body of a caller who is known by now.
 * @param mediaTypes the accepted ones; a body of another type is 415
 * @param limit in bytes
 * @throws AppError unsupported-media-type, too-large, invalid-request, token-in-url
 */
export function jsonBody(mediaTypes: readonly string[], limit: number): RequestHandler {
  const parse = express.json({
    type: [...mediaTypes],
    limit,
    strict: false,
    verify: (_req, _res, bytes) => assertShape(bytes),
  });
  return (req, res, next) => {
    const { "transfer-encoding": coding, "content-length": length, "content-type": type = "" } = req.headers;
    if (coding === undefined && length === undefined) return next();
    const isEmpty = coding === undefined && Number(length) === 0;
    if (!isEmpty && !(req.is([...mediaTypes]) && isUtf8(type))) {
      throw new AppError("unsupported-media-type", `The body must be ${mediaTypes.join(" or ")} in UTF-8.`);
    }
    parse(req, res, (error?: unknown) => {
      try {
        if (error !== undefined) throw error;
        refuseTokenInBody(req.body);
        refusePoison(req.body);
      } catch (refused) {
        return next(refused);
      }
      next();
    });
  };
}

const isUtf8 = (contentType: string): boolean =>
  /^utf-?8$/i.test(/;\s*charset\s*=\s*"?([\w-]{1,40})/i.exec(contentType)?.[1] ?? "utf-8");

/** A part of a dotted or URN key that could reach an object's prototype. */
const poisonous = /(?:^|[.:[\]])(?:__proto__|constructor|prototype)(?:$|[.:[\]])/i;
/** Longer than any path that stands as a key; those who take one apart must not have to take apart megabytes. */
const keyMax = 512;

/**
 * Refuses, before anything reads the body, keys that could reach an object's prototype or that are endless, and texts
 * that no store gives back as they were: with a NUL or half of a character.
 * @throws AppError invalid-request; invalid-value
 */
function refusePoison(value: unknown): void {
  if (typeof value === "string") assertStorable(value);
  if (typeof value !== "object" || value === null) return;
  if (Array.isArray(value)) {
    for (const each of value) refusePoison(each);
    return;
  }
  for (const [key, each] of Object.entries(value)) {
    assertStorable(key);
    if (key.length > keyMax) {
      throw new AppError("invalid-request", `The body has a key of more than ${keyMax} characters.`);
    }
    if (poisonous.test(key)) throw new AppError("invalid-request", "The body has a key that no resource has.");
    refusePoison(each);
  }
}

function assertStorable(text: string): void {
  if (text.includes("\0") || !text.isWellFormed()) {
    throw new AppError("invalid-value", "A text in the body holds a NUL or half of a character.");
  }
}
