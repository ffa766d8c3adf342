import { once } from "node:events";
import type { Response as HttpResponse } from "express";
import { isLong, waitForOwnTick } from "../../own-tick.ts";
import { sendParts, sendText } from "../server/send.ts";
import type { DeferredTools } from "./deferred-tools.ts";
import type { JsonRpcId } from "./message.ts";
import type { JsonRpcResult } from "./result-capture.ts";

/**
 * Sends what the SDK returns for a request.
 * @param id of the request, for errors in which the SDK leaves it out
 * @param deferredTools the tools that the result lists, if it lists any
 */
export async function respond(
  res: HttpResponse,
  response: JsonRpcResult | Response,
  id: JsonRpcId,
  deferredTools?: DeferredTools,
): Promise<void> {
  if (!(response instanceof Response)) return sendResult(res, response, deferredTools);
  if (res.destroyed) return void (await response.body?.cancel());
  const mediaType = response.headers.get("content-type") ?? "";
  for (const name of ["allow", "x-accel-buffering"]) {
    const value = response.headers.get(name);
    if (value !== null) res.setHeader(name, value);
  }
  if (mediaType.startsWith("text/event-stream") && response.body) return streamEvents(res, response.body);
  const text = await response.text();
  if (text === "") return void res.status(response.status).end();
  sendText(res, response.status, mediaTypeOfJson, response.status >= 400 ? withId(text, id) : text);
}

async function sendResult(res: HttpResponse, result: JsonRpcResult, tools?: DeferredTools): Promise<void> {
  if (res.destroyed) return;
  const text = JSON.stringify(result);
  if (!tools?.isPending) {
    if (isLong(text.length)) await waitForOwnTick();
    return sendText(res, 200, mediaTypeOfJson, text);
  }
  if (isLong(tools.length)) await waitForOwnTick();
  sendParts(res, 200, mediaTypeOfJson, tools.insertInto(text));
}

const mediaTypeOfJson = "application/json";

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
