import express, { type RequestHandler } from "express";
import { AppError } from "../../errors.ts";
import { isLong, waitForOwnTick } from "../../own-tick.ts";
import { rejectTokenInBody } from "../auth/credentials.ts";
import { bodyBudget } from "./body-budget.ts";
import { assertJsonLimits, attributeJsonLimits, type JsonLimits } from "./json-limits.ts";

/** What a body may contain. */
export interface JsonBodyOptions {
  readonly limits?: JsonLimits;
  /** Fields whose values are JSON Schemas or data: `constructor` is a name there like any other. */
  readonly schemaFields?: readonly string[];
}

/**
 * Parses a JSON body. It runs after authentication, so that only callers with a credential can send large bodies.
 * @param mediaTypes the accepted media types; any other is 415
 * @param limit the maximum size in bytes
 * @param options absent: the limits of resources with only attributes of their own
 * @throws AppError unsupported-media-type, too-large, invalid-request, token-in-url, unavailable
 */
export function jsonBody(
  mediaTypes: readonly string[],
  limit: number,
  { limits = attributeJsonLimits, schemaFields = [] }: JsonBodyOptions = {},
): RequestHandler {
  const receive = express.raw({ type: [...mediaTypes], limit });
  const parse = async (bytes: Buffer): Promise<unknown> => {
    if (bytes.length >= ownTickBytesMin) await waitForOwnTick();
    assertJsonLimits(bytes, limits);
    if (isLong(bytes.length)) await waitForOwnTick();
    const body = parseJson(bytes);
    if (isLong(bytes.length)) await waitForOwnTick();
    rejectTokenInBody(body);
    rejectPrototypeKeys(body, schemaFields);
    if (isLong(bytes.length)) await waitForOwnTick();
    return body;
  };
  return (req, res, next) => {
    const {
      "transfer-encoding": transferEncoding,
      "content-length": contentLength,
      "content-type": type = "",
    } = req.headers;
    if (transferEncoding === undefined && contentLength === undefined) return next();
    const isEmpty = transferEncoding === undefined && Number(contentLength) === 0;
    if (!isEmpty && !(req.is([...mediaTypes]) && hasUtf8Charset(type))) {
      throw new AppError("unsupported-media-type", `The body must be ${mediaTypes.join(" or ")} in UTF-8.`);
    }
    bodyBudget.reserve(req, res, limit);
    receive(req, res, (error?: unknown) => {
      if (error !== undefined) return next(error);
      const bytes = req.body as Buffer | undefined;
      if (bytes === undefined) return next(); // an empty body without a media type
      req.body = undefined; // the log of a rejected request would otherwise enumerate megabytes of bytes
      parse(bytes).then((body) => {
        req.body = body;
        next();
      }, next);
    });
  };
}

/** Smaller bodies, and the checks of their content, take less than a millisecond. */
const ownTickBytesMin = 16 * 1024;

/** @throws AppError invalid-request */
function parseJson(bytes: Buffer): unknown {
  if (bytes.length === 0) return {};
  try {
    return JSON.parse(bytes.toString("utf8").replace(/^\uFEFF/, ""));
  } catch {
    throw new InvalidJsonError();
  }
}

/** The error for a body that is not JSON, which JSON-RPC distinguishes from other malformed requests. */
export class InvalidJsonError extends AppError {
  constructor() {
    super("invalid-request", "The body is not valid JSON.");
  }
}

const hasUtf8Charset = (contentType: string): boolean =>
  /^utf-?8$/i.test(/;\s*charset\s*=\s*"?([\w-]{1,40})/i.exec(contentType)?.[1] ?? "utf-8");

/** A segment of a dotted key or URN that could reach an object's prototype (prototype pollution). */
const prototypeKeyPattern = /(?:^|[.:[\]])(?:__proto__|constructor|prototype)(?:$|[.:[\]])/i;
/** In characters; longer than any attribute path that is used as a key, so that no parser has to split megabytes. */
const keyLengthMax = 512;

/**
 * Rejects bodies, before anything else reads them, that have keys that are too long or could reach an object's
 * prototype, or strings that the stores cannot return unchanged: with a NUL or an unpaired surrogate.
 * @param schemaFields the fields in whose values names of the prototype are data
 * @throws AppError invalid-request; invalid-value
 */
export function rejectPrototypeKeys(value: unknown, schemaFields: readonly string[], isSchema = false): void {
  if (typeof value === "string") assertStorableString(value);
  if (typeof value !== "object" || value === null) return;
  if (Array.isArray(value)) {
    for (const each of value) rejectPrototypeKeys(each, schemaFields, isSchema);
    return;
  }
  for (const [key, each] of Object.entries(value)) {
    assertStorableString(key);
    if (key.length > keyLengthMax) {
      throw new AppError("invalid-request", `The body has a key of more than ${keyLengthMax} characters.`);
    }
    if (!isSchema && prototypeKeyPattern.test(key))
      throw new AppError(
        "invalid-request",
        "The body has a reserved key: __proto__, constructor and prototype are not allowed.",
      );
    rejectPrototypeKeys(each, schemaFields, isSchema || schemaFields.includes(key));
  }
}

/**
 * @param field that the string belongs to, if the error shall name it
 * @throws AppError invalid-value for a string that the stores cannot return unchanged
 */
export function assertStorableString(value: string, field?: string): void {
  if (!value.includes("\0") && value.isWellFormed()) return;
  throw new AppError(
    "invalid-value",
    `A string in ${field ?? "the body"} contains a NUL character or an unpaired surrogate.`,
    field === undefined ? {} : { field },
  );
}
