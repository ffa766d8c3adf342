import type { ErrorRequestHandler } from "express";
import type { AppError, ErrorCode } from "../../errors.ts";
import type { Log } from "../../log.ts";
import { httpStatuses, redactDetail, setErrorHeaders, toAppError } from "../server/error-mapping.ts";
import { logServerError } from "../server/problem.ts";
import { sendJson } from "../server/send.ts";

export const scimMediaType = "application/scim+json";
export const errorUrn = "urn:ietf:params:scim:api:messages:2.0:Error";

/** The scimType of each error code that has one (RFC 7644 section 3.12, table 9; RFC 9865 section 2.1). */
export const scimTypes: Partial<Record<ErrorCode, string>> = {
  "invalid-request": "invalidSyntax",
  "invalid-value": "invalidValue",
  "invalid-filter": "invalidFilter",
  "invalid-path": "invalidPath",
  "no-target": "noTarget",
  "invalid-cursor": "invalidCursor",
  "expired-cursor": "expiredCursor",
  "invalid-count": "invalidCount",
  mutability: "mutability",
  conflict: "uniqueness",
  "query-too-expensive": "tooMany",
};

/** Sends errors as SCIM Error messages (RFC 7644 section 3.12). */
export function scimErrorHandler(log: Log): ErrorRequestHandler {
  return (error: unknown, req, res, _next) => {
    const appError = toAppError(error);
    const status = httpStatuses[appError.code];
    logServerError(log, req.requestId, appError);
    if (res.headersSent) return void res.destroy();
    const body = toScimError(appError);
    res.locals["rejection"] = body.detail;
    const { operation } = appError.details;
    if (operation !== undefined) req.failedOperations = [{ number: operation, status, detail: body.detail }];
    setErrorHeaders(res, appError);
    sendJson(res, status, scimMediaType, body);
  };
}

/** Creates the SCIM Error message of an error, for a response or for one operation of a bulk response. */
export function toScimError(error: AppError): ScimErrorBody {
  const scimType = scimTypes[error.code];
  return {
    schemas: [errorUrn],
    status: String(httpStatuses[error.code]),
    ...(scimType !== undefined && { scimType }),
    detail: redactDetail(error),
  };
}

interface ScimErrorBody {
  readonly schemas: readonly string[];
  readonly status: string;
  readonly scimType?: string;
  readonly detail: string;
}
