import { lookup } from "node:dns";
import { request as httpRequest, type IncomingMessage, type RequestOptions } from "node:http";
import { request as httpsRequest } from "node:https";
import { isIP, type LookupFunction } from "node:net";
import { isPublicAddress } from "./public-address.ts";

const timeMsMax = 5000;
const bytesMax = 256 * 1024;

/** Whether addresses that are not of the public internet may be asked, and plain HTTP be spoken. */
export interface Reach {
  readonly allowPrivate: boolean;
}

/**
 * Reads a JSON document from an address that a customer has named, and so from nowhere inside: every address of the
 * name is checked and a checked one is connected to, redirects are not followed, and neither time nor size is the
 * other side's to choose.
 * @throws Error with the cause, for the log alone: told to the caller, it would make this a way to look around
 */
export async function fetchJson(address: string, { allowPrivate }: Reach): Promise<unknown> {
  const url = new URL(address);
  if (url.protocol !== "https:" && !(allowPrivate && url.protocol === "http:")) {
    throw new Error(`${url.protocol} is not spoken here`);
  }
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  // A literal is connected to without being looked up.
  if (!allowPrivate && isIP(host) !== 0) assertPublic(host);
  const response = await send(url, {
    agent: false, // no connection of an earlier check, no proxy
    headers: { accept: "application/jwk-set+json, application/json", "accept-encoding": "identity" },
    signal: AbortSignal.timeout(timeMsMax),
    ...(!allowPrivate && { lookup: lookupPublic }),
  });
  if (response.statusCode !== 200) {
    response.destroy();
    throw new Error(`it answered ${response.statusCode}`);
  }
  return JSON.parse(await textOf(response));
}

function send(url: URL, options: RequestOptions): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const request = url.protocol === "https:" ? httpsRequest(url, options) : httpRequest(url, options);
    // Some ends, such as a switch of protocols, are no error.
    request.on("close", () => reject(new Error("it closed the connection")));
    request.on("response", resolve).on("error", reject).end();
  });
}

async function textOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > bytesMax) throw new Error(`it answered more than ${bytesMax} bytes`); // leaving the loop ends the connection
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

/** Asked by the socket itself, so that what is checked is what is connected to. One bad address spoils the name. */
const lookupPublic: LookupFunction = (host, options, callback) => {
  lookup(host, { ...options, all: true }, (error, addresses) => {
    const [first] = addresses ?? [];
    if (error || !first) return callback(error ?? new Error("the name has no address"), "");
    try {
      for (const { address } of addresses) assertPublic(address);
    } catch (refused) {
      return callback(refused as Error, "");
    }
    if (options.all) callback(null, addresses);
    else callback(null, first.address, first.family);
  });
};

function assertPublic(address: string): void {
  if (!isPublicAddress(address)) throw new Error(`${address} is not an address of the public internet`);
}
