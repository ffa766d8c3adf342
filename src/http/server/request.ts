import type { Request, RequestHandler } from "express";
import type { FailedOperation } from "../../../schemas/audit-event.ts";
import type { User as DirectoryUser } from "../../../schemas/user.ts";
import type { Caller } from "../../domain/caller.ts";
import { newUlid } from "../../domain/entity.ts";
import type { CredentialRejectionReport } from "../../domain/tokens/verify/rejected-credential.ts";
import { AppError } from "../../errors.ts";
import type { IgnoredAttributes } from "./ignored-attributes.ts";

declare global {
  namespace Express {
    interface User extends Caller {}
    interface Request {
      /** Identifies this request in the response, the log and audit events. */
      requestId: string;
      /** The client's address without port; IPv4 is never in its IPv6 form. */
      address: string;
      /** The active user as whom the request acts, in a user's view. Absent as well if there is no such user. */
      actingUser?: DirectoryUser;
      /** Why the credential was rejected, for the request log. The response must not reveal it. */
      credentialRejection?: CredentialRejectionReport;
      /** The operations of a PATCH or bulk request that failed, for the request log. */
      failedOperations?: readonly FailedOperation[];
      /** The external identity provider's JWT, if the operation accepts one. */
      subjectToken?: string;
      /** The operation that serves the request, one of a fixed set. Set when it is selected. */
      operationId?: string;
      /** The path at which the router of the request is mounted. */
      mountPath?: string;
      /** The trace of the request. Absent if it is not recorded. */
      traceId?: string;
      /** The attributes of the body that no schema defines and that the service ignored. Set by the SCIM API. */
      ignoredAttributes?: IgnoredAttributes;
    }
  }
}

/** The caller's X-Request-Id is used if it is safe in a log line and in a header. */
const safeRequestId = /^[\w.-]{1,64}$/;

/** Sets the id and the address of the request. A new id is a ULID, which sorts by time and so is cheap to index. */
export const identifyRequest: RequestHandler = (req, res, next) => {
  const header = req.headers["x-request-id"];
  req.requestId = typeof header === "string" && safeRequestId.test(header) ? header : newUlid();
  req.address = normalizeAddress(req.ip ?? "");
  res.setHeader("X-Request-Id", req.requestId);
  next();
};

/** Removes the port that some gateways append, and the prefix of IPv4 addresses on dual-stack listeners (::ffff:a.b.c.d). */
export function normalizeAddress(address: string): string {
  const host = /^(\d+\.\d+\.\d+\.\d+):\d+$/.exec(address)?.[1] ?? /^\[(.+)\](?::\d+)?$/.exec(address)?.[1] ?? address;
  return host.replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, "");
}

/**
 * Returns the caller that the authentication step has set.
 * @throws AppError unauthenticated if the route has no authentication step, which is a programming error
 */
export function requireCaller(req: Request): Caller {
  if (!req.user) throw credentialRequired();
  return req.user;
}

/** The error for a request without a credential. */
export const credentialRequired = (): AppError =>
  new AppError("unauthenticated", "A credential is required. Send a token as Authorization: Bearer.");
