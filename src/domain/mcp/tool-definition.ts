import { findJsonSchemaIssues } from "../../../schemas/json-schema.ts";
import type { McpServer, Tool } from "../../../schemas/mcp-server.ts";
import { waitIfHeld } from "../../own-tick.ts";
import { LruCache } from "../../store/cache/lru-cache.ts";
import { toVersionKey } from "../entity.ts";
import type { McpObject } from "../upstream/upstream-calls.ts";
import { assignWireNames } from "./wire-names.ts";

/** The tools of a server as `/mcp` shows them. */
export interface ServedTools {
  /** Tool names by wire name. */
  readonly toolNames: ReadonlyMap<string, string>;
  /** Why a tool is not served, by the name of the tool. */
  readonly problems: ReadonlyMap<string, string>;
}

/** The served tools of a version of a server, as they are kept. */
interface MeasuredTools extends ServedTools {
  /** Characters of each tool as JSON, by the name of the tool. */
  readonly lengths: ReadonlyMap<string, number>;
}

/**
 * Selects the tools of servers that `/mcp` can serve. Many clients drop the whole list because of one tool with an invalid
 * schema, so that such a tool is quarantined. The selection of a version of a server is computed once.
 */
export class ToolQuarantine {
  readonly #served = new LruCache<string, MeasuredTools>(servedMax, ({ lengths }) => Math.max(1, lengths.size));
  readonly #selecting = new Map<string, Promise<MeasuredTools>>();
  readonly #onProblem: (server: McpServer, problems: ReadonlyMap<string, string>) => void;

  /** @param onProblem receives each version of a server with tools that cannot be served */
  constructor(onProblem: (server: McpServer, problems: ReadonlyMap<string, string>) => void = () => {}) {
    this.#onProblem = onProblem;
  }

  /** Concurrent requests for one version of a server share one selection. */
  async select(server: McpServer): Promise<MeasuredTools> {
    const key = toVersionKey(server);
    const cached = this.#served.get(key);
    if (cached) return cached;
    const selecting = this.#selecting.get(key) ?? this.#select(server, key);
    this.#selecting.set(key, selecting);
    try {
      return await selecting;
    } finally {
      this.#selecting.delete(key);
    }
  }

  async #select(server: McpServer, key: string): Promise<MeasuredTools> {
    const selected = await selectServedTools(server);
    const lengths = new Map(server.tools.map((tool) => [tool.name, JSON.stringify(tool).length]));
    const served = { ...selected, lengths };
    this.#served.set(key, served);
    if (served.problems.size > 0) this.#onProblem(server, served.problems);
    return served;
  }
}

/** In tools, of which the names and a number are kept. */
const servedMax = 100_000;

/** Selects the tools of a server that clients accept, and names the others with the reason. The check is done in steps. */
export async function selectServedTools({ slug, tools }: Pick<McpServer, "slug" | "tools">): Promise<ServedTools> {
  const problems = new Map<string, string>();
  let resumedAt = performance.now();
  for (const tool of tools) {
    resumedAt = await waitIfHeld(resumedAt);
    const problem = findToolProblem(tool);
    if (problem !== undefined) problems.set(tool.name, problem);
  }
  const names = tools.map(({ name }) => name).filter((name) => !problems.has(name));
  const toolNames = assignWireNames(slug, names);
  const served = new Set(toolNames.values());
  for (const name of names)
    if (!served.has(name)) problems.set(name, "name has the same form in /mcp as the name of another tool");
  return { toolNames, problems };
}

function findToolProblem({ inputSchema, outputSchema }: Tool): string | undefined {
  return (
    findSchemaProblem("inputSchema", inputSchema, "object") ?? findSchemaProblem("outputSchema", outputSchema, "any")
  );
}

function findSchemaProblem(field: string, schema: unknown, rootType: "object" | "any"): string | undefined {
  if (schema === undefined) return undefined;
  const [issue] = findJsonSchemaIssues(schema, rootType);
  return issue && `${[field, ...issue.path].join(".")} ${issue.message}`;
}

/**
 * Builds the definition of a tool for a client (MCP, `Tool`). It never has a field with the value null, which empties the
 * list in some clients. The hints are the more careful ones of the server's annotations and the risk in the catalog:
 * clients run a tool that claims to read only without confirmation.
 */
export function toToolDefinition(wireName: string, tool: Tool): McpObject {
  const { title, description, inputSchema, outputSchema, annotations, risk } = tool;
  return {
    name: wireName,
    ...(title !== undefined && { title }),
    ...(description !== undefined && { description }),
    inputSchema: toPlainSchema((inputSchema as McpObject | undefined) ?? emptySchema),
    ...(outputSchema !== undefined && { outputSchema: toPlainSchema(outputSchema as McpObject) }),
    annotations: {
      ...annotations,
      readOnlyHint: (annotations?.readOnlyHint ?? true) && risk === "read",
      destructiveHint: (annotations?.destructiveHint ?? false) || risk === "destructive",
    },
  };
}

const emptySchema: McpObject = { type: "object", properties: {} };

/** Replaces the schemas `true` and `false` of properties, which one client rejects, by objects of the same meaning. */
function toPlainSchema(schema: McpObject): McpObject {
  const { properties } = schema;
  if (typeof properties !== "object" || properties === null) return schema;
  if (!Object.values(properties).some((each) => typeof each === "boolean")) return schema;
  const plain = Object.entries(properties).map(([name, each]) => [name, toSchemaObject(each)] as const);
  return { ...schema, properties: Object.fromEntries(plain) };
}

function toSchemaObject(schema: unknown): unknown {
  if (schema === true) return {};
  return schema === false ? { not: {} } : schema;
}
