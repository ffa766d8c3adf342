import { lookup } from "node:dns";
import { request as httpRequest, type IncomingMessage, type RequestOptions } from "node:http";
import { request as httpsRequest } from "node:https";
import { isIP, type LookupFunction } from "node:net";
import { isPublicAddress } from "./public-address.ts";

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
  const url = new URL(uri);
  if (url.protocol !== "https:" && !(allowPrivateAddresses && url.protocol === "http:")) {
    throw new Error(`the protocol ${url.protocol} is not allowed`);
  }
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  // An address literal is not resolved, so `lookupPublicAddress` would not check it.
  if (!allowPrivateAddresses && isIP(host) !== 0) assertPublicAddress(host);
  const response = await sendRequest(url, {
    agent: false, // no reused connection, no proxy
    headers: { accept: "application/jwk-set+json, application/json", "accept-encoding": "identity" },
    signal: AbortSignal.timeout(timeoutMs),
    ...(!allowPrivateAddresses && { lookup: lookupPublicAddress }),
  });
  if (response.statusCode !== 200) {
    response.destroy();
    throw new Error(`the response status is ${response.statusCode}`);
  }
  return JSON.parse(await readBody(response));
}

function sendRequest(url: URL, options: RequestOptions): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const request = url.protocol === "https:" ? httpsRequest(url, options) : httpRequest(url, options);
    // Some closed connections, such as after a protocol switch, emit no error.
    request.on("close", () => reject(new Error("the connection was closed without a response")));
    request.on("response", resolve).on("error", reject).end();
  });
}

async function readBody(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    // Leaving the loop destroys the connection.
    if (bytes > responseBytesMax) throw new Error(`the response has more than ${responseBytesMax} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

/**
 * Resolves a host for the socket itself, so that the checked address is the connected one (no DNS rebinding). One
 * private address rejects the host.
 */
const lookupPublicAddress: LookupFunction = (host, options, callback) => {
  lookup(host, { ...options, all: true }, (error, addresses) => {
    const [first] = addresses ?? [];
    if (error || !first) return callback(error ?? new Error("the host has no address"), "");
    try {
      for (const { address } of addresses) assertPublicAddress(address);
    } catch (cause) {
      return callback(cause as Error, "");
    }
    if (options.all) callback(null, addresses);
    else callback(null, first.address, first.family);
  });
};

function assertPublicAddress(address: string): void {
  if (!isPublicAddress(address)) throw new Error(`${address} is not a public address`);
}
