import type { ErrorRequestHandler } from "express";
import type { OAuthErrorCode } from "../../../schemas/oauth.ts";
import { AppError, type ErrorCode } from "../../errors.ts";
import type { Log } from "../../log.ts";
import { httpStatuses, redactDetail, setErrorHeaders, toAppError } from "../server/error-mapping.ts";
import { logServerError } from "../server/problem.ts";
import { sendJson } from "../server/send.ts";

/** An error with a code of RFC 6749 section 5.2. */
export class OAuthError extends AppError {
  readonly oauthCode: OAuthErrorCode;

  constructor(code: OAuthErrorCode, message: string) {
    super("invalid-request", message);
    this.oauthCode = code;
  }
}

/**
 * Responds with errors in the form of RFC 6749 section 5.2. The description of `invalid_client` never says why
 * authentication failed.
 */
export function oauthErrorHandler(log: Log): ErrorRequestHandler {
  return (error: unknown, req, res, _next) => {
    const appError = toAppError(error);
    const code = error instanceof OAuthError ? error.oauthCode : toOAuthCode(appError);
    logServerError(log, req.requestId, appError);
    if (res.headersSent) return void res.destroy();
    setErrorHeaders(res, appError);
    res.removeHeader("WWW-Authenticate");
    if (code === "invalid_client") res.setHeader("WWW-Authenticate", 'Basic realm="gatehouse"');
    const description = code === "invalid_client" ? "Client authentication failed." : redactDetail(appError);
    res.locals["rejection"] = description;
    sendJson(res, oauthStatuses[code] ?? httpStatuses[appError.code], "application/json", {
      error: code,
      error_description: toAscii(description),
    });
  };
}

/** The statuses that an OAuth code determines, whatever the error code is. */
const oauthStatuses: Partial<Record<OAuthErrorCode, number>> = { invalid_client: 401, unauthorized_client: 400 };

function toOAuthCode({ code, details }: AppError): OAuthErrorCode {
  if (code === "invalid-value" && details.field === "scope") return "invalid_scope";
  return oauthCodes[code] ?? "invalid_request";
}

const oauthCodes: Partial<Record<ErrorCode, OAuthErrorCode>> = {
  unauthenticated: "invalid_client",
  "invalid-token": "invalid_client",
  "ip-not-allowed": "invalid_client",
  forbidden: "unauthorized_client",
  "rate-limited": "temporarily_unavailable",
  stale: "temporarily_unavailable",
  unavailable: "temporarily_unavailable",
  internal: "server_error",
};

/** Replaces the characters that section 5.2 does not allow in `error_description`. */
const toAscii = (value: string): string => value.replaceAll(/[^\x20\x21\x23-\x5b\x5d-\x7e]/g, "'");
