import { Agent, type IncomingMessage, request } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import type { ServiceProcess } from "../support/process.ts";
import { userUrn } from "../support/service.ts";

/** What the clients of a write load have seen. */
export interface WriteLoadResult {
  /** The ids of the users whose creation was acknowledged with 201. */
  readonly acknowledged: readonly string[];
  /** Requests that were sent and had no complete response. */
  readonly unanswered: readonly string[];
  /** Responses with another status than 201. */
  readonly rejected: readonly string[];
}

export interface WriteLoad {
  /** The ids of the users whose creation was acknowledged so far. */
  acknowledgedSoFar(): readonly string[];
  /** Resolves when this many further writes are acknowledged. */
  waitForWrites(count: number): Promise<void>;
  /** Waits until every client has ended, which they do when the service accepts no connection. */
  result(): Promise<WriteLoadResult>;
}

const clientCount = 8;

/**
 * Starts clients that create users without a pause, each on one kept-alive connection. A client whose connection was closed
 * between two requests opens another, and ends when the service accepts none.
 * @param name the prefix of the user names
 */
export function startWriteLoad(
  { port, firstSecret }: Pick<ServiceProcess, "port" | "firstSecret">,
  name: string,
): WriteLoad {
  const acknowledged: string[] = [];
  const unanswered: string[] = [];
  const rejected: string[] = [];

  const createUser = (agent: Agent, userName: string): Promise<"created" | "ended"> =>
    new Promise((resolve) => {
      const body = JSON.stringify({ schemas: [userUrn], userName });
      const req = request({
        ...{ agent, port, host: "127.0.0.1", method: "POST", path: "/scim/v2/Users" },
        headers: {
          Authorization: `Bearer ${firstSecret}`,
          "Content-Type": "application/scim+json",
          "Content-Length": Buffer.byteLength(body),
        },
      });
      const fail = (error: NodeJS.ErrnoException): void => {
        if (error.code !== "ECONNREFUSED") unanswered.push(`${userName}: ${error.code}`);
        resolve("ended");
      };
      req.on("error", fail);
      req.on("response", (res: IncomingMessage) => {
        let text = "";
        res.on("data", (chunk) => {
          text += chunk;
        });
        res.on("error", fail);
        res.on("end", () => {
          if (res.statusCode === 201) acknowledged.push(JSON.parse(text).id);
          else rejected.push(`${userName}: ${res.statusCode} ${text}`);
          resolve(res.statusCode === 201 ? "created" : "ended");
        });
      });
      req.end(body);
    });

  const clients = Array.from({ length: clientCount }, async (_, client) => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    for (let at = 0; (await createUser(agent, `${name}-${client}-${at}`)) === "created"; at++);
    agent.destroy();
  });
  return {
    acknowledgedSoFar: () => [...acknowledged],
    waitForWrites: async (count) => {
      const target = acknowledged.length + count;
      while (acknowledged.length < target && rejected.length + unanswered.length === 0) await delay(1);
    },
    result: async () => {
      await Promise.all(clients);
      return { acknowledged, unanswered, rejected };
    },
  };
}
