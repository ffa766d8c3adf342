import type { ErrorRequestHandler } from "express";
import { type Log, redactText } from "../log.ts";
import { detailOf, faultOf, setFaultHeaders, statusOf } from "./faults.ts";
import { sendJson } from "./send.ts";

/** Faults as RFC 9457 problem documents, for every door that has no words of its own. */
export function problemHandler(log: Log): ErrorRequestHandler {
  return (error: unknown, req, res, _next) => {
    const refused = faultOf(error);
    const status = statusOf[refused.fault];
    logFault(log, req.requestId, refused);
    if (res.headersSent) return void res.destroy();
    const detail = detailOf(refused);
    res.locals["refusal"] = detail;
    setFaultHeaders(res, refused);
    const { field, scopes, errors, blockers, violatedPolicies } = refused.details;
    sendJson(res, status, "application/problem+json", {
      type: `urn:gatehouse:problem:${refused.fault}`,
      title: titles[status] ?? "Error",
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

/** What is our own trouble is logged with its cause; what is the caller's is in the request log. */
export function logFault(log: Log, requestId: string, { fault, message, cause }: ReturnType<typeof faultOf>): void {
  if (fault === "internal") log.error(message, { requestId, cause });
  else if (fault === "unavailable") log.warn(message, { requestId, cause });
}

/** The reason phrase of each status that a fault has. */
export const titles: Readonly<Record<number, string>> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  409: "Conflict",
  412: "Precondition Failed",
  413: "Content Too Large",
  415: "Unsupported Media Type",
  429: "Too Many Requests",
  500: "Internal Server Error",
  501: "Not Implemented",
  503: "Service Unavailable",
};
