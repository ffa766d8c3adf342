import type { Request, RequestHandler, Response } from "express";
import { AppError } from "../../errors.ts";

type MethodHandler = (req: Request, res: Response) => unknown;

/**
 * Routes one resource by method. HEAD is handled as GET; Node omits the body.
 * @returns a handler that rejects every other method with 405 and lists the allowed ones (RFC 9110 section 15.5.6)
 */
export function routeMethods(handlers: Readonly<Record<string, MethodHandler>>): RequestHandler {
  const allow = Object.keys(handlers).flatMap((method) => (method === "GET" ? ["GET", "HEAD"] : [method]));
  return async (req, res) => {
    const method = req.method === "HEAD" ? "GET" : req.method;
    const handler = Object.hasOwn(handlers, method) ? handlers[method] : undefined;
    if (!handler) throw methodNotAllowed(req, allow);
    await handler(req, res);
  };
}

/** Passes requests with this method on, and rejects all others with 405. */
export function allowMethod(method: string): RequestHandler {
  return (req, _res, next) => {
    if (req.method !== method) throw methodNotAllowed(req, [method]);
    next();
  };
}

const methodNotAllowed = ({ method }: Request, allow: readonly string[]): AppError =>
  new AppError("method-not-allowed", `The method ${method} is not allowed for this resource.`, { allow });
