import type { Actor } from "../../schemas/audit-event.ts";
import type { Scope, TokenType } from "../../schemas/token.ts";

/** Who asks, settled once at the door. Every change names one, and the audit event repeats what it says. */
export interface Caller {
  readonly organizationId: string;
  readonly actor: Actor;
  /** All scopes that the credential opens, the included ones spelled out. */
  readonly scopes: ReadonlySet<Scope>;
  /** The user that a personal token acts as. */
  readonly userId?: string;
  /** Of a token: what bounds whatever it makes. */
  readonly token?: PresentedToken;
  /** What narrows the servers that can be reached, and what hangs on them. */
  readonly restriction?: Restriction;
  readonly requestId?: string;
  readonly ip?: string;
}

/** The token that a caller has shown. */
export interface PresentedToken {
  readonly type: TokenType;
  readonly expiresAt?: string;
  readonly allowedIps?: readonly string[];
  /** How the secret that was shown is kept, by which it is told from those before and after it. */
  readonly hash: string;
}

/** Which MCP servers a credential is restricted to. */
export interface Restriction {
  /** Those of this environment only. */
  readonly environment?: string;
  /** Those with these slugs only. */
  readonly mcpServers?: readonly string[];
}

/** From where and in which request a credential came. */
export interface Presentation {
  readonly ip: string;
  readonly requestId: string;
}
