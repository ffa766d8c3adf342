import type { ErrorRequestHandler, Request } from "express";
import type { SurfaceQuotas } from "../../domain/rate-limit/policies.ts";
import { rateLimited } from "../../domain/rate-limit/rate-limited.ts";
import { AppError } from "../../errors.ts";
import { countRequest } from "../auth/rate-limit.ts";

declare global {
  namespace Express {
    interface Request {
      /** The error of the message of a request to `/mcp`, if it is over a limit. Set once it is counted. */
      messageCount?: { readonly limitExceeded: AppError | undefined };
    }
  }
}

/** The error for a message over a limit. It is the error of one request, and not of the session. */
export class MessageLimitError extends AppError {
  constructor({ message, details }: AppError) {
    super("rate-limited", message, details);
  }
}

/**
 * Counts the message of a request, unless it is over a limit. A second call does not count it again.
 * @returns the error if it is over a limit
 */
export function countMessage(req: Request, quotas: SurfaceQuotas): AppError | undefined {
  if (req.messageCount) return req.messageCount.limitExceeded;
  const { exhausted } = countRequest(req, quotas);
  const limitExceeded = exhausted.length > 0 ? rateLimited(exhausted) : undefined;
  req.messageCount = { limitExceeded };
  return limitExceeded;
}

/**
 * Creates the step that counts authenticated requests which were rejected before they were counted, such as those whose body
 * is no message. Over the limit, the error is that of the limit.
 * @param quotas of messages that are no operation
 */
export function countRejectedRequests(quotas: SurfaceQuotas): ErrorRequestHandler {
  return (error: unknown, req, _res, next) => {
    const limitExceeded = req.user && countMessage(req, quotas);
    next(limitExceeded && error !== limitExceeded ? new MessageLimitError(limitExceeded) : error);
  };
}
