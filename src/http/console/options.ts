import type { Services } from "../api/kernel/services.ts";

/** What the pages that only read use. */
export interface PageOptions {
  /** The path of the console, such as `/console`. */
  readonly base: string;
  readonly services: Pick<
    Services,
    "users" | "groups" | "members" | "memberships" | "auditEvents" | "organizations" | "tokens"
  >;
}
