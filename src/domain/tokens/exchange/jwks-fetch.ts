import { AddressGuard } from "../../outbound/address-guard.ts";
import { readBoundedBody } from "../../outbound/bounded-body.ts";
import { GuardedHttp } from "../../outbound/guarded-http.ts";

const timeoutMs = 5000;
const responseBytesMax = 256 * 1024;

/** What a fetch may connect to. */
export interface FetchPolicy {
  /** Allows private addresses and plain HTTP. */
  readonly allowPrivateAddresses: boolean;
}

/**
 * Fetches a JSON document from a URL that a customer configured, with protection against server-side request forgery
 * (SSRF): every address of the host is checked, the connection uses a checked address, redirects are not followed, and
 * time (5 s) and size (256 KiB) are limited.
 * @throws Error with the cause, for the log only: a caller could use it to scan the internal network
 */
export async function fetchJson(uri: string, { allowPrivateAddresses }: FetchPolicy): Promise<unknown> {
  const guard = new AddressGuard({ allowedRanges: [], allowsAll: allowPrivateAddresses });
  const http = new GuardedHttp(guard, { keepAlive: false });
  const response = await http.send(new URL(uri), {
    method: "GET",
    headers: { accept: "application/jwk-set+json, application/json", "accept-encoding": "identity" },
    signal: AbortSignal.timeout(timeoutMs),
  });
  if (response.statusCode !== 200) {
    response.destroy();
    throw new Error(`the response status is ${response.statusCode}`);
  }
  const body = await readBoundedBody(response, responseBytesMax);
  if (body === undefined) throw new Error(`the response has more than ${responseBytesMax} bytes`);
  return JSON.parse(body);
}
