import { type RequestHandler, Router } from "express";
import { jsonSchemaDepthMax } from "../../../schemas/json-schema.ts";
import type { RequestLog } from "../../domain/audit/request-log.ts";
import { extractSubjectToken } from "../auth/credentials.ts";
import type { FailureLimit } from "../auth/failure-limit.ts";
import { type JsonBodyOptions, jsonBody } from "../server/json-body.ts";
import { logRequests } from "../server/request-log.ts";
import { corsSteps } from "./cors.ts";
import { mountAnonymousOperations, mountOperations } from "./kernel/mount.ts";
import type { Services } from "./kernel/services.ts";
import { apiOperations } from "./operations.ts";

export interface ApiRouterOptions {
  readonly services: Services;
  readonly requestLog: RequestLog;
  /** Origins of web pages that may use a user's view, in lower case. */
  readonly corsOrigins: readonly string[];
  /** The version of the service, for the header `Gatehouse-Version`. */
  readonly version: string;
  readonly publicUrl: string;
  /** Sets `req.user` to the caller that the credential identifies. */
  readonly authenticate: RequestHandler;
  /** Sets the user as whom the request acts, if there is one. */
  readonly identifyUser: RequestHandler;
  /** Counts the request against the rate limits of its caller. */
  readonly limit: RequestHandler;
  /** Counts requests without a credential by their address. */
  readonly failureLimit: FailureLimit;
}

/** In bytes. A skill has up to 2,100,000 characters in its files. */
const bodyBytesMax = { skill: 4 * 1024 * 1024, other: 1024 * 1024 };
/** In bytes; for requests without a credential. */
const anonymousBodyBytesMax = 16 * 1024;
/**
 * Tools have JSON Schemas. The depth is larger than theirs, so that the error can name the field. 500 tools with 40 names
 * of their own have 20,000 distinct keys, which are parsed in about 60 ms.
 */
const toolSchemaOptions: JsonBodyOptions = {
  limits: { depthMax: 2 * jsonSchemaDepthMax, distinctKeysMax: 20_000 },
  schemaFields: ["inputSchema", "outputSchema"],
};
const jsonMediaType = "application/json";
const mediaTypes = [jsonMediaType, "application/merge-patch+json"];

/**
 * Routes `/api`. Every request passes these steps in this order and ends at one operation. `kernel/mount.ts` runs the
 * operation: view and scope, query, body, handler, response.
 */
export function apiRouter(options: ApiRouterOptions): Router {
  const { services, requestLog, corsOrigins, version, publicUrl, authenticate, identifyUser, limit, failureLimit } =
    options;
  const baseUrl = `${publicUrl}/api`;
  const anonymousSteps = [limitByAddress(failureLimit), jsonBody([jsonMediaType], anonymousBodyBytesMax)];
  const pages = corsSteps(corsOrigins);
  const authenticatedSteps = [authenticate, pages.restrict, identifyUser, limit, apiBody];

  const router = Router();
  router.use(reportVersion(version), pages.allow, logRequests([requestLog], "rejected"));
  for (const { method, path } of subjectTokenOperations) router[method](path, setSubjectToken);
  mountAnonymousOperations(router, apiOperations, services, baseUrl, anonymousSteps);
  router.use(...authenticatedSteps);
  mountOperations(router, apiOperations, services, baseUrl);
  return router;
}

const reportVersion =
  (version: string): RequestHandler =>
  (_req, res, next) => {
    res.setHeader("Gatehouse-Version", version);
    next();
  };

const bodyParsers: readonly { readonly path: RegExp; readonly parse: RequestHandler }[] = [
  { path: /^\/mcp-servers(?:\/|$)/i, parse: jsonBody(mediaTypes, bodyBytesMax.other, toolSchemaOptions) },
  { path: /^\/skills(?:\/|$)/i, parse: jsonBody(mediaTypes, bodyBytesMax.skill) },
];
const parseOtherBody = jsonBody(mediaTypes, bodyBytesMax.other);
const apiBody: RequestHandler = (req, res, next) => {
  const { parse } = bodyParsers.find(({ path }) => path.test(req.path)) ?? { parse: parseOtherBody };
  parse(req, res, next);
};

/** The operations whose `Authorization: Bearer` is a JWT to exchange and not the credential. */
const subjectTokenOperations = apiOperations.filter(({ takesSubjectToken }) => takesSubjectToken);

const setSubjectToken: RequestHandler = (req, _res, next) => {
  extractSubjectToken(req);
  next();
};

const limitByAddress =
  (failureLimit: FailureLimit): RequestHandler =>
  (req, _res, next) => {
    failureLimit.count(req.address);
    next();
  };
