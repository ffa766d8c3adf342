import type { Tool } from "../../../schemas/mcp-server.ts";
import type { ToolResult, UpstreamOutcome } from "../upstream/upstream-calls.ts";
import type { InputRequest } from "./input-requests.ts";
import { findOutputIssue } from "./output-check.ts";
import { toErrorResult } from "./tool-result.ts";

/** How a call ended, and its description in the audit log. */
export interface CallEnd {
  readonly result: ToolResult | InputRequest;
  readonly description: string;
}

/** Returns the end of a call that requests no input: its result, or an error result where clients could not read it. */
export function readOutcome(outcome: UpstreamOutcome, tool: Tool): CallEnd {
  if (outcome.kind === "input-required") throw new Error("The request for input was not passed on.");
  if (outcome.kind === "fault") return { result: toErrorResult(outcome.text), description: outcome.cause };
  const { result } = outcome;
  if (result.isError === true) return { result, description: "tool-error" };
  const mismatch = findOutputMismatch(result, tool);
  return mismatch ? { result: mismatch, description: "output-mismatch" } : { result, description: "success" };
}

/**
 * Clients reject a result that does not match the output schema, so that the model would not learn that the tool ran.
 * @returns the error result instead, with the content of the result; undefined if the result matches
 */
function findOutputMismatch({ content, structuredContent }: ToolResult, tool: Tool): ToolResult | undefined {
  if (tool.outputSchema === undefined) return undefined;
  const issue =
    structuredContent === undefined
      ? { path: [], message: "there is none" }
      : findOutputIssue(tool.outputSchema, structuredContent);
  if (!issue) return undefined;
  const where = issue.path.length > 0 ? ` at ${issue.path.join(".")}` : "";
  const text = `The tool ran, and its structured result does not match its output schema${where}: ${issue.message}. Do not repeat the call. The content of the result follows.`;
  return { content: [...toErrorResult(text).content, ...content], isError: true };
}
