import type { ErrorRequestHandler, Request, Response } from "express";
import type { AppError } from "../../errors.ts";
import { type Log, redactText } from "../../log.ts";
import { httpStatuses, redactDetail, setErrorHeaders, toAppError } from "./error-mapping.ts";
import { sendJson } from "./send.ts";

/** Responds with errors as RFC 9457 problem documents, for every API without an error format of its own. */
export function problemHandler(log: Log): ErrorRequestHandler {
  return (error: unknown, req, res, _next) => {
    const started = startErrorResponse(log, error, req, res);
    if (!started) return;
    const { appError, status, title, detail } = started;
    const { field, scopes, errors, blockers, violatedPolicies } = appError.details;
    sendJson(res, status, "application/problem+json", {
      type: `urn:gatehouse:problem:${appError.code}`,
      title,
      status,
      detail,
      instance: `urn:gatehouse:request:${req.requestId}`,
      ...(field !== undefined && { errors: [{ pointer: `/${field.replaceAll(".", "/")}`, detail }] }),
      ...(errors && { errors: errors.map((each) => ({ ...each, detail: redactText(each.detail) })) }),
      ...(blockers && { blockers }),
      ...(scopes && { scopes }),
      ...(violatedPolicies && { violatedPolicies }),
    });
  };
}

/**
 * Logs an error and sets the headers of its response.
 * @returns what the body of the response states; undefined if a response has begun already, which is ended then
 */
export function startErrorResponse(
  log: Log,
  error: unknown,
  { requestId }: Request,
  res: Response,
):
  | { readonly appError: AppError; readonly status: number; readonly title: string; readonly detail: string }
  | undefined {
  const appError = toAppError(error);
  const status = httpStatuses[appError.code];
  logServerError(log, requestId, appError);
  if (res.headersSent) return void res.destroy();
  const detail = redactDetail(appError);
  res.locals["rejection"] = detail;
  setErrorHeaders(res, appError);
  return { appError, status, title: reasonPhrases[status] ?? "Error", detail };
}

/** Logs server errors with their cause. Client errors are in the request log instead. */
export function logServerError(
  log: Log,
  requestId: string,
  { code, message, cause }: ReturnType<typeof toAppError>,
): void {
  if (code === "internal") log.error(message, { requestId, cause });
  else if (code === "unavailable") log.warn(message, { requestId, cause });
}

/** The reason phrase of each error status. */
export const reasonPhrases: Readonly<Record<number, string>> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  409: "Conflict",
  412: "Precondition Failed",
  413: "Content Too Large",
  415: "Unsupported Media Type",
  422: "Unprocessable Content",
  429: "Too Many Requests",
  500: "Internal Server Error",
  501: "Not Implemented",
  502: "Bad Gateway",
  503: "Service Unavailable",
};
