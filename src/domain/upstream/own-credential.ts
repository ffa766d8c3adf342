import { hasTokenFormat } from "../tokens/issue/format.ts";

/**
 * Returns a function that reports whether a header value contains a token of this service, or AUTH_SECRET. A client that
 * sends one to an MCP server would let that server act as the client here.
 */
export function findOwnCredential({
  tokenPrefix,
  authSecret,
}: {
  readonly tokenPrefix: string;
  readonly authSecret?: string;
}): (value: string) => boolean {
  const containsOwn = (text: string): boolean =>
    (authSecret !== undefined && text.includes(authSecret)) ||
    text.split(/\W+/).some((word) => hasTokenFormat(word, tokenPrefix));
  return (value) => {
    const [, basic] = /^basic +(\S+)$/i.exec(value) ?? []; // RFC 7617: user name and password in base64
    return containsOwn(value) || (basic !== undefined && containsOwn(Buffer.from(basic, "base64").toString("utf8")));
  };
}
