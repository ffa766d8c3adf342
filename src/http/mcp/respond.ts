import { once } from "node:events";
import type { Response as HttpResponse } from "express";
import { isLong, waitForOwnTick } from "../../own-tick.ts";
import { sendParts, sendText } from "../server/send.ts";
import type { DeferredTools } from "./deferred-tools.ts";
import type { JsonRpcId } from "./message.ts";

/**
 * Sends a response of the SDK.
 * @param id of the request, for errors in which the SDK leaves it out
 * @param deferredTools the tools that the response lists, if it lists any
 */
export async function respond(
  res: HttpResponse,
  response: Response,
  id: JsonRpcId,
  deferredTools?: DeferredTools,
): Promise<void> {
  if (res.destroyed) return void (await response.body?.cancel());
  const mediaType = response.headers.get("content-type") ?? "";
  for (const name of ["allow", "x-accel-buffering"]) {
    const value = response.headers.get(name);
    if (value !== null) res.setHeader(name, value);
  }
  if (mediaType.startsWith("text/event-stream") && response.body) return streamEvents(res, response.body);
  if (deferredTools?.isPending) return respondWithTools(res, response, deferredTools);
  const bytes = Buffer.from(await response.arrayBuffer());
  if (bytes.length === 0) return void res.status(response.status).end();
  if (!isLong(bytes.length)) {
    const text = bytes.toString();
    return sendText(res, response.status, "application/json", response.status >= 400 ? withId(text, id) : text);
  }
  await waitForOwnTick();
  // Encoding it again would take as long as writing it as JSON.
  sendText(res, response.status, "application/json", bytes);
}

async function respondWithTools(res: HttpResponse, response: Response, tools: DeferredTools): Promise<void> {
  const text = await response.text();
  if (isLong(tools.length)) await waitForOwnTick();
  const parts = tools.insertInto(text);
  sendParts(res, response.status, "application/json", parts);
}

async function streamEvents(res: HttpResponse, body: ReadableStream<Uint8Array>): Promise<void> {
  res.writeHead(200, { "Content-Type": "text/event-stream" });
  res.flushHeaders();
  const reader = body.getReader();
  const closed = once(res, "close");
  for (;;) {
    const chunk = await Promise.race([reader.read(), closed.then(() => undefined)]);
    if (!chunk || res.destroyed) return void reader.cancel().catch(() => {});
    if (chunk.done) return void res.end();
    if (!res.write(chunk.value)) await Promise.race([once(res, "drain"), closed]);
  }
}

function withId(text: string, id: JsonRpcId): string {
  if (id === null) return text;
  const body = JSON.parse(text) as { readonly id?: unknown };
  return body.id === null ? JSON.stringify({ ...body, id }) : text;
}
