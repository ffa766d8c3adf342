import type { AppError, ErrorCode } from "../../errors.ts";
import { InvalidJsonError } from "../server/json-body.ts";
import { InvalidParamsError, UnsupportedMethodError } from "./message.ts";

/** Returns the code of a JSON-RPC error: the same for a rejected request and for a method that fails. */
export function toJsonRpcCode(error: unknown, { code }: AppError): number {
  if (error instanceof InvalidParamsError) return jsonRpcCodes.invalidParams;
  if (error instanceof UnsupportedMethodError) return jsonRpcCodes.methodNotFound;
  if (error instanceof InvalidJsonError) return jsonRpcCodes.parse;
  return codes[code] ?? jsonRpcCodes.server;
}

/** JSON-RPC 2.0 section 5.1; the codes from -32000 are the service's own. */
const jsonRpcCodes = {
  parse: -32700,
  invalidRequest: -32600,
  methodNotFound: -32601,
  invalidParams: -32602,
  internal: -32603,
  server: -32000,
  unauthenticated: -32001,
  forbidden: -32003,
  notFound: -32004,
} as const;

const codes: Partial<Record<ErrorCode, number>> = {
  "invalid-request": jsonRpcCodes.invalidRequest,
  "invalid-value": jsonRpcCodes.invalidRequest,
  unauthenticated: jsonRpcCodes.unauthenticated,
  "invalid-token": jsonRpcCodes.unauthenticated,
  "ambiguous-credentials": jsonRpcCodes.unauthenticated,
  "token-in-url": jsonRpcCodes.unauthenticated,
  "ip-not-allowed": jsonRpcCodes.forbidden,
  "insufficient-scope": jsonRpcCodes.forbidden,
  forbidden: jsonRpcCodes.forbidden,
  "user-required": jsonRpcCodes.forbidden,
  "not-found": jsonRpcCodes.notFound,
  internal: jsonRpcCodes.internal,
};
