import type { McpServer } from "../../../schemas/mcp-server.ts";

/** A JSON object of a protocol message (MCP). */
export type McpObject = Readonly<Record<string, unknown>>;

export const isMcpObject = (value: unknown): value is McpObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** How a client can request input from its user: with a form of its own, or with a page that it opens. */
export type ElicitationMode = "form" | "url";

/** A call of one tool on an MCP server with transport `http`. */
export interface UpstreamCall {
  readonly organizationId: string;
  /** The acting user; undefined for a call without one. */
  readonly userId: string | undefined;
  /** The catalog record of the server. */
  readonly server: McpServer;
  /** The tool's name at the server. */
  readonly tool: string;
  readonly arguments: McpObject;
  /** The credential of the request's header `x-upstream-{slug}-authorization`. It is not stored. */
  readonly requestAuthorization?: string;
  /** Aborted when the client is gone. */
  readonly signal: AbortSignal;
  readonly onProgress?: (progress: UpstreamProgress) => void;
  /** Absent if the client cannot request input. */
  readonly elicitation?: readonly ElicitationMode[];
  /** The user's responses to the server's requests for input, and the state that came with these requests. */
  readonly input?: UpstreamInput;
}

export interface UpstreamInput {
  readonly inputResponses?: McpObject | undefined;
  readonly requestState?: string | undefined;
}

export interface UpstreamProgress {
  readonly progress: number;
  readonly total?: number;
  readonly message?: string;
}

/** The result of a tool (MCP, `CallToolResult`). */
export interface ToolResult extends McpObject {
  readonly content: readonly McpObject[];
  readonly structuredContent?: unknown;
  readonly isError?: boolean;
}

/** How a call ended. */
export type UpstreamOutcome =
  /** The server's result, validated, without the `_meta` fields of the protocol. */
  | { readonly kind: "result"; readonly result: ToolResult }
  /** The server requests input from the user before it returns a result. */
  | {
      readonly kind: "input-required";
      readonly inputRequests: Readonly<Record<string, McpObject>>;
      readonly requestState?: string | undefined;
    }
  /** No result. The text is for the caller; the cause is for the log and for metrics. */
  | { readonly kind: "fault"; readonly text: string; readonly cause: string };

/** Calls tools on MCP servers. */
export interface UpstreamCalls {
  /** Never throws for what a server does. @throws AppError unavailable if the store does not respond */
  call(call: UpstreamCall): Promise<UpstreamOutcome>;
  /** Ends all calls and sessions. */
  close(): Promise<void>;
}
