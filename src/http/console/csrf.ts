import { createHmac, timingSafeEqual } from "node:crypto";
import type { Request, RequestHandler } from "express";
import { AppError } from "../../errors.ts";
import { requireVisit } from "./visit.ts";

/** The name of the hidden field that each form of a session has. */
export const csrfFieldName = "csrf";

/**
 * Creates the step that rejects requests that pages of other origins have sent. A page on another port of the same host
 * is another origin although SameSite cookies are attached to its requests, so that the cookie alone is not sufficient.
 * @param publicUrl the URL at which browsers reach the service
 * @throws AppError forbidden
 */
export function requireSameOrigin(publicUrl: string): RequestHandler {
  const { origin: publicOrigin } = new URL(publicUrl);
  return ({ method, headers }, _res, next) => {
    const site = headers["sec-fetch-site"];
    const isSameOrigin = site === undefined ? headers.origin === publicOrigin : site === "same-origin";
    if (!isSafe(method) && !isSameOrigin)
      throw new AppError("forbidden", "The form was sent by a page of another origin. Open it in the console.");
    next();
  };
}

/** Returns the value of the hidden field in the forms of a session: an HMAC under the session id. */
export const toCsrfField = (sessionId: string): string =>
  createHmac("sha256", sessionId).update("csrf").digest("base64url");

/**
 * The step that checks the hidden field of a submitted form.
 * @throws AppError forbidden if it is missing or belongs to another session
 */
export const requireCsrfField: RequestHandler = (req, _res, next) => {
  assertCsrfField(req, requireVisit(req).csrfField);
  next();
};

function assertCsrfField({ method, body }: Request, expected: string): void {
  if (isSafe(method)) return;
  const value: unknown = (body as Readonly<Record<string, unknown>> | undefined)?.[csrfFieldName];
  const [sent, wanted] = [Buffer.from(typeof value === "string" ? value : ""), Buffer.from(expected)];
  if (sent.length === wanted.length && timingSafeEqual(sent, wanted)) return;
  throw new AppError("forbidden", "The form belongs to another session. Open it again.");
}

const isSafe = (method: string): boolean => method === "GET" || method === "HEAD";
