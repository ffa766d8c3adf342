import type { Scope } from "../../../schemas/token.ts";

/** A section of the console in the navigation of every page. */
interface ConsoleSection {
  readonly name: string;
  /** Below the path of the console. */
  readonly path: string;
  /** The scope that its pages require. */
  readonly scope?: Scope;
}

/** The sections in the order of the navigation. Only those that the session can open are shown. */
export const consoleSections: readonly ConsoleSection[] = [
  { name: "Overview", path: "" },
  { name: "Tokens", path: "/tokens", scope: "admin:tokens" },
  { name: "Users", path: "/users", scope: "admin:read" },
  { name: "Groups", path: "/groups", scope: "admin:read" },
  { name: "Catalog", path: "/catalog/mcp-servers", scope: "admin:read" },
  { name: "Policies", path: "/policies", scope: "admin:read" },
  { name: "Provisioning", path: "/provisioning", scope: "admin:read" },
  { name: "Audit log", path: "/audit", scope: "admin:read" },
  { name: "Set up", path: "/setup" },
];
