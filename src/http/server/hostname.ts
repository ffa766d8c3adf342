import type { IncomingMessage } from "node:http";
import { isIP } from "node:net";

/** Returns the name or address in the Host header of a request, in lower case and without port and brackets. */
export function readHostname({ headers: { host = "" } }: IncomingMessage): string {
  const bracketed = /^\[([^\]]*)\](?::\d*)?$/.exec(host)?.[1];
  return (bracketed ?? host.replace(/:\d*$/, "")).replace(/\.$/, "").toLowerCase();
}

/**
 * Returns whether a host name cannot have been rebound by a web page that reaches into the network of its browser (DNS
 * rebinding): that takes a name of the page's own, and never an address or `localhost`.
 */
export const isRebindingProof = (hostname: string): boolean => isIP(hostname) !== 0 || hostname === "localhost";
