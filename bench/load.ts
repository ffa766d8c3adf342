import { Agent, type IncomingMessage, request } from "node:http";

/** One request, and how its answer is known to be the right one. */
export interface Exchange {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly status: number;
  /** A text that the right answer holds. */
  readonly holds: string;
}

/** CPU time of the server for each request, and how long each took for its client, in milliseconds. */
export interface Round {
  readonly cpuMs: number;
  readonly latenciesMs: readonly number[];
}

/** Few enough for one small machine, and enough that durable writes can share a flush to disk. */
export const connections = 8;

const agent = new Agent({ keepAlive: true, maxSockets: connections });

/**
 * Keeps this process from sleeping while it waits: the kernel would charge the server for waking it, which no client on
 * another machine costs. @returns what ends that
 */
function stayAwake(): () => void {
  let turn = setImmediate(function again() {
    turn = setImmediate(again);
  });
  return () => clearImmediate(turn);
}

/**
 * Sends so many requests over some kept connections, on each the next one as soon as the one before has its answer.
 * @param exchange gives the next request; it is handed the answer to the one before on that connection
 * @returns how long each took, in milliseconds
 * @throws Error at the first answer that is not the right one
 */
export async function play(
  port: number,
  exchange: (answer?: string) => Exchange,
  requests: number,
  clients = connections,
): Promise<number[]> {
  const latenciesMs: number[] = [];
  let left = requests;
  const client = async (): Promise<void> => {
    let answer: string | undefined;
    while (left-- > 0) {
      const sent = exchange(answer);
      const startedAt = performance.now();
      const { status, text } = await send(port, sent);
      latenciesMs.push(performance.now() - startedAt);
      if (status !== sent.status || !text.includes(sent.holds)) {
        throw new Error(`${sent.method} ${sent.path} was answered with ${status} ${text.slice(0, 500)}`);
      }
      answer = text;
    }
  };
  const sleepAgain = stayAwake();
  try {
    await Promise.all(Array.from({ length: clients }, client));
  } finally {
    sleepAgain();
  }
  return latenciesMs;
}

/** Sends one request. */
export async function send(port: number, sent: Exchange): Promise<{ status: number | undefined; text: string }> {
  const { method, path, headers, body } = sent;
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    request({ host: "127.0.0.1", port, method, path, headers, agent }, resolve).on("error", reject).end(body);
  });
  answer.setEncoding("utf8");
  let text = "";
  for await (const chunk of answer) text += chunk;
  return { status: answer.statusCode, text };
}
