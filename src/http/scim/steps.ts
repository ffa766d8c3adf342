import { type RequestHandler, Router } from "express";
import type { Scope } from "../../../schemas/token.ts";
import { AppError } from "../../errors.ts";
import { requireScope } from "../auth/authenticate.ts";
import { jsonBody } from "../server/json-body.ts";
import { routeMethods } from "../server/methods.ts";
import type { ScimHandler, ScimOperation, ScimServices } from "./operation.ts";

/** Reads several slashes in a path as one: a base URL with a trailing slash leads to `//Users`. */
export const foldSlashes: RequestHandler = (req, _res, next) => {
  if (req.url.includes("//")) {
    const [path = "", ...query] = req.url.split("?");
    req.url = [path.replaceAll(/\/{2,}/g, "/"), ...query].join("?");
  }
  next();
};

/**
 * Requires the scopes of the operation at the request's path, or the default ones at every other path, unknown paths
 * included: a caller without access cannot find out which paths exist.
 * @throws AppError insufficient-scope
 */
export function requireOperationScope(
  operations: readonly ScimOperation[],
  defaultScopes: readonly Scope[],
): RequestHandler {
  const requireDefault = requireScope(...defaultScopes);
  const exceptions = operations
    .filter(({ scopes }) => scopes !== defaultScopes)
    .map(({ path, scopes }) => ({ pattern: toPattern(path), require: requireScope(...scopes) }));
  return (req, res, next) => {
    const exception = exceptions.find(({ pattern }) => pattern.test(req.path));
    (exception?.require ?? requireDefault)(req, res, next);
  };
}

/** Matches like Express: case-insensitive, and with an optional trailing slash. */
const toPattern = (path: string): RegExp => new RegExp(`^${path.replaceAll(/\{\w+\}/g, "[^/]+")}/?$`, "i");

/**
 * Parses the JSON body of a request, up to the limit of its first path segment. Paths without a limit take no body.
 * @param mediaTypes accepted media types
 * @param limits in bytes, by lower-case path segment
 * @throws AppError unsupported-media-type; too-large; invalid-request; invalid-value; token-in-url
 */
export function parseScimBody(mediaTypes: readonly string[], limits: Readonly<Record<string, number>>): RequestHandler {
  const parsers = new Map(Object.entries(limits).map(([segment, limit]) => [segment, jsonBody(mediaTypes, limit)]));
  return (req, res, next) => {
    const parse = parsers.get(firstSegment(req.path).toLowerCase());
    if (parse) parse(req, res, next);
    else next();
  };
}

function firstSegment(path: string): string {
  const end = path.indexOf("/", 1);
  return end < 0 ? path.slice(1) : path.slice(1, end);
}

/** Routes a request to its operation. A method that no operation has is 405. */
export function routeOperations(operations: readonly ScimOperation[], services: ScimServices): RequestHandler {
  const router = Router();
  for (const path of new Set(operations.map((operation) => operation.path))) {
    const handlers = operations
      .filter((operation) => operation.path === path)
      .map((operation) => [operation.method.toUpperCase(), identified(operation, services)]);
    router.all(path.replaceAll(/\{(\w+)\}/g, ":$1") || "/", routeMethods(Object.fromEntries(handlers)));
  }
  return router;
}

/** Creates the handler of an operation, which records in the request which operation serves it. */
function identified({ operationId, createHandler }: ScimOperation, services: ScimServices): ScimHandler {
  const handle = createHandler(services);
  return (req, res) => {
    req.operationId = operationId;
    return handle(req, res);
  };
}

/** @throws AppError not-found */
export const rejectUnknownPath: RequestHandler = () => {
  throw new AppError("not-found", "No SCIM endpoint exists at this path.");
};
