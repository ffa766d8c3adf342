import { IncomingMessage, ServerResponse } from "node:http";
import type { Express, Request, Response } from "express";

/**
 * What a server is to make requests and answers of for an app: objects that have the app's prototypes from the
 * beginning. Express else changes the prototypes of each when it arrives, and what then touches the two is no longer
 * optimised by the engine, which made everything that a request passes cost two to three times as much.
 * @see https://github.com/expressjs/express/issues/5998
 */
export function messagesOf(app: Express): {
  readonly IncomingMessage: typeof IncomingMessage;
  readonly ServerResponse: typeof ServerResponse;
} {
  class AppRequest extends IncomingMessage {}
  class AppResponse<Sent extends IncomingMessage = IncomingMessage> extends ServerResponse<Sent> {}
  Object.setPrototypeOf(AppRequest.prototype, app.request);
  Object.setPrototypeOf(AppResponse.prototype, app.response);
  app.request = AppRequest.prototype as Request;
  app.response = AppResponse.prototype as unknown as Response;
  return { IncomingMessage: AppRequest, ServerResponse: AppResponse };
}
