import type { RequestHandler } from "express";
import type { Log } from "../../log.ts";
import { normalizeAddress } from "./request.ts";

/**
 * Creates the step that reports `X-Forwarded-For` of a peer that TRUST_PROXY does not name. It is probably a proxy, so that
 * its clients share its address. The step logs one line per process: every client can send the header.
 */
export function reportUntrustedProxy(log: Log): RequestHandler {
  let isReported = false;
  return (req, _res, next) => {
    if (!isReported && req.headers["x-forwarded-for"] !== undefined) {
      const peer = req.socket.remoteAddress ?? "";
      const isTrusted: (address: string, hop: number) => boolean = req.app.get("trust proxy fn");
      if (!isTrusted(peer, 0)) {
        isReported = true;
        log.warn("X-Forwarded-For was ignored. If the peer is your proxy, add its address to TRUST_PROXY.", {
          peer: normalizeAddress(peer),
        });
      }
    }
    next();
  };
}
