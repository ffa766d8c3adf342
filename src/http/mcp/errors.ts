import express, { type ErrorRequestHandler, type Request, type RequestHandler, type Response } from "express";
import { RejectedCredentialError } from "../../domain/tokens/verify/rejected-credential.ts";
import type { AppError } from "../../errors.ts";
import type { Log } from "../../log.ts";
import { UnusableCredentialError } from "../auth/credentials.ts";
import { httpStatuses, redactDetail, setErrorHeaders, toAppError } from "../server/error-mapping.ts";
import { assertJsonLimits } from "../server/json-limits.ts";
import { logServerError } from "../server/problem.ts";
import { sendJson } from "../server/send.ts";
import { toJsonRpcCode } from "./json-rpc-codes.ts";
import { InvalidParamsError, readId } from "./message.ts";
import { MessageLimitError } from "./message-count.ts";

/**
 * Responds with errors as JSON-RPC errors. The message says what to do, because many clients show nothing else, and the id
 * is that of the request. A body that was not read yet is read for its id, up to 64 kB.
 */
export function mcpErrorHandler(log: Log): ErrorRequestHandler {
  return async (error: unknown, req, res, _next) => {
    const appError = toAppError(error);
    logServerError(log, req.requestId, appError);
    if (res.headersSent) return void res.destroy();
    const id = readId(await readSmallBody(req, res));
    if (res.headersSent || res.destroyed) return;
    const message = toMessage(error, appError);
    const isMessageLimit = error instanceof MessageLimitError;
    // The request log would otherwise grow without a limit.
    if (!isMessageLimit) res.locals["rejection"] = message;
    setErrorHeaders(res, appError);
    const { scopes, retryAfterSeconds } = appError.details;
    // These are the errors of one call, and not of the HTTP request: some clients lose their session otherwise.
    const isOfCall = error instanceof InvalidParamsError || (isMessageLimit && id !== null);
    const status = isOfCall ? 200 : httpStatuses[appError.code];
    sendJson(res, status, "application/json", {
      jsonrpc: "2.0",
      id,
      error: {
        code: toJsonRpcCode(error, appError),
        message,
        data: {
          code: appError.code,
          requestId: req.requestId,
          ...(scopes && { scopes }),
          ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
        },
      },
    });
  };
}

/** The message never states why a token was rejected. */
function toMessage(error: unknown, appError: AppError): string {
  if (appError.code === "unauthenticated") {
    return "No credential. Configure your MCP client to send the header Authorization: Bearer, a space and a token.";
  }
  const isMalformed = error instanceof UnusableCredentialError && error.reason === "malformed";
  if (isMalformed || error instanceof RejectedCredentialError) {
    if (appError.code === "invalid-token")
      return "The token is unknown, expired, disabled or revoked. Create a new one, and replace it in the configuration of your MCP client.";
  }
  return redactDetail(appError);
}

/** Reads a body that no step has read yet. @returns undefined if it is too large or no JSON */
function readSmallBody(req: Request, res: Response): Promise<unknown> {
  if (req.body !== undefined || req.readableEnded) return Promise.resolve(req.body);
  return new Promise((resolve) => {
    parseSmallBody(req, res, (error?: unknown) => {
      if (error !== undefined || !Buffer.isBuffer(req.body)) return resolve(undefined);
      try {
        assertJsonLimits(req.body, { depthMax: 64, distinctKeysMax: 2000 });
        resolve(JSON.parse(req.body.toString("utf8")));
      } catch {
        resolve(undefined);
      } finally {
        req.body = undefined;
      }
    });
  });
}

const parseSmallBody: RequestHandler = express.raw({ limit: "64kb", type: ["application/json", "application/*+json"] });
