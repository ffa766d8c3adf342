import type { McpServer } from "../../../schemas/mcp-server.ts";
import { AppError } from "../../errors.ts";
import type { AssertContent } from "../catalog/catalog.ts";
import { type AddressGuard, RejectedAddressError } from "../outbound/address-guard.ts";

/**
 * Returns the check of an MCP server's URL when it is written. A stored URL that stays the same is accepted, so that
 * other fields can change after the operator has changed what is allowed.
 */
export const assertServerUrl =
  (guard: AddressGuard): AssertContent<McpServer> =>
  ({ url }, current) => {
    if (url === undefined || url === current?.url) return;
    try {
      guard.assertUrl(new URL(url));
    } catch (error) {
      if (!(error instanceof RejectedAddressError)) throw error;
      const detail = `url is not allowed: ${error.message}. Use an https URL at a public address, or have the operator allow the address with UPSTREAM_ALLOW.`;
      throw new AppError("invalid-value", detail, { field: "url" });
    }
  };
