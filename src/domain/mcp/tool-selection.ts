import type { McpServer, Tool } from "../../../schemas/mcp-server.ts";
import type { Toolkit } from "../../../schemas/toolkit.ts";
import type { Condition } from "../../store/query.ts";

/** The part of what a user may use that one endpoint of `/mcp` serves. */
export type ToolSelection =
  | { readonly kind: "all" }
  | { readonly kind: "server"; readonly server: McpServer }
  | { readonly kind: "toolkit"; readonly toolkit: Toolkit };

/** Whether the selection contains a tool. Access is decided elsewhere. */
export function isSelected(selection: ToolSelection, server: McpServer, tool: Tool): boolean {
  if (selection.kind === "server") return selection.server.id === server.id;
  if (selection.kind === "all") return true;
  const entry = selection.toolkit.entries.find(({ mcpServer }) => mcpServer === server.slug);
  return entry !== undefined && (entry.tools === "all" || entry.tools.includes(tool.name));
}

/** Whether resources of the user belong to the selection. A toolkit of the organization has none. */
export const hasOwnResources = (selection: ToolSelection): boolean =>
  selection.kind !== "toolkit" || selection.toolkit.ownerId !== undefined;

/** The conditions that a server of the selection satisfies. */
export function toSelectionConditions(selection: ToolSelection): readonly Condition[] {
  if (selection.kind === "server") return [{ op: "eq", path: "id", value: selection.server.id }];
  if (selection.kind === "toolkit") {
    const values = selection.toolkit.entries.map(({ mcpServer }) => mcpServer);
    return [{ op: "in", path: "lookup.key", values }];
  }
  return [];
}
