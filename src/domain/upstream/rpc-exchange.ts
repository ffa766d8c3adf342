import type { IncomingMessage } from "node:http";
import { isLong, waitForOwnTick } from "../../own-tick.ts";
import { RejectedAddressError } from "../outbound/address-guard.ts";
import { readBoundedBody } from "../outbound/bounded-body.ts";
import type { GuardedHttp } from "../outbound/guarded-http.ts";
import { readEventData } from "./event-stream.ts";
import { exceedsJsonDepth } from "./json-depth.ts";
import { isMcpObject, type McpObject } from "./upstream-calls.ts";
import { UpstreamError } from "./upstream-error.ts";

/** Where and how the messages of one call are sent. */
export interface UpstreamEndpoint {
  readonly http: GuardedHttp;
  readonly slug: string;
  readonly url: URL;
  /** The credential, under its header's name in lower case. */
  readonly credentialHeaders: Readonly<Record<string, string>>;
}

export interface ExchangeOptions {
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  /** Receives the notifications and requests that the server sends before its response. */
  readonly onMessage?: (message: McpObject) => void;
}

/** The response to one message: its HTTP status and, if its body is one, the JSON-RPC response. */
export interface RpcReply {
  readonly status: number;
  readonly sessionId: string | undefined;
  readonly message: McpObject | undefined;
}

/** The maximum size of a response message, in bytes: a result of 1 MiB and what encloses it. */
export const messageBytesMax = 1024 * 1024;
/** The maximum size of an error response, and of all events of one stream. */
const errorBytesMax = 64 * 1024;
const streamBytesMax = 16 * messageBytesMax;
/** The events of one stream, and the levels of JSON. */
const eventsMax = 20_000;
const levelsMax = 128;

/**
 * Sends one JSON-RPC message in an HTTP POST (MCP, Streamable HTTP) and reads the response, as JSON or as an event stream.
 * A stream is closed when it has delivered the response.
 * @throws UpstreamError for everything but a response to this message and an HTTP error status
 */
export async function exchange(
  endpoint: UpstreamEndpoint,
  message: McpObject,
  options: ExchangeOptions,
): Promise<RpcReply> {
  const { slug } = endpoint;
  const response = await send(endpoint, message, options);
  try {
    return await readReply(slug, message["id"], response, options);
  } catch (error) {
    if (error instanceof UpstreamError || options.signal.aborted) throw error;
    throw new UpstreamError("unreachable", `The MCP server ${slug} closed the connection during its response.`);
  } finally {
    // A body that is read to its end leaves the connection reusable. That of a notification's response is empty.
    if (message["id"] === undefined) response.on("error", () => undefined).resume();
    else if (!response.complete) response.destroy();
  }
}

async function send(
  { http, slug, url, credentialHeaders }: UpstreamEndpoint,
  message: McpObject,
  { headers = {}, signal }: ExchangeOptions,
): Promise<IncomingMessage> {
  try {
    return await http.send(url, {
      method: "POST",
      headers: { ...credentialHeaders, ...headers, ...messageHeaders },
      body: JSON.stringify(message),
      signal,
    });
  } catch (error) {
    if (signal.aborted) throw error;
    if (error instanceof RejectedAddressError) {
      throw new UpstreamError(
        "url-rejected",
        `The MCP server ${slug} was not called, because its address is not allowed. An operator can allow it with UPSTREAM_ALLOW.`,
      );
    }
    const { code } = error as { code?: unknown };
    const detail = typeof code === "string" && /^[A-Z0-9_]{1,64}$/.test(code) ? ` (${code})` : "";
    throw new UpstreamError("unreachable", `The MCP server ${slug} could not be reached${detail}.`);
  }
}

const messageHeaders = {
  accept: "application/json, text/event-stream",
  "accept-encoding": "identity",
  "content-type": "application/json",
  "user-agent": "gatehouse",
};

