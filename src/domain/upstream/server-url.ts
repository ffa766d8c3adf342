import type { McpServer } from "../../../schemas/mcp-server.ts";
import type { AssertContent } from "../catalog/catalog.ts";
import type { AddressGuard } from "../outbound/address-guard.ts";
import { assertAllowedUrl } from "../outbound/allowed-url.ts";

/**
 * Returns the check of an MCP server's URLs when they are written. A stored URL that stays the same is accepted, so that
 * other fields can change after the operator has changed what is allowed.
 */
export const assertServerUrl =
  (guard: AddressGuard): AssertContent<McpServer> =>
  (content, current) => {
    const before = new Map(current ? listUrls(current) : []);
    for (const [field, url] of listUrls(content)) {
      if (url === undefined || url === before.get(field)) continue;
      assertAllowedUrl(guard, url, field);
    }
  };

/** Returns the URLs that the service or a browser requests for a server, by field. */
function listUrls({ url, auth }: Pick<McpServer, "url" | "auth">): readonly (readonly [string, string | undefined])[] {
  if (auth.type !== "oauth2") return [["url", url]];
  const { authorizationUrl, tokenUrl, revocationUrl } = auth;
  return [
    ["url", url],
    ["auth/authorizationUrl", authorizationUrl],
    ["auth/tokenUrl", tokenUrl],
    ["auth/revocationUrl", revocationUrl],
  ];
}
