import type { Request, RequestHandler, Response } from "express";
import { isRejected } from "./request-log.ts";

/** The APIs that metrics distinguish. `api` is the organization's view of `/api`, `connect` a user's view. */
export type ObservedApi = "scim" | "api" | "connect" | "mcp" | "oauth" | "other";

/** A request whose response has ended or whose client has gone. */
export interface ObservedRequest {
  readonly api: ObservedApi;
  /** Undefined if the request ended before its operation was selected, such as with 401 or 404. */
  readonly operationId: string | undefined;
  /** Undefined if the client went away before the headers were sent. */
  readonly status: number | undefined;
  /** From the request's headers to its end. */
  readonly seconds: number;
  /** Whether the credential was accepted. */
  readonly isAuthenticated: boolean;
  /** The organization of the credential, also of a rejected one. Undefined if it belongs to none. */
  readonly organizationId: string | undefined;
  /** Whether the request failed, as in the request log. */
  readonly isRejected: boolean;
}

/** Called once for each request. It must be cheap. */
export type RequestObserver = (request: ObservedRequest) => void;

/** Creates the step that reports each request to the observer when its response has ended or its client has gone. */
export function observeRequests(observer: RequestObserver): RequestHandler {
  return (req, res, next) => {
    const startMs = performance.now();
    res.once("close", () => observer(describeRequest(req, res, (performance.now() - startMs) / 1000)));
    next();
  };
}

/** Describes a request at its end. */
export function describeRequest(req: Request, res: Response, seconds: number): ObservedRequest {
  const { user, mountPath = "" } = req;
  const isUserView = user?.userId !== undefined || req.headers["x-user-email"] !== undefined;
  const api = apiByMountPath[mountPath] ?? "other";
  return {
    api: api === "api" && isUserView ? "connect" : api,
    operationId: req.operationId,
    status: res.headersSent ? res.statusCode : undefined,
    seconds,
    isAuthenticated: user !== undefined,
    organizationId: user?.organizationId ?? req.credentialRejection?.organizationId,
    isRejected: isRejected(req, res),
  };
}

const apiByMountPath: Readonly<Record<string, ObservedApi>> = {
  "/scim/v2": "scim",
  "/api": "api",
  "/api/v1/mcp": "mcp",
  "/mcp": "mcp",
  "/oauth": "oauth",
  "/oauth/callback": "oauth",
};

/** Creates the step that records at which path the router of a request is mounted. The last one before its end counts. */
export function recordMountPath(path: string): RequestHandler {
  return (req, _res, next) => {
    req.mountPath = path;
    next();
  };
}
