import type { RequestHandler } from "express";
import { AppError } from "../../errors.ts";
import { isRebindingProof, readHostname } from "../server/hostname.ts";

export interface OriginOptions {
  /** The URL at which clients reach the service. */
  readonly publicUrl: string;
  /** Further origins of web pages, such as `https://inspector.example.com`. */
  readonly allowedOrigins: readonly string[];
  /** Further names of this service in the Host header. */
  readonly allowedHosts: readonly string[];
}

/**
 * Rejects requests of web pages of other origins, and requests under a name that is not one of this service (DNS
 * rebinding), as MCP's transport requires. A request without `Origin` does not come from a web page.
 * @throws AppError forbidden
 */
export function checkOrigin({ publicUrl, allowedOrigins, allowedHosts }: OriginOptions): RequestHandler {
  const origins = new Set([new URL(publicUrl).origin, ...allowedOrigins].map((each) => each.toLowerCase()));
  const hosts = new Set([new URL(publicUrl).hostname, ...allowedHosts].map((each) => each.toLowerCase()));
  return (req, _res, next) => {
    const { origin } = req.headers;
    if (origin !== undefined && !origins.has(origin.toLowerCase())) {
      throw new AppError(
        "forbidden",
        "Web pages of this origin may not use /mcp. An operator can allow it with MCP_ALLOWED_ORIGINS.",
      );
    }
    const hostname = readHostname(req);
    if (!isRebindingProof(hostname) && !hosts.has(hostname)) {
      throw new AppError(
        "forbidden",
        "The Host header is not a name of this service. An operator can set PUBLIC_URL, or allow it with MCP_ALLOWED_HOSTS.",
      );
    }
    next();
  };
}
