import type { Request, RequestHandler } from "express";
import type { Caller } from "../domain/caller.ts";
import { newUlid } from "../domain/entity.ts";
import { AppError } from "../errors.ts";

declare global {
  namespace Express {
    interface User extends Caller {}
    interface Request {
      /** Names this request in the answer, the log and the audit event. */
      requestId: string;
      /** Where it came from: an address without port, IPv4 never in its IPv6 form. */
      address: string;
      /** The outside JWT, where the operation takes one. */
      outsideToken?: string;
    }
  }
}

/** A caller's own request id is taken over when it cannot do harm in a log line or a header. */
const harmlessId = /^[\w.-]{1,64}$/;

/** Gives each request its id, one that sorts by time as an index likes it, and its address. */
export const identifyRequest: RequestHandler = (req, res, next) => {
  const given = req.headers["x-request-id"];
  req.requestId = typeof given === "string" && harmlessId.test(given) ? given : newUlid();
  req.address = plainAddress(req.ip ?? "");
  res.setHeader("X-Request-Id", req.requestId);
  next();
};

/** Some gateways append the port; dual-stack listeners see IPv4 clients as ::ffff:a.b.c.d. */
export function plainAddress(address: string): string {
  const bare = /^(\d+\.\d+\.\d+\.\d+):\d+$/.exec(address)?.[1] ?? /^\[(.+)\](?::\d+)?$/.exec(address)?.[1] ?? address;
  return bare.replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, "");
}

/** @throws AppError unauthenticated behind no guard, which would be our mistake */
export function callerOf(req: Request): Caller {
  if (!req.user) throw new AppError("unauthenticated", "A credential is needed.");
  return req.user;
}
