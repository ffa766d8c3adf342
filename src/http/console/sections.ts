import type { Scope } from "../../../schemas/token.ts";
import type { Caller } from "../../domain/caller.ts";
import { isPersonalSession } from "../../domain/console/sessions.ts";

/** A section of the console in the navigation of every page. */
interface ConsoleSection {
  readonly name: string;
  /** Below the path of the console. */
  readonly path: string;
  /** The scope that its pages require. */
  readonly scope?: Scope;
  /** Whether it is for sessions of personal tokens, which see no other section. */
  readonly isPersonal?: boolean;
}

/** The sections in the order of the navigation. Only those that the session can open are shown. */
const consoleSections: readonly ConsoleSection[] = [
  { name: "Overview", path: "" },
  { name: "Tokens", path: "/tokens", scope: "admin:tokens" },
  { name: "Users", path: "/users", scope: "admin:read" },
  { name: "Groups", path: "/groups", scope: "admin:read" },
  { name: "Catalog", path: "/catalog/mcp-servers", scope: "admin:read" },
  { name: "Policies", path: "/policies", scope: "admin:read" },
  { name: "Provisioning", path: "/provisioning", scope: "admin:read" },
  { name: "Audit log", path: "/audit", scope: "admin:read" },
  { name: "Set up", path: "/setup" },
  { name: "Settings", path: "/settings", scope: "admin:read" },
  { name: "My tokens", path: "/my-tokens", scope: "connect:read", isPersonal: true },
];

/** Whether the session of a caller can open the section at this path. */
export const canOpenSection = (caller: Caller, sectionPath: string): boolean =>
  listSections(caller).some(({ path }) => path === sectionPath);

/** Returns the sections that the session of a caller can open. */
export const listSections = (caller: Caller): readonly ConsoleSection[] =>
  consoleSections.filter(
    ({ scope, isPersonal = false }) =>
      isPersonal === isPersonalSession(caller) && (scope === undefined || caller.scopes.has(scope)),
  );
