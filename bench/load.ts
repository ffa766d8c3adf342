import { Agent, type IncomingMessage, request } from "node:http";

/** One request, and how its response is verified. */
export interface BenchRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly status: number;
  /** A string that the response body must contain. */
  readonly expectedText: string;
  /** Another response that is expected too: the service may reject what would take too long. */
  readonly orRejected?: { readonly status: number; readonly expectedText: string };
}

/** CPU time of the server per request, and the latency of each request at the client, in milliseconds. */
export interface Round {
  readonly cpuMs: number;
  readonly latenciesMs: readonly number[];
}

/** Concurrent connections: few enough for a small machine, and enough for durable writes to share a flush to disk. */
export const connectionCount = 8;

/** Opens as many connections as requests are in progress at once. */
const agent = new Agent({ keepAlive: true });

/**
 * Keeps this process from sleeping while it waits. The kernel would charge the server for waking it, a cost that clients on
 * other machines do not cause.
 * @returns a function that stops it
 */
function spinEventLoop(): () => void {
  let immediate = setImmediate(function again() {
    immediate = setImmediate(again);
  });
  return () => clearImmediate(immediate);
}

/**
 * Sends requests over kept-alive connections. Each connection sends the next request when the previous response arrives.
 * @param nextRequest returns the next request; it receives the previous response body of that connection
 * @param requests number of requests in total
 * @param clients number of concurrent connections
 * @returns the latency of each request, in milliseconds
 * @throws Error on the first response that is not the expected one
 */
export async function runLoad(
  port: number,
  nextRequest: (response?: string) => BenchRequest,
  requests: number,
  clients = connectionCount,
): Promise<number[]> {
  const latenciesMs: number[] = [];
  let left = requests;
  const client = async (): Promise<void> => {
    let response: string | undefined;
    while (left-- > 0) {
      const outgoing = nextRequest(response);
      const startedAt = performance.now();
      const { status, text } = await send(port, outgoing);
      latenciesMs.push(performance.now() - startedAt);
      const { orRejected = outgoing } = outgoing;
      if (![outgoing, orRejected].some((each) => each.status === status && text.includes(each.expectedText))) {
        throw new Error(`${outgoing.method} ${outgoing.path} returned ${status} ${text.slice(0, 500)}`);
      }
      response = text;
    }
  };
  const stopSpinning = spinEventLoop();
  try {
    await Promise.all(Array.from({ length: clients }, client));
  } finally {
    stopSpinning();
  }
  return latenciesMs;
}

/** Sends one request and reads its response body. */
export async function send(
  port: number,
  outgoing: BenchRequest,
): Promise<{ status: number | undefined; text: string }> {
  const { method, path, headers, body } = outgoing;
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    request({ host: "127.0.0.1", port, method, path, headers, agent }, resolve).on("error", reject).end(body);
  });
  response.setEncoding("utf8");
  let text = "";
  for await (const chunk of response) text += chunk;
  return { status: response.statusCode, text };
}
