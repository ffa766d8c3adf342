import type { Actor } from "../../schemas/audit-event.ts";
import type { Scope } from "../../schemas/token.ts";

/** Who asks, settled once at the door. Every change names one, and the audit event repeats what it says. */
export interface Caller {
  readonly organizationId: string;
  readonly actor: Actor;
  /** All scopes that the credential opens, the included ones spelled out. */
  readonly scopes: ReadonlySet<Scope>;
  /** The user that a personal token acts as. */
  readonly userId?: string;
  /** What narrows the servers that can be reached, and what hangs on them. */
  readonly restriction?: Restriction;
  readonly requestId?: string;
  readonly ip?: string;
}

/** Which MCP servers a credential is restricted to. */
export interface Restriction {
  /** Those of this environment only. */
  readonly environment?: string;
  /** Those with these slugs only. */
  readonly mcpServers?: readonly string[];
}
