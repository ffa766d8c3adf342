import { PROTOCOL_VERSION_META_KEY } from "@modelcontextprotocol/server";
import type { Request } from "express";
import { isMcpObject } from "../../domain/upstream/upstream-calls.ts";
import { AppError } from "../../errors.ts";

/** A JSON-RPC 2.0 message: a request, a notification or a response. */
export interface JsonRpcMessage {
  readonly id?: unknown;
  readonly method?: string;
  readonly params?: Readonly<Record<string, unknown>>;
}

/** The id of a request (JSON-RPC 2.0 section 4); null where none could be read. */
export type JsonRpcId = string | number | null;

/**
 * Reads the one message of a request. Arrays are rejected: the newest protocol has none, and one request with many
 * messages would evade limits.
 * @throws AppError invalid-request
 */
export function readMessage(body: unknown): JsonRpcMessage {
  if (Array.isArray(body)) {
    throw new AppError("invalid-request", "The body is an array. Send one JSON-RPC message per request.");
  }
  if (!isMcpObject(body) || body["jsonrpc"] !== "2.0") {
    throw new AppError("invalid-request", 'The body must be a JSON-RPC message: an object with "jsonrpc": "2.0".');
  }
  return body as JsonRpcMessage;
}

/** The error for parameters that a method does not accept (JSON-RPC 2.0 section 5.1, -32602). */
export class InvalidParamsError extends AppError {
  constructor(message: string) {
    super("invalid-value", message);
  }
}

/** The error for a method that the service does not have (JSON-RPC 2.0 section 5.1, -32601). */
export class UnsupportedMethodError extends AppError {
  constructor(message: string) {
    super("not-found", message);
  }
}

/**
 * Checks the parameters that the SDK would reject as an internal error, with a text that is of no use to the caller.
 * @throws InvalidParamsError
 */
export function assertParams({ method, params = {} }: JsonRpcMessage): void {
  if (method === undefined) return;
  if (!isMcpObject(params)) throw new InvalidParamsError("params must be an object.");
  for (const [name, rule] of Object.entries(paramRules[method] ?? {})) {
    const value = params[name];
    const isMissing = value === undefined && !rule.isOptional;
    if (isMissing || (value !== undefined && !rule.isValid(value))) {
      throw new InvalidParamsError(`params.${name} must be ${rule.expected}.`);
    }
  }
}

interface ParamRule {
  readonly expected: string;
  readonly isValid: (value: unknown) => boolean;
  readonly isOptional?: true;
}

const text: ParamRule = { expected: "a string", isValid: (value) => typeof value === "string" };
const cursor: ParamRule = { ...text, isOptional: true };
const strings: ParamRule = {
  expected: "an object of strings",
  isValid: (value) => isMcpObject(value) && Object.values(value).every((each) => typeof each === "string"),
  isOptional: true,
};
const argument: ParamRule = {
  expected: "an object with the strings name and value",
  isValid: (value) => isMcpObject(value) && typeof value["name"] === "string" && typeof value["value"] === "string",
};
const reference: ParamRule = {
  expected: "a reference to a prompt or to a resource template",
  isValid: (value) =>
    isMcpObject(value) &&
    ((value["type"] === "ref/prompt" && typeof value["name"] === "string") ||
      (value["type"] === "ref/resource" && typeof value["uri"] === "string")),
};
const values: ParamRule = { expected: "an object", isValid: isMcpObject, isOptional: true };

/** The parameters of each method that has a handler in `sdk-server.ts`. */
const paramRules: Readonly<Record<string, Readonly<Record<string, ParamRule>>>> = {
  "tools/list": { cursor },
  "prompts/list": { cursor },
  "resources/list": { cursor },
  "resources/templates/list": { cursor },
  "tools/call": { name: text, arguments: values },
  "prompts/get": { name: text, arguments: strings },
  "resources/read": { uri: text },
  "completion/complete": { ref: reference, argument },
  "skills/list": { cursor },
  "skills/get": { uri: text },
};

/** Whether the service serves a method with a handler of its own. The SDK serves the others, such as `initialize`. */
const hasOwnHandler = ({ method = "" }: JsonRpcMessage): boolean => Object.hasOwn(paramRules, method);

const operations = ["tools/call", "prompts/get", "resources/read", "completion/complete", "skills/get"];

/** Whether the message requests an operation, which has a lower limit than lists and other messages. */
export const isOperation = ({ id, method = "" }: JsonRpcMessage): boolean =>
  id !== undefined && operations.includes(method);

/** The methods that the SDK serves. */
const sdkMethods: ReadonlySet<string> = new Set([
  ...["initialize", "ping", "server/discover"],
  ...["notifications/initialized", "notifications/cancelled", "notifications/progress"],
]);

/** Whether the message belongs to the session, such as `initialize`, and not to a request of its user. */
export const isSessionMessage = ({ method = "" }: JsonRpcMessage): boolean => sdkMethods.has(method);

/** Returns the method of a message for metrics, where names that clients invent must create no series. */
export function toOperationId(message: JsonRpcMessage): string {
  const { method = "" } = message;
  return hasOwnHandler(message) || sdkMethods.has(method) ? method : "other";
}

/**
 * Returns the id to repeat in an error response. Some clients lose the call, or the whole session, without it.
 * @returns null for a notification and for a body that is no single request
 */
export function readId(body: unknown): JsonRpcId {
  if (!isMcpObject(body) || typeof body["method"] !== "string") return null;
  const id = body["id"];
  return typeof id === "string" || (typeof id === "number" && Number.isInteger(id)) ? id : null;
}

/** Whether the request carries a token for progress notifications, so that its response must be a stream. */
export function hasProgressToken({ params }: JsonRpcMessage): boolean {
  const meta = params?.["_meta"];
  return isMcpObject(meta) && meta["progressToken"] !== undefined;
}

/**
 * Whether the request is certainly one of protocol 2026-07-28 or later, or an invalid one: it states its version in itself.
 * The SDK's check of other requests reads the whole message.
 */
export function claimsVersion(message: JsonRpcMessage): boolean {
  const meta = message.params?.["_meta"];
  return hasOwnHandler(message) && isMcpObject(meta) && PROTOCOL_VERSION_META_KEY in meta;
}

/** Returns the credential for an upstream server that the request carries in a header of its own. */
export function readUpstreamAuthorization({ headers }: Request, slug: string): string | undefined {
  const value = headers[`x-upstream-${slug}-authorization`];
  return typeof value === "string" && value.trim() !== "" ? value.trim() : undefined;
}
