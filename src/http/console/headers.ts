import type { RequestHandler } from "express";
import helmet from "helmet";

/**
 * The security headers of the console, which replace those of the other APIs. Pages load only the stylesheet, script and
 * icon of this service, no script can insert HTML (Trusted Types), and no page can be framed. `useDefaults` would add
 * directives that nothing here needs. The cache control of pages, `no-store`, is that of every response.
 */
export const consoleHeaders: RequestHandler = helmet({
  contentSecurityPolicy: {
    useDefaults: false,
    directives: {
      defaultSrc: ["'none'"],
      scriptSrc: ["'self'"],
      styleSrc: ["'self'"],
      imgSrc: ["'self'"],
      connectSrc: ["'self'"],
      formAction: ["'self'"],
      frameAncestors: ["'none'"],
      baseUri: ["'none'"],
      requireTrustedTypesFor: ["'script'"],
      trustedTypes: ["'none'"],
    },
  },
  referrerPolicy: { policy: "no-referrer" },
  frameguard: { action: "deny" },
});
