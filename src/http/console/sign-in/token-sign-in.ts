import type { RequestHandler } from "express";
import { RejectedCredentialError } from "../../../domain/tokens/verify/rejected-credential.ts";
import { hasErrorCode } from "../../../errors.ts";
import { httpStatuses, redactDetail } from "../../server/error-mapping.ts";
import { readText } from "../form.ts";
import { readReturnPath, returnFieldName } from "../return-path.ts";
import type { SignInRouterOptions } from "./options.ts";
import { sendSignIn } from "./sign-in-page.tsx";

/**
 * Creates the step that verifies the token of the sign-in, and sets `req.user`. Failures are counted by address, as for
 * every other API.
 * @throws AppError rate-limited; unavailable
 */
export function verifyToken({ base, sessions, userSignIns, failureLimit }: SignInRouterOptions): RequestHandler {
  return async (req, res, next) => {
    req.operationId = "consoleSignIn";
    const returnPath = readReturnPath(readText(req, returnFieldName), base);
    req.consoleReturnPath = returnPath;
    try {
      req.user = await sessions.verify(readText(req, "token"), { ip: req.address, requestId: req.requestId });
    } catch (error) {
      const isRejected = error instanceof RejectedCredentialError;
      if (!isRejected && !hasErrorCode(error, "insufficient-scope")) throw error;
      if (isRejected) {
        req.credentialRejection = error.report;
        failureLimit.count(req.address);
      }
      const detail = redactDetail(error);
      res.locals["rejection"] = detail;
      const offer = await userSignIns.offer();
      sendSignIn(res, httpStatuses[error.code], { base, offer, returnPath, errors: { token: detail } });
      return;
    }
    next();
  };
}
