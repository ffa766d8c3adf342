import { createHash } from "node:crypto";
import type { Request, RequestHandler, Response, Router } from "express";
import { z } from "zod";
import { isLong, waitForOwnTick } from "../../../own-tick.ts";
import { matchesIfNoneMatch, readExpectedTags, readExpectedVersion, toStrongEtag } from "../../server/etag.ts";
import { routeMethods } from "../../server/methods.ts";
import { requireCaller } from "../../server/request.ts";
import { sendJsonLines, sendText } from "../../server/send.ts";
import { readIdempotencyKey } from "./idempotency-key.ts";
import type { Operation, OperationResponse, RequestContext, View } from "./operation.ts";
import { isPageBody, sendPage } from "./page-response.ts";
import type { Services } from "./services.ts";
import { createQueryParser, parseBody } from "./validation.ts";
import { selectView } from "./view.ts";

/**
 * Mounts the operations that require a credential. A request to a path passes these steps: method (else 405), view and
 * scope, query, body, handler, response.
 * @param baseUrl the URL of the router, for `Location`
 */
export function mountOperations(
  router: Router,
  operations: readonly Operation[],
  services: Services,
  baseUrl: string,
): void {
  const authenticated = operations.filter((each) => !each.anonymous);
  for (const path of new Set(authenticated.map((each) => each.path))) {
    const pathOperations = authenticated.filter((each) => each.path === path);
    const handlers = pathOperations.map((each) => [each.method.toUpperCase(), createHandler(each, services, baseUrl)]);
    router.all(path.replaceAll(/\{(\w+)\}/g, ":$1"), routeMethods(Object.fromEntries(handlers)));
  }
}

/**
 * Mounts the operations that require no credential. They must be mounted before the authentication step.
 * @param baseUrl the URL of the router, for `Location`
 * @param middleware the steps before the operation: rate limit and body
 */
export function mountAnonymousOperations(
  router: Router,
  operations: readonly Operation[],
  services: Services,
  baseUrl: string,
  middleware: readonly RequestHandler[],
): void {
  for (const { operationId, method, path, anonymous, query, body } of operations) {
    if (!anonymous) continue;
    const readQuery = createQueryParser(query ?? emptyQuery);
    const handler = async (req: Request, res: Response): Promise<void> => {
      req.operationId = operationId;
      readQuery(req.query);
      const context = { ip: req.address, requestId: req.requestId, body: body && parseBody(body, req.body) };
      await sendResponse(req, res, await anonymous.handle(context, services), false, baseUrl);
    };
    router.all(path, ...middleware, routeMethods({ [method.toUpperCase()]: handler }));
  }
}

function createHandler(operation: Operation, services: Services, baseUrl: string) {
  const readQuery = createQueryParser(operation.query ?? emptyQuery);
  return async (req: Request, res: Response): Promise<void> => {
    req.operationId = operation.operationId;
    const selected = selectView(req, operation);
    const context: RequestContext = {
      caller: requireCaller(req),
      user: undefined,
      parameter: (name) => String(req.params[name]),
      query: readQuery(req.query),
      body: operation.body && parseBody(operation.body, req.body ?? (operation.isBodyOptional ? {} : undefined)),
      subjectToken: req.subjectToken,
      idempotency: operation.isIdempotent ? readIdempotencyKey(req) : undefined,
      expectedTags: operation.isVersioned ? readExpectedTags(req) : undefined,
      expected: operation.isVersioned ? readExpectedVersion(req) : {},
    };
    const response =
      "user" in selected
        ? await selected.view.handle({ ...context, user: selected.user }, services)
        : await (selected.view satisfies View).handle(context, services);
    await sendResponse(req, res, response, "user" in selected, baseUrl);
  };
}

const emptyQuery = z.object({});

async function sendResponse(
  req: Request,
  res: Response,
  response: OperationResponse,
  isUserView: boolean,
  baseUrl: string,
): Promise<void> {
  const { status, body, lines, version, contentTag, location, hasVolatileFields = isUserView } = response;
  if (response.isDryRun) res.setHeader("Gatehouse-Dry-Run", "true");
  if (response.isReplay) res.setHeader("Idempotent-Replayed", "true");
  if (location !== undefined) res.setHeader("Location", baseUrl + location);
  const json = body === undefined || isPageBody(body) ? undefined : JSON.stringify(body);
  if (json !== undefined && isLong(json.length)) await waitForOwnTick();
  // A user's representation of a version also depends on the groups and policies of that user.
  const etag =
    version === undefined
      ? contentTag && `"${contentTag}"`
      : toStrongEtag(version, hasVolatileFields ? digestBody(json ?? "") : undefined);
  if (etag !== undefined) {
    res.setHeader("ETag", etag);
    if (req.method === "GET" || req.method === "HEAD") {
      if (matchesIfNoneMatch(req, etag)) return void res.status(304).end();
    }
  }
  if (lines) return sendJsonLines(res, status, lines);
  if (body !== undefined && isPageBody(body)) return sendPage(req, res, status, body);
  if (json === undefined) return void res.status(status).end();
  sendText(res, status, jsonMediaType, json);
}

const jsonMediaType = "application/json";

const digestBody = (json: string): string => createHash("sha256").update(json).digest("base64url").slice(0, 12);
