import type { ErrorRequestHandler } from "express";
import type { OAuthCode } from "../../../schemas/oauth.ts";
import { AppError, type Fault } from "../../errors.ts";
import type { Log } from "../../log.ts";
import { detailOf, faultOf, setFaultHeaders, statusOf } from "../faults.ts";
import { logFault } from "../problem.ts";
import { sendJson } from "../send.ts";

/** What the token endpoint refuses in words of its own. */
export class OAuthRefusal extends AppError {
  readonly code: OAuthCode;

  constructor(code: OAuthCode, message: string) {
    super("invalid-request", message);
    this.code = code;
  }
}

/** Faults as RFC 6749 section 5.2 has them. Of a client it is never said why it is none. */
export function oauthErrorHandler(log: Log): ErrorRequestHandler {
  return (error: unknown, req, res, _next) => {
    const refused = faultOf(error);
    const code = error instanceof OAuthRefusal ? error.code : codeOf(refused);
    logFault(log, req.requestId, refused);
    if (res.headersSent) return void res.destroy();
    setFaultHeaders(res, refused);
    res.removeHeader("WWW-Authenticate");
    if (code === "invalid_client") res.setHeader("WWW-Authenticate", 'Basic realm="gatehouse"');
    const description = code === "invalid_client" ? "The client is not known." : detailOf(refused);
    res.locals["refusal"] = description;
    sendJson(res, statuses[code] ?? statusOf[refused.fault], "application/json", {
      error: code,
      error_description: ascii(description),
    });
  };
}

/** Where a code has a status of its own, whatever the fault. */
const statuses: Partial<Record<OAuthCode, number>> = { invalid_client: 401, unauthorized_client: 400 };

function codeOf({ fault, details }: AppError): OAuthCode {
  if (fault === "invalid-value" && details.field === "scope") return "invalid_scope";
  return codes[fault] ?? "invalid_request";
}

const codes: Partial<Record<Fault, OAuthCode>> = {
  unauthenticated: "invalid_client",
  "invalid-token": "invalid_client",
  "ip-not-allowed": "invalid_client",
  forbidden: "unauthorized_client",
  "rate-limited": "temporarily_unavailable",
  stale: "temporarily_unavailable",
  unavailable: "temporarily_unavailable",
  internal: "server_error",
};

/** What section 5.2 allows in a description. */
const ascii = (text: string): string => text.replaceAll(/[^\x20\x21\x23-\x5b\x5d-\x7e]/g, "'");
