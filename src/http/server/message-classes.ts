import { IncomingMessage, ServerResponse } from "node:http";
import type { Express, Request, Response } from "express";

/**
 * Creates the request and response classes for Node's server, with the app's prototypes from the start. Otherwise Express
 * changes the prototypes of every request and response, and V8 stops optimizing the code that uses them: every step of a
 * request then took two to three times as long.
 * @see https://github.com/expressjs/express/issues/5998
 */
export function createMessageClasses(app: Express): {
  readonly IncomingMessage: typeof IncomingMessage;
  readonly ServerResponse: typeof ServerResponse;
} {
  class AppRequest extends IncomingMessage {}
  class AppResponse<Req extends IncomingMessage = IncomingMessage> extends ServerResponse<Req> {}
  Object.setPrototypeOf(AppRequest.prototype, app.request);
  Object.setPrototypeOf(AppResponse.prototype, app.response);
  app.request = AppRequest.prototype as Request;
  app.response = AppResponse.prototype as unknown as Response;
  return { IncomingMessage: AppRequest, ServerResponse: AppResponse };
}
