import { createHmac } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** A request that a receiver got. */
export interface ReceivedMessage {
  readonly method: string;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: the body of a response, as supertest has it
  readonly body: any;
}

/** A receiver of webhooks: a real HTTP server that records requests. */
export interface WebhookReceiver {
  readonly url: string;
  readonly messages: readonly ReceivedMessage[];
  /** How the next requests are responded to; by default with 204. */
  respond: (response: ServerResponse, message: ReceivedMessage) => void;
  /** Returns the actions of the received messages, in their order. */
  actions(): readonly string[];
  /** Waits until that many messages have arrived. */
  waitFor(count: number): Promise<void>;
  close(): Promise<void>;
}

export async function startWebhookReceiver(): Promise<WebhookReceiver> {
  const messages: ReceivedMessage[] = [];
  const server = createServer(async (req, res) => {
    const chunks: Buffer[] = [];
    for await (const chunk of req) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString();
    const message = { method: req.method ?? "", headers: req.headers, text, body: JSON.parse(text || "null") };
    messages.push(message);
    server.emit("message");
    receiver.respond(res, message);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const receiver: WebhookReceiver = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/events`,
    messages,
    respond: (res) => void res.writeHead(204).end(),
    actions: () => messages.map(({ body }) => body.type as string),
    waitFor: async (count) => {
      while (messages.length < count) await once(server, "message");
    },
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
  return receiver;
}

/** Returns which of these secrets have signed a message (Standard Webhooks, "Verifying webhook authenticity"). */
export function listSigningSecrets({ headers, text }: ReceivedMessage, secrets: readonly string[]): readonly string[] {
  const signatures = String(headers["webhook-signature"]).split(" ");
  return secrets.filter((secret) => {
    const key = Buffer.from(secret.replace(/^whsec_/, ""), "base64");
    const signed = `${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${text}`;
    return signatures.includes(`v1,${createHmac("sha256", key).update(signed).digest("base64")}`);
  });
}
