import type { Request, RequestHandler, Response } from "express";
import { AppError } from "../errors.ts";

type Handler = (req: Request, res: Response) => unknown;

/**
 * The methods of one resource; HEAD is GET without a body.
 * @returns a handler that refuses every other method with 405 and says which there are (RFC 9110 section 15.5.6)
 */
export function byMethod(methods: Readonly<Record<string, Handler>>): RequestHandler {
  const allow = Object.keys(methods).flatMap((method) => (method === "GET" ? ["GET", "HEAD"] : [method]));
  return async (req, res) => {
    const name = req.method === "HEAD" ? "GET" : req.method;
    const handler = Object.hasOwn(methods, name) ? methods[name] : undefined;
    if (!handler) throw new AppError("method-not-allowed", `${req.method} is not for this resource.`, { allow });
    await handler(req, res);
  };
}
