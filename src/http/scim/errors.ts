import type { ErrorRequestHandler } from "express";
import type { Fault } from "../../errors.ts";
import type { Log } from "../../log.ts";
import { detailOf, faultOf, setFaultHeaders, statusOf } from "../faults.ts";
import { logFault } from "../problem.ts";
import { sendJson } from "../send.ts";

export const scimMediaType = "application/scim+json";
export const errorUrn = "urn:ietf:params:scim:api:messages:2.0:Error";

/** The scimType of each fault that has one (RFC 7644 section 3.12, table 9). */
const scimTypes: Partial<Record<Fault, string>> = {
  "invalid-request": "invalidSyntax",
  "invalid-value": "invalidValue",
  "invalid-filter": "invalidFilter",
  "invalid-path": "invalidPath",
  "no-target": "noTarget",
  mutability: "mutability",
  conflict: "uniqueness",
  "query-too-expensive": "tooMany",
};

/** Faults as SCIM Error messages (RFC 7644 section 3.12). */
export function scimErrorHandler(log: Log): ErrorRequestHandler {
  return (error: unknown, req, res, _next) => {
    const refused = faultOf(error);
    const status = statusOf[refused.fault];
    const scimType = scimTypes[refused.fault];
    logFault(log, req.requestId, refused);
    if (res.headersSent) return void res.destroy();
    const detail = detailOf(refused);
    res.locals["refusal"] = detail;
    setFaultHeaders(res, refused);
    sendJson(res, status, scimMediaType, {
      schemas: [errorUrn],
      status: String(status),
      ...(scimType !== undefined && { scimType }),
      detail,
    });
  };
}