async function readReply(
  slug: string,
  id: unknown,
  response: IncomingMessage,
  { onMessage }: ExchangeOptions,
): Promise<RpcReply> {
  const status = response.statusCode ?? 0;
  const sessionId = response.headers["mcp-session-id"];
  const reply = { status, sessionId: typeof sessionId === "string" ? sessionId : undefined };
  if (status >= 300 && status < 400) {
    throw new UpstreamError(
      "redirect",
      `The MCP server ${slug} responded with a redirect (${status}), which is not followed. Set the server's url to the final address.`,
    );
  }
  if (id === undefined) return { ...reply, message: undefined }; // a notification has no response
  const contentType = (response.headers["content-type"] ?? "").split(";")[0]?.trim().toLowerCase();
  if (status < 200 || status >= 300) {
    const isJson = contentType === "application/json";
    const text = isJson ? await readBoundedBody(response, errorBytesMax).catch(() => undefined) : undefined;
    return { ...reply, message: text === undefined ? undefined : findResponse(parse(text), id) };
  }
  if ((response.headers["content-encoding"] ?? "identity") !== "identity") {
    throw new UpstreamError("content-type", `The MCP server ${slug} responded in an encoding that was not accepted.`);
  }
  if (contentType === "application/json") {
    const length = Number(response.headers["content-length"]);
    if (length > messageBytesMax) throw tooLarge(slug, `${length} bytes`);
    const text = await readBoundedBody(response, messageBytesMax);
    if (text === undefined) throw tooLarge(slug, `more than ${messageBytesMax} bytes`);
    const message = findResponse(await parseInOwnTick(text), id);
    if (message) return { ...reply, message };
    throw new UpstreamError(
      "invalid-response",
      `The MCP server ${slug} responded with JSON that is not a JSON-RPC response, or has more than ${levelsMax} levels.`,
    );
  }
  if (contentType === "text/event-stream") {
    return { ...reply, message: await readStream(slug, id, response, onMessage) };
  }
  throw new UpstreamError(
    "content-type",
    `The MCP server ${slug} responded with ${describeType(contentType)} instead of JSON. Check the server's url.`,
  );
}

async function readStream(
  slug: string,
  id: unknown,
  response: IncomingMessage,
  onMessage: ExchangeOptions["onMessage"],
): Promise<McpObject> {
  const onTooLarge = (): Error => tooLarge(slug, `more than ${messageBytesMax} bytes`);
  const bounded = boundBytes(response, streamBytesMax, () =>
    tooLarge(slug, `more than ${streamBytesMax} bytes in events`),
  );
  let events = 0;
  for await (const data of readEventData(bounded, messageBytesMax, onTooLarge)) {
    if (++events > eventsMax) throw tooLarge(slug, `more than ${eventsMax} events`, `${eventsMax} events`);
    const parsed = await parseInOwnTick(data);
    const message = findResponse(parsed, id);
    if (message) return message;
    if (isMcpObject(parsed) && typeof parsed["method"] === "string") onMessage?.(parsed);
  }
  throw new UpstreamError("invalid-response", `The MCP server ${slug} ended its event stream without a response.`);
}

async function* boundBytes(
  chunks: AsyncIterable<Buffer>,
  max: number,
  onTooLarge: () => Error,
): AsyncGenerator<Buffer> {
  let bytes = 0;
  for await (const chunk of chunks) {
    bytes += chunk.length;
    if (bytes > max) throw onTooLarge();
    yield chunk;
  }
}

/** Parsing a long message takes milliseconds, and what follows takes as long. */
async function parseInOwnTick(text: string): Promise<unknown> {
  if (!isLong(text.length)) return parse(text);
  await waitForOwnTick();
  const parsed = parse(text);
  await waitForOwnTick();
  return parsed;
}

function parse(text: string): unknown {
  if (exceedsJsonDepth(text, levelsMax)) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Finds the response with this id. Errors may have no id, and servers of 2025-03-26 may send an array. */
function findResponse(parsed: unknown, id: unknown): McpObject | undefined {
  const candidates = Array.isArray(parsed) ? parsed : [parsed];
  return candidates.find((each): each is McpObject => {
    if (!isMcpObject(each)) return false;
    if (isMcpObject(each["result"])) return each["id"] === id;
    return isMcpObject(each["error"]) && (each["id"] === id || (each["id"] ?? null) === null);
  });
}

const describeType = (type: string | undefined): string =>
  type !== undefined && /^[\w.+-]{1,60}\/[\w.+-]{1,60}$/.test(type) ? type : "no media type";

const tooLarge = (slug: string, size: string, max = String(messageBytesMax)): UpstreamError =>
  new UpstreamError(
    "too-large",
    `The result of the MCP server ${slug} has ${size}; the maximum is ${max}. Request less, for example with a filter or a page.`,
  );
