import type { Response } from "express";
import type { IssuedToken } from "../../../domain/tokens/idempotency/run-once.ts";
import { expandScopes } from "../../../domain/tokens/scopes.ts";
import { Copyable } from "../copyable.tsx";
import { Layout, sendHtmlPage } from "../page.tsx";
import type { Visit } from "../visit.ts";

/** Where an issued token is used. */
export interface IssuedPageOptions {
  readonly base: string;
  /** The address of the list of tokens. */
  readonly listUrl: string;
  readonly publicUrl: string;
  readonly visit: Visit;
  readonly heading: string;
  /** What happens to the previous secret, after a rotation. */
  readonly note?: string;
}

/**
 * Sends the only page that has the secret of a token. It is the response to the form, and no other request returns it.
 * The nonce of the form prevents that a reload issues another secret.
 */
export function sendIssuedToken(
  res: Response,
  status: 200 | 201,
  issued: IssuedToken,
  options: IssuedPageOptions,
): void {
  const { base, listUrl, publicUrl, visit, heading, note } = options;
  const { token, secret } = issued;
  sendHtmlPage(
    res,
    status,
    <Layout title={heading} base={base} visit={visit}>
      <h1>{heading}</h1>
      <p class="notice" role="status">
        Copy the token now. It will not be shown again. {note}
      </p>
      <Copyable id="secret" label="Token" text={secret} />
      <Copyable id="curl" label="Try it with curl" text={toCurl(issued, publicUrl)} />
      {expandScopes(token.scopes).has("connect:read") && (
        <Copyable id="mcp-json" label="mcp.json for an MCP client" text={toMcpJson(issued, publicUrl)} />
      )}
      <p>
        <a class="button" href={`${listUrl}/${token.id}`}>
          I have stored the token
        </a>
      </p>
    </Layout>,
  );
}

/** A request that the token can do whatever its scopes are, or one of its purpose. */
function toCurl({ token, secret }: IssuedToken, publicUrl: string): string {
  const path = token.type === "scim" ? "/scim/v2/Users?count=1" : "/api/whoami";
  return `curl -sS '${publicUrl}${path}' -H 'Authorization: Bearer ${secret}'`;
}

/** The settings of an MCP client. A token that is not personal acts as the user whom a header names. */
function toMcpJson({ token, secret }: IssuedToken, publicUrl: string): string {
  const headers = {
    Authorization: `Bearer ${secret}`,
    ...(token.userId === undefined && { "x-user-email": "USER@EXAMPLE.COM" }),
  };
  return JSON.stringify({ mcpServers: { gatehouse: { url: `${publicUrl}/mcp`, headers } } }, null, 2);
}
