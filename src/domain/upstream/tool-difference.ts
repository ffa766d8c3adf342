import { hash } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { type Tool, tool as toolSchema } from "../../../schemas/mcp-server.ts";
import type { McpServerRefresh } from "../../../schemas/mcp-server-refresh.ts";
import { waitIfHeld } from "../../own-tick.ts";
import { isMcpObject, type McpObject } from "./upstream-calls.ts";

export interface ToolDifference extends McpServerRefresh {
  /** The tools of the catalog after the applied changes, in the catalog's order, with added tools last. */
  readonly tools: readonly Tool[];
}

/** The tools that a server offers, checked once for any number of comparisons. */
export interface OfferedTools {
  readonly valid: ReadonlyMap<string, Tool>;
  readonly quarantined: McpServerRefresh["quarantined"];
}

/**
 * Compares the tools that a server offers with those in the catalog. The catalog decides about the risk of a tool and
 * whether it is enabled; the risk of a new tool is derived from its annotations, which are claims of the server.
 * @param isApproved whether the change with a digest is applied
 */
export async function compareTools(
  stored: readonly Tool[],
  { valid, quarantined }: OfferedTools,
  isApproved: (digest: string) => boolean,
): Promise<ToolDifference> {
  const storedNames = new Set(stored.map(({ name }) => name));
  const brokenNames = new Set(quarantined.map(({ name }) => name));
  const result = { added: [], changed: [], removed: [], quarantined, unchanged: 0 } as {
    -readonly [K in keyof McpServerRefresh]: McpServerRefresh[K];
  };
  const tools: Tool[] = [];
  let resumedAt = performance.now();
  for (const before of stored) {
    resumedAt = await waitIfHeld(resumedAt);
    const { name } = before;
    const definition = valid.get(name);
    if (!definition) {
      tools.push(before);
      // A tool with a broken definition is named there, and stays as it was approved.
      if (brokenNames.has(name)) continue;
      const digest = toDigest(["removed", before]);
      const isApplied = isApproved(digest);
      if (isApplied) tools.pop();
      result.removed.push({ name, digest, isApplied });
      continue;
    }
    const after = { ...definition, risk: before.risk, enabled: before.enabled };
    const fields = comparedFields.filter((field) => !isDeepStrictEqual(before[field], after[field]));
    if (fields.length === 0) {
      tools.push(before);
      result.unchanged++;
      continue;
    }
    const digest = toDigest(["changed", before, after]);
    const isApplied = isApproved(digest);
    tools.push(isApplied ? after : before);
    result.changed.push({ name, digest, isApplied, fields: [...fields], before, after });
  }
  for (const [name, definition] of valid) {
    resumedAt = await waitIfHeld(resumedAt);
    if (storedNames.has(name)) continue;
    const digest = toDigest(["added", definition]);
    const isApplied = isApproved(digest);
    if (isApplied) tools.push(definition);
    result.added.push({ name, digest, isApplied, tool: definition });
  }
  return { ...result, tools };
}

const comparedFields = ["title", "description", "inputSchema", "outputSchema", "annotations"] as const;

/** Checks the definitions of tools. @param offered as the server sent them */
export async function readOfferedTools(offered: readonly unknown[]): Promise<OfferedTools> {
  const valid = new Map<string, Tool>();
  const quarantined: McpServerRefresh["quarantined"] = [];
  const seen = new Set<string>();
  let resumedAt = performance.now();
  for (const each of offered) {
    resumedAt = await waitIfHeld(resumedAt);
    const { name, title, description, inputSchema, outputSchema, annotations } = (each ?? {}) as McpObject;
    const hints = readAnnotations(annotations);
    const parsed = toolSchema.safeParse({
      name,
      ...((title ?? hints?.["title"]) != null && { title: title ?? hints?.["title"] }),
      ...(description != null && { description }),
      ...(inputSchema != null && { inputSchema }),
      ...(outputSchema != null && { outputSchema }),
      ...(hints && { annotations: hints }),
    });
    const label = typeof name === "string" ? name.slice(0, 128).toWellFormed() : "";
    if (seen.has(label)) {
      quarantined.push({ name: label, problem: "The server offers several tools with this name." });
      valid.delete(label);
    } else if (parsed.success) valid.set(parsed.data.name, parsed.data);
    else {
      const [issue] = parsed.error.issues;
      const problem = `${issue?.path.join(".") || "The definition"} ${issue?.message ?? "is not valid"}.`;
      quarantined.push({ name: label, problem });
    }
    seen.add(label);
  }
  return { valid, quarantined };
}

const annotationNames = ["title", "readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint"] as const;

/** Reads the annotations of the protocol; others have no meaning here. @returns undefined if there are none */
function readAnnotations(offered: unknown): McpObject | undefined {
  if (!isMcpObject(offered)) return undefined;
  const entries = annotationNames.map((name) => [name, offered[name]] as const).filter(([, value]) => value != null);
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}

/** Returns a hash of a value that does not depend on the order of its keys. */
const toDigest = (value: unknown): string => hash("sha256", JSON.stringify(sortKeys(value)), "base64url");

/** As lists of pairs, so that no key can have a meaning of its own. */
function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).filter(([, each]) => each !== undefined);
  return { pairs: entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, each]) => [key, sortKeys(each)]) };
}
