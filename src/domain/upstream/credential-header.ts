import type { McpServer } from "../../../schemas/mcp-server.ts";
import { UpstreamError } from "./upstream-error.ts";

/** @throws UpstreamError unsupported-transport */
export function assertHttp({ slug, transport, url }: McpServer): void {
  if (transport === "http" && url !== undefined) return;
  throw new UpstreamError(
    "unsupported-transport",
    `The MCP server ${slug} has transport ${transport}. Its tools cannot be called through this service; run it beside your client.`,
  );
}

/** Headers of the connection and the message itself, which no credential may replace. */
const reservedHeaders = new Set(
  [
    "host",
    "connection",
    "content-length",
    "transfer-encoding",
    "expect",
    "te",
    "trailer",
    "upgrade",
    "keep-alive",
  ].concat(["accept", "accept-encoding", "content-type", "user-agent", "mcp-session-id", "mcp-protocol-version"]),
);

/** Returns the name of the header that carries a server's credential, in lower case. @throws UpstreamError */
export function toHeaderName({ slug, auth }: McpServer): string {
  const name = auth.type === "apiKey" ? auth.header.toLowerCase() : "authorization";
  if (!reservedHeaders.has(name) && !name.startsWith("proxy-") && !name.startsWith("mcp-")) return name;
  throw new UpstreamError(
    "credential-unusable",
    `The MCP server ${slug} names the header ${name} for its credential, which cannot carry one. An admin must change auth.header.`,
  );
}

/** Servers may repeat a credential in an error. Other users of the organization's credential must not read it. */
export function withoutSecret(error: unknown, credential: string | undefined): unknown {
  if (!(error instanceof UpstreamError) || credential === undefined) return error;
  const secrets = [credential, credential.replace(/^\S+ +/, "")].filter((secret) => secret.length >= 4);
  const text = secrets.reduce((message, secret) => message.replaceAll(secret, "[redacted]"), error.message);
  return new UpstreamError(error.reason, text, error.isOutage);
}
