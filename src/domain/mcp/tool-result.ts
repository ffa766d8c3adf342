import type { McpObject, ToolResult } from "../upstream/upstream-calls.ts";

/** The result of a tool that failed, with a text that says what to do. The model reads it. */
export const toErrorResult = (text: string): ToolResult => ({ content: [{ type: "text", text }], isError: true });

/** The result of a tool of the service itself: the value as text, and as structured content for clients that read it. */
export const toValueResult = (value: McpObject): ToolResult => ({
  content: [{ type: "text", text: JSON.stringify(value) }],
  structuredContent: value,
});
