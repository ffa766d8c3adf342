import type { Tool } from "../../../schemas/mcp-server.ts";
import type { McpObject } from "../upstream/upstream-calls.ts";
import { toToolDefinition } from "./tool-definition.ts";

/** A tool as `/mcp` lists it. It does not refer to its server, whose other tools would stay in memory. */
export class ServedTool {
  readonly wireName: string;
  readonly serverName: string;
  readonly tool: Tool;
  /** Of the tool as JSON, in characters. */
  readonly length: number;
  #text: string | undefined;

  constructor(wireName: string, serverName: string, tool: Tool, length: number) {
    this.wireName = wireName;
    this.serverName = serverName;
    this.tool = tool;
    this.length = length;
  }

  /** Whether the tool has an output schema whose root is not of the type object. */
  get hasOtherOutput(): boolean {
    const { outputSchema } = this.tool;
    return outputSchema !== undefined && (outputSchema as McpObject)["type"] !== "object";
  }

  /** Returns the definition for a client. */
  toDefinition(): McpObject {
    return toToolDefinition(this.wireName, this.tool);
  }

  /** Returns the definition as JSON. Later calls return the same string. */
  toText(): string {
    this.#text ??= JSON.stringify(this.toDefinition());
    return this.#text;
  }
}
