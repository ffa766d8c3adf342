import express, { type ErrorRequestHandler, type Request, type RequestHandler, type Response } from "express";
import { RejectedCredentialError } from "../../domain/tokens/verify/rejected-credential.ts";
import type { AppError, ErrorCode } from "../../errors.ts";
import type { Log } from "../../log.ts";
import { UnusableCredentialError } from "../auth/credentials.ts";
import { httpStatuses, redactDetail, setErrorHeaders, toAppError } from "../server/error-mapping.ts";
import { InvalidJsonError } from "../server/json-body.ts";
import { assertJsonLimits } from "../server/json-limits.ts";
import { logServerError } from "../server/problem.ts";
import { sendJson } from "../server/send.ts";
import { InvalidParamsError, readId, UnsupportedMethodError } from "./message.ts";

/** JSON-RPC 2.0 section 5.1; the codes from -32000 are the service's own. */
export const jsonRpcCodes = {
  parse: -32700,
  invalidRequest: -32600,
  methodNotFound: -32601,
  invalidParams: -32602,
  internal: -32603,
  server: -32000,
  unauthenticated: -32001,
  forbidden: -32003,
  notFound: -32004,
} as const;

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
    res.locals["rejection"] = message;
    setErrorHeaders(res, appError);
    const { scopes, retryAfterSeconds } = appError.details;
    // Invalid parameters are the error of one call, and not of the HTTP request: some clients lose their session otherwise.
    const status = error instanceof InvalidParamsError ? 200 : httpStatuses[appError.code];
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

function toJsonRpcCode(error: unknown, { code }: AppError): number {
  if (error instanceof InvalidParamsError) return jsonRpcCodes.invalidParams;
  if (error instanceof UnsupportedMethodError) return jsonRpcCodes.methodNotFound;
  if (error instanceof InvalidJsonError) return jsonRpcCodes.parse;
  return codes[code] ?? jsonRpcCodes.server;
}

const codes: Partial<Record<ErrorCode, number>> = {
  "invalid-request": jsonRpcCodes.invalidRequest,
  "invalid-value": jsonRpcCodes.invalidRequest,
  unauthenticated: jsonRpcCodes.unauthenticated,
  "invalid-token": jsonRpcCodes.unauthenticated,
  "ambiguous-credentials": jsonRpcCodes.unauthenticated,
  "token-in-url": jsonRpcCodes.unauthenticated,
  "ip-not-allowed": jsonRpcCodes.forbidden,
  "insufficient-scope": jsonRpcCodes.forbidden,
  forbidden: jsonRpcCodes.forbidden,
  "user-required": jsonRpcCodes.forbidden,
  "not-found": jsonRpcCodes.notFound,
  internal: jsonRpcCodes.internal,
};

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
  if (req.body !== undefined) return Promise.resolve(Buffer.isBuffer(req.body) ? undefined : req.body);
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
