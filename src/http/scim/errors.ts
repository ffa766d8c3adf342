import type { ErrorRequestHandler } from "express";
import type { AppError, Fault } from "../../errors.ts";
import type { Log } from "../../log.ts";
import { detailOf, faultOf, setFaultHeaders, statusOf } from "../faults.ts";
import { logFault } from "../problem.ts";
import { sendJson } from "../send.ts";

export const scimMediaType = "application/scim+json";
export const errorUrn = "urn:ietf:params:scim:api:messages:2.0:Error";

/** The scimType of each fault that has one (RFC 7644 section 3.12, table 9; RFC 9865 section 2.1). */
export const scimTypes: Partial<Record<Fault, string>> = {
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

/** Faults as SCIM Error messages (RFC 7644 section 3.12). */
export function scimErrorHandler(log: Log): ErrorRequestHandler {
  return (error: unknown, req, res, _next) => {
    const refused = faultOf(error);
    const status = statusOf[refused.fault];
    logFault(log, req.requestId, refused);
    if (res.headersSent) return void res.destroy();
    const body = errorBody(refused);
    res.locals["refusal"] = body.detail;
    setFaultHeaders(res, refused);
    sendJson(res, status, scimMediaType, body);
  };
}

/** The SCIM Error message of a fault, for a response or for one operation of a bulk's. */
export function errorBody(refused: AppError): ErrorBody {
  const scimType = scimTypes[refused.fault];
  return {
    schemas: [errorUrn],
    status: String(statusOf[refused.fault]),
    ...(scimType !== undefined && { scimType }),
    detail: detailOf(refused),
  };
}

interface ErrorBody {
  readonly schemas: readonly string[];
  readonly status: string;
  readonly scimType?: string;
  readonly detail: string;
}
