import type { McpServer } from "../../../schemas/mcp-server.ts";

/** A JSON object, as it was received. */
export type JsonRecord = Readonly<Record<string, unknown>>;

/** A call of one tool on an http MCP server. */
export interface UpstreamCall {
  readonly organizationId: string;
  /** The acting user. */
  readonly userId: string | undefined;
  /** The catalog record, with transport `http`. */
  readonly server: McpServer;
  /** The server's own name of the tool. */
  readonly tool: string;
  readonly arguments: JsonRecord;
  /** The credential for the server that the request itself carried. It is not stored. */
  readonly requestAuthorization?: string;
  /** Aborted when the client is gone. */
  readonly signal: AbortSignal;
  readonly onProgress?: (progress: UpstreamProgress) => void;
}

export interface UpstreamProgress {
  readonly progress: number;
  readonly total?: number;
  readonly message?: string;
}

/** What a call led to. An error of the server is an outcome, not an exception. */
export type UpstreamOutcome =
  /** The CallToolResult of the server. */
  | { readonly kind: "result"; readonly result: JsonRecord }
  /** `text` is for the caller of the tool, `cause` for the logs. */
  | { readonly kind: "fault"; readonly text: string; readonly cause: string };

/** Calls tools of http MCP servers. */
export interface UpstreamCalls {
  call(call: UpstreamCall): Promise<UpstreamOutcome>;
  close(): Promise<void>;
}

/** Calls nothing: each call returns an error that says so. */
export const disabledUpstreamCalls: UpstreamCalls = {
  call: async ({ server }) => ({
    kind: "fault",
    text: `Calls of tools are not enabled in this installation. ${server.name} was not called.`,
    cause: "disabled",
  }),
  close: async () => {},
};
