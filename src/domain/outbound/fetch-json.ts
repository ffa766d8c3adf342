import { readBoundedBody } from "./bounded-body.ts";
import type { GuardedHttp } from "./guarded-http.ts";

const timeoutMs = 5000;
const responseBytesMax = 256 * 1024;

/**
 * Fetches a JSON document from a URL that a customer configured. The client protects against server-side request forgery
 * (SSRF): it checks every address of the host, connects to a checked address and follows no redirects. Time (5 s) and size
 * (256 KiB) are limited.
 * @throws Error with the cause, for the log only: a caller could use it to scan the internal network
 */
export async function fetchJson(
  http: Pick<GuardedHttp, "send">,
  uri: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<unknown> {
  const response = await http.send(new URL(uri), {
    method: "GET",
    headers: { accept: "application/jwk-set+json, application/json", "accept-encoding": "identity", ...headers },
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
