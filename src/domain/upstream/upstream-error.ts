/** Why a call of an MCP server has no result. */
export type UpstreamErrorReason =
  | ("unsupported-transport" | "no-credential" | "credential-unusable" | "url-rejected" | "busy" | "circuit-open")
  | (
      | "timeout"
      | "aborted"
      | "stopping"
      | "unreachable"
      | "redirect"
      | "unauthorized"
      | "forbidden"
      | "rate-limited"
      | "http-status"
    )
  | ("content-type" | "too-large" | "invalid-response" | "session-lost" | "rpc-error" | "input-required");

/** The reasons that count as an outage of the server: it does not work, whoever calls it with whatever arguments. */
const outageReasons: ReadonlySet<UpstreamErrorReason> = new Set([
  ...(["timeout", "unreachable", "redirect", "content-type", "invalid-response", "session-lost"] as const),
]);

/** A call of an MCP server failed. The message is for the caller: it states the cause and the fix, without secrets. */
export class UpstreamError extends Error {
  override readonly name = "UpstreamError";
  readonly reason: UpstreamErrorReason;
  readonly isOutage: boolean;

  /** @param isOutage whether the error counts towards the circuit breaker; default: by the reason */
  constructor(reason: UpstreamErrorReason, message: string, isOutage = outageReasons.has(reason)) {
    super(message);
    this.reason = reason;
    this.isOutage = isOutage;
  }
}

/** Shortens a text of an MCP server for a message. */
export const excerpt = (text: string): string => {
  const line = text.replace(/\s+/g, " ").trim().toWellFormed();
  return line.length <= excerptLength ? line : `${line.slice(0, excerptLength).toWellFormed()}…`;
};

const excerptLength = 500;
