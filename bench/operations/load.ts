import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { setTimeout as delay } from "node:timers/promises";

/** Where requests are sent to. */
export interface LoadTarget {
  readonly port: number;
  /** With it, requests use HTTPS and the name. */
  readonly tls?: { readonly name: string; readonly certificate: Buffer };
}

/** A request, and the status that its response must have. */
export interface LoadRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly status: number;
  /** A string that the body of the response must contain. */
  readonly expectedText?: string;
}

/** Sends a request. @returns the body of the response @throws Error for any other response than the expected one, or none */
export type Send = (request: LoadRequest) => Promise<string>;

/** What a client does: one request, or several that follow each other. */
export interface Operation {
  readonly name: string;
  run(send: Send): Promise<void>;
}

/** A request that was sent. */
export interface SentRequest {
  readonly operation: string;
  /** Milliseconds since the load began. */
  readonly at: number;
  readonly ms: number;
  /** Why it failed; absent for the expected response. */
  readonly failure?: string;
}

export interface RunningLoad {
  /** The requests that have ended. */
  readonly requests: readonly SentRequest[];
  /** Starts no further operation, and waits for those that run. */
  stop(): Promise<void>;
}

/** Longer than the longest timeout of the service and of the proxy for these requests, in milliseconds. */
const timeoutMs = 15_000;

/**
 * Starts operations at a constant rate, one after another in the order of the list, whether or not the earlier ones have
 * ended. A failed request ends its operation and is never repeated.
 */
export function startLoad(
  target: LoadTarget,
  operations: readonly Operation[],
  operationsPerSecond: number,
): RunningLoad {
  const requests: SentRequest[] = [];
  const running = new Set<Promise<void>>();
  const startedAt = performance.now();
  const client = createClient(target);
  let isStopped = false;

  const runOne = async ({ name, run }: Operation): Promise<void> => {
    await run(async (outgoing) => {
      const sentAt = performance.now();
      const record = (failure?: string): void => {
        const now = performance.now();
        requests.push({ operation: name, at: sentAt - startedAt, ms: now - sentAt, ...(failure && { failure }) });
      };
      try {
        const text = await client.send(outgoing);
        record();
        return text;
      } catch (error) {
        record(error instanceof Error ? error.message : String(error));
        throw error;
      }
    }).catch(() => undefined); // recorded
  };
  const pace = async (): Promise<void> => {
    for (let count = 0; !isStopped; count++) {
      await delay(Math.max(0, startedAt + (count * 1000) / operationsPerSecond - performance.now()));
      const operation = operations[count % operations.length];
      if (isStopped || !operation) return;
      const work: Promise<void> = runOne(operation).finally(() => running.delete(work));
      running.add(work);
    }
  };
  const pacing = pace();
  return {
    requests,
    stop: async () => {
      isStopped = true;
      await pacing;
      await Promise.all(running);
      client.close();
    },
  };
}

/** Creates a client with kept-alive connections. */
export function createClient({ port, tls }: LoadTarget): { readonly send: Send; close(): void } {
  const agent = tls
    ? new HttpsAgent({ keepAlive: true, ca: tls.certificate, servername: tls.name })
    : new HttpAgent({ keepAlive: true });
  const send: Send = async ({ method, path, headers, body, status, expectedText = "" }) => {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const options = {
        ...{ agent, host: "127.0.0.1", port, method, path },
        headers: {
          ...(tls && { host: tls.name }),
          ...headers,
          ...(body !== undefined && { "content-length": Buffer.byteLength(body) }),
        },
        signal: AbortSignal.timeout(timeoutMs),
      };
      (tls ? httpsRequest : httpRequest)(options, resolve).on("error", reject).end(body);
    });
    response.setEncoding("utf8");
    let text = "";
    for await (const chunk of response) text += chunk;
    if (response.statusCode === status && text.includes(expectedText)) return text;
    throw new Error(`${method} ${path} returned ${response.statusCode} ${text.replaceAll(/\s+/g, " ").slice(0, 200)}`);
  };
  return { send, close: () => agent.destroy() };
}

/** Returns the numbers of requests and failures by operation, as lines of text. */
export function summarize(requests: readonly SentRequest[]): string {
  const names = [...new Set(requests.map(({ operation }) => operation))].sort();
  return names
    .map((name) => {
      const own = requests.filter(({ operation }) => operation === name);
      const failed = own.filter(({ failure }) => failure !== undefined).length;
      return `  ${name}: ${own.length} requests, ${failed} failed\n`;
    })
    .join("");
}
