import type { Actor } from "../../schemas/audit-event.ts";
import type { ToolRisk } from "../../schemas/mcp-server.ts";
import type { Scope, TokenType } from "../../schemas/token.ts";

/** The authenticated caller of a request. Every change takes one, and the audit event of the change records it. */
export interface Caller {
  readonly organizationId: string;
  readonly actor: Actor;
  /** All scopes that the credential grants, with the implied ones expanded. */
  readonly scopes: ReadonlySet<Scope>;
  /** The user as whom a personal token acts. */
  readonly userId?: string;
  /** The `tokenGeneration` of the user who signed in to the console. Absent: 0, and for other callers. */
  readonly userGeneration?: number;
  /** The presented token; it limits the tokens that the caller can create. Absent for other credentials. */
  readonly token?: VerifiedToken;
  /** The MCP servers, and with them the toolkits and connections, that the caller is restricted to. */
  readonly restriction?: Restriction;
  readonly requestId?: string;
  readonly ip?: string;
}

/** The token that a caller presented. */
export interface VerifiedToken {
  readonly type: TokenType;
  /** The root of a derived token, whose rate limits it shares. */
  readonly rootId?: string;
  readonly expiresAt?: string;
  /** Of the token, or else of the token that it was issued for. */
  readonly allowedIps?: readonly string[];
  /** The stored hash of the presented secret. It distinguishes the current secret from previous ones. */
  readonly hash: string;
}

/** Which MCP servers and tools a credential is restricted to. */
export interface Restriction {
  /** Only the servers of this environment. */
  readonly environment?: string;
  /** Only the servers with these slugs. */
  readonly mcpServers?: readonly string[];
  /** Only the tools of this risk or a lower one. */
  readonly maxRisk?: ToolRisk;
}

/** The client address and the request id of a request. */
export interface RequestSource {
  readonly ip: string;
  readonly requestId: string;
}
