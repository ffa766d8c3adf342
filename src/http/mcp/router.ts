import { type Request, type RequestHandler, type Response, Router } from "express";
import type { RequestLog } from "../../domain/audit/request-log.ts";
import type { AppError } from "../../errors.ts";
import type { Log } from "../../log.ts";
import { type JsonBodyOptions, jsonBody } from "../server/json-body.ts";
import { allowMethod } from "../server/methods.ts";
import { logRequests } from "../server/request-log.ts";
import { createMcpContext, type McpEndpoint, type McpServices } from "./context.ts";
import { mcpErrorHandler } from "./errors.ts";
import {
  assertParams,
  isOperation,
  isSessionMessage,
  type JsonRpcMessage,
  readId,
  readMessage,
  toOperationId,
  UnsupportedMethodError,
} from "./message.ts";
import { countRejectedRequests, MessageLimitError } from "./message-count.ts";
import { checkOrigin, type OriginOptions } from "./origin.ts";
import { McpProtocol } from "./protocol.ts";
import { respond } from "./respond.ts";

export interface McpRouterOptions {
  readonly services: McpServices;
  readonly requestLog: RequestLog;
  readonly origin: OriginOptions;
  /** Sets `req.user` to the caller that the credential identifies. */
  readonly authenticate: RequestHandler;
  /** Sets the user as whom the request acts. */
  readonly identifyUser: RequestHandler;
  readonly log: Log;
  /** The version of the service. */
  readonly version: string;
}

/** In bytes. */
const bodyBytesMax = 1024 * 1024;
const bodyOptions: JsonBodyOptions = { limits: { depthMax: 64, distinctKeysMax: 20_000 }, schemaFields: ["arguments"] };

/**
 * Routes `/mcp`, `/mcp/toolkits/{slug}` and `/mcp/servers/{slug}` (Streamable HTTP without sessions). Every request passes
 * these steps in this order. Paths below them do not exist: clients that find a discovery document there no longer send
 * the credential that they are configured with.
 */
export function mcpRouter(options: McpRouterOptions): Router {
  const { services, requestLog, origin, authenticate, identifyUser, log, version } = options;
  const protocol = new McpProtocol(services, log, version);
  const steps = [
    logRequests([requestLog], "rejected"),
    checkOrigin(origin),
    authenticate,
    allowMethod("POST"),
    identifyUser,
    jsonBody(["application/json"], bodyBytesMax, bodyOptions),
  ];

  const router = Router();
  for (const [path, toEndpoint] of endpoints)
    router.all(path, ...steps, (req, res) => serve(req, res, toEndpoint(req), services, protocol));
  router.use(countRejectedRequests(services.messageQuotas), mcpErrorHandler(log));
  return router;
}

const endpoints: readonly (readonly [string, (req: Request) => McpEndpoint])[] = [
  ["/", () => ({ kind: "all" })],
  ["/toolkits/:slug", ({ params }) => ({ kind: "toolkit", slug: String(params["slug"]) })],
  ["/servers/:slug", ({ params }) => ({ kind: "server", slug: String(params["slug"]) })],
];

async function serve(
  req: Request,
  res: Response,
  endpoint: McpEndpoint,
  services: McpServices,
  protocol: McpProtocol,
): Promise<void> {
  const message = readMessage(req.body);
  req.operationId = toOperationId(message);
  const context = createMcpContext(req, res, message, endpoint, services);
  const { limitExceeded } = context;
  if (limitExceeded) assertWithoutLimit(message, limitExceeded);
  else if (endpoint.kind !== "all") await context.selection();
  assertParams(message);
  assertSupported(message);
  const response = await protocol.serve(req, message, context);
  // The SDK has rejected the envelope of a call.
  if (limitExceeded && response instanceof Response && !response.ok) throw new MessageLimitError(limitExceeded);
  await respond(res, response, readId(message), context.deferredTools);
}

/**
 * Rejects a message over a limit, except calls of tools, whose result states it: models read the text of a result.
 * @throws AppError rate-limited; MessageLimitError for requests within a session, which some clients lose at a 429
 */
function assertWithoutLimit(message: JsonRpcMessage, limitExceeded: AppError): void {
  if (message.method === "tools/call" && isOperation(message)) return;
  throw isSessionMessage(message) ? limitExceeded : new MessageLimitError(limitExceeded);
}

/**
 * Rejects streams of changes, which the SDK would keep open without end, also after the token is revoked.
 * @throws UnsupportedMethodError
 */
function assertSupported({ method }: JsonRpcMessage): void {
  if (method !== "subscriptions/listen") return;
  throw new UnsupportedMethodError("The service sends no notifications of changes. List again.");
}
