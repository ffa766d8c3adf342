import { Agent as HttpAgent, request as httpRequest, type IncomingMessage, type OutgoingHttpHeaders } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { rootCertificates } from "node:tls";
import type { AddressGuard } from "./address-guard.ts";

export interface OutboundRequest {
  readonly method: "GET" | "POST" | "DELETE";
  readonly headers: OutgoingHttpHeaders;
  readonly body?: string;
  /** Ends the request and the response when it is aborted. */
  readonly signal: AbortSignal;
}

/**
 * Records a request, and passes the headers on that continue its trace.
 * @param send sends the request with further headers
 */
export type TraceOutbound = (
  url: URL,
  method: string,
  send: (headers: Readonly<Record<string, string>>) => Promise<IncomingMessage>,
) => Promise<IncomingMessage>;

export interface GuardedHttpOptions {
  /** PEM certificates of authorities that are trusted in addition to the well-known ones. */
  readonly ca?: string | undefined;
  /** Whether connections are reused. */
  readonly keepAlive: boolean;
  readonly trace?: TraceOutbound | undefined;
}

/**
 * An idle connection is closed after this time, in milliseconds, before common servers close it: a request on a
 * connection that the server has just closed fails without a sign of whether it was processed.
 */
const idleConnectionMs = 4000;

/**
 * An HTTP client for URLs that customers configure. Every connection is checked by the guard, redirects are not followed,
 * and no proxy is used.
 */
export class GuardedHttp {
  readonly #guard: AddressGuard;
  readonly #http: HttpAgent;
  readonly #https: HttpsAgent;

  readonly #trace: TraceOutbound | undefined;

  constructor(guard: AddressGuard, { ca, keepAlive, trace }: GuardedHttpOptions) {
    this.#guard = guard;
    this.#trace = trace;
    const options = keepAlive ? { keepAlive, timeout: idleConnectionMs } : { keepAlive };
    this.#http = new HttpAgent(options);
    this.#https = new HttpsAgent({ ...options, ...(ca !== undefined && { ca: [...rootCertificates, ca] }) });
  }

  /**
   * Sends a request. The caller reads the body of the response, or destroys it.
   * @throws RejectedAddressError; Error if the connection fails or the signal is aborted
   */
  async send(url: URL, request: OutboundRequest): Promise<IncomingMessage> {
    if (!this.#trace) return this.#send(url, request);
    const { method, headers } = request;
    return this.#trace(url, method, (added) => this.#send(url, { ...request, headers: { ...headers, ...added } }));
  }

  async #send(url: URL, { body, ...request }: OutboundRequest): Promise<IncomingMessage> {
    this.#guard.assertUrl(url);
    const options = { ...request, lookup: this.#guard.lookupFor(url) };
    return new Promise((resolve, reject) => {
      const outgoing =
        url.protocol === "https:"
          ? httpsRequest(url, { ...options, agent: this.#https })
          : httpRequest(url, { ...options, agent: this.#http });
      // Some closed connections, such as after a protocol switch, emit no error.
      outgoing.on("close", () => reject(new Error("the connection was closed without a response")));
      outgoing.on("response", resolve).on("error", reject).end(body);
    });
  }

  /** Closes all connections. */
  close(): void {
    this.#http.destroy();
    this.#https.destroy();
  }
}
