import express, { type ErrorRequestHandler, type Request, type RequestHandler, type Response, Router } from "express";
import type { AuthorizationResponse, OAuthConnections } from "../../domain/oauth/oauth-connections.ts";
import type { Log } from "../../log.ts";
import type { FailureLimit } from "../auth/failure-limit.ts";
import { type Html, html } from "../openapi/html.ts";
import { httpStatuses, setErrorHeaders, toAppError } from "../server/error-mapping.ts";
import { logServerError } from "../server/problem.ts";
import { sendText } from "../server/send.ts";
import { readAuthorizationResponse } from "./authorization-response.ts";

export interface CallbackRouterOptions {
  readonly connections: OAuthConnections;
  readonly failureLimit: FailureLimit;
  readonly log: Log;
  readonly publicUrl: string;
}

/**
 * Routes `/oauth/callback`, to which authorization servers of MCP servers send browsers (RFC 6749 section 4.1.2). The
 * browser has no credential of this service, and a link to an authorization can be sent to another user, whose account
 * would then be connected for its author. So a GET changes nothing and shows who is about to be connected, and the user
 * confirms with a POST. Every failure has the same page, which does not state the cause.
 */
export function callbackRouter({ connections, failureLimit, log, publicUrl }: CallbackRouterOptions): Router {
  const limitByAddress: RequestHandler = (req, res, next) => {
    req.operationId = "authorizationCallback";
    failureLimit.count(req.address);
    // The URL has the code. Other sites must not learn it, and the form sends its origin.
    res.setHeader("Referrer-Policy", "same-origin");
    res.setHeader("Content-Security-Policy", contentSecurityPolicy);
    next();
  };

  const router = Router({ strict: true });
  router.get("/", limitByAddress, async (req, res) => {
    const response = readAuthorizationResponse(new URL(req.originalUrl, publicUrl).searchParams);
    const subject = response && (await connections.describe(response.state));
    if (!response || !subject) return sendFailure(res);
    // The user denied the authorization, or it failed. No client can use the state any more.
    if (response.code === undefined) {
      await connections.completeInBrowser(response);
      return sendFailure(res);
    }
    sendPage(res, 200, confirmation(response, subject));
  });
  router.post("/", limitByAddress, parseForm, async (req, res) => {
    const response = isSameOrigin(req, publicUrl)
      ? readAuthorizationResponse(new URLSearchParams(toPairs(req.body)))
      : undefined;
    if (response?.code === undefined || !(await connections.completeInBrowser(response))) return sendFailure(res);
    sendPage(res, 200, html`<h1>Connected</h1><p>You can close this page.</p>`);
  });
  router.use(callbackErrorHandler(log));
  return router;
}

const contentSecurityPolicy =
  "default-src 'none'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; require-trusted-types-for 'script'";

const parseForm = express.urlencoded({ extended: false, limit: "16kb", parameterLimit: 10 });

const toPairs = (body: unknown): [string, string][] =>
  Object.entries((body ?? {}) as object).flatMap(([name, values]) =>
    [values].flat().map((value): [string, string] => [name, String(value)]),
  );

const isSameOrigin = ({ headers }: Request, publicUrl: string): boolean =>
  headers.origin === new URL(publicUrl).origin &&
  (headers["sec-fetch-site"] === undefined || headers["sec-fetch-site"] === "same-origin");

const confirmation = (
  { state, code, iss }: AuthorizationResponse,
  { serverName, userName }: { readonly serverName: string; readonly userName: string },
): Html => html`<h1>Connect ${serverName}?</h1>
<p>Your account at ${serverName} will be used by <strong>${userName}</strong>.</p>
<p>Continue only if you are ${userName} and have just started this connection. Otherwise close this page.</p>
<form method="post">
<input type="hidden" name="state" value="${state}">
<input type="hidden" name="code" value="${code}">
${iss !== undefined && html`<input type="hidden" name="iss" value="${iss}">`}
<button type="submit">Connect</button>
</form>`;

const sendFailure = (res: Response): void =>
  sendPage(
    res,
    400,
    html`<h1>Not connected</h1>
<p>The connection could not be completed. Start it again in your client. If that fails too, contact your administrator,
who finds the cause in the audit log.</p>`,
  );

function sendPage(res: Response, status: number, content: Html): void {
  const page = html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Gatehouse</title></head><body><main>${content}</main></body></html>`;
  sendText(res, status, "text/html", page.text);
}

function callbackErrorHandler(log: Log): ErrorRequestHandler {
  return (error: unknown, req, res, _next) => {
    const appError = toAppError(error);
    logServerError(log, req.requestId, appError);
    if (res.headersSent) return void res.destroy();
    setErrorHeaders(res, appError);
    res.removeHeader("WWW-Authenticate");
    sendPage(res, httpStatuses[appError.code], html`<h1>Not connected</h1><p>Try again later.</p>`);
  };
}
