import type { McpServer } from "../../../schemas/mcp-server.ts";
import type { Toolkit } from "../../../schemas/toolkit.ts";
import { commands, mcpServers, skills } from "../../store/collections.ts";
import { chunks } from "../../store/paging/pages.ts";
import type { CollectionDefinition, Tenant } from "../../store/store.ts";
import type { AssignableKind } from "../catalog/resource.ts";
import { toCatalogKey } from "../catalog/resource-types.ts";
import type { AccessControlledResource, EffectiveAccess } from "./effective-access.ts";

/**
 * Reduces toolkits to what the user may use: a toolkit grants no access to what it names. Costs three queries for all
 * toolkits together, and up to three more for each further 200 names.
 * @param toolkits toolkits that the user may use
 */
export async function filterToolkits(
  tenant: Tenant<"read">,
  access: EffectiveAccess,
  toolkits: readonly Toolkit[],
): Promise<readonly Toolkit[]> {
  const keys = (toNames: (toolkit: Toolkit) => readonly string[]): readonly string[] => [
    ...new Set(toolkits.flatMap(toNames)),
  ];
  const servers = await findReachable(
    { tenant, access, kind: "mcp-server", collection: mcpServers },
    keys(({ entries }) => entries.map((each) => each.mcpServer)),
    (server) => toUsableTools(server, access),
  );
  const reachableSkills = await findReachable(
    { tenant, access, kind: "skill", collection: skills },
    keys((each) => toLookupKeys(each, each.skills)),
    () => true,
  );
  const reachableCommands = await findReachable(
    { tenant, access, kind: "command", collection: commands },
    keys((each) => toLookupKeys(each, each.commands)),
    () => true,
  );
  return toolkits.map((toolkit) => ({
    ...toolkit,
    entries: toolkit.entries.flatMap((entry) => filterEntry(entry, servers.get(entry.mcpServer))),
    skills: toolkit.skills.filter((name) => toLookupKeys(toolkit, [name]).some((key) => reachableSkills.has(key))),
    commands: toolkit.commands.filter((name) =>
      toLookupKeys(toolkit, [name]).some((key) => reachableCommands.has(key)),
    ),
  }));
}

type ToolkitEntry = Toolkit["entries"][number];

/** The tools of one server that a user may use. */
interface UsableTools {
  readonly names: ReadonlySet<string>;
  /** Whether these are all enabled tools of the server. */
  readonly isComplete: boolean;
}

function toUsableTools(server: McpServer, access: EffectiveAccess): UsableTools {
  const names = new Set(access.listUsableTools(server).map(({ name }) => name));
  return { names, isComplete: names.size === server.tools.filter(({ enabled }) => enabled).length };
}

function filterEntry(entry: ToolkitEntry, usableTools: UsableTools | undefined): readonly ToolkitEntry[] {
  if (!usableTools) return [];
  if (entry.tools === "all" && usableTools.isComplete) return [entry];
  const tools =
    entry.tools === "all" ? [...usableTools.names] : entry.tools.filter((name) => usableTools.names.has(name));
  return tools.length > 0 ? [{ ...entry, tools }] : [];
}

/** The lookup keys of a toolkit's names. In a user-owned toolkit, resources of the owner take precedence. */
export const toLookupKeys = ({ ownerId }: Toolkit, names: readonly string[]): readonly string[] =>
  ownerId === undefined ? names : names.flatMap((name) => [toCatalogKey(name, ownerId), name]);

/** Resources per read. Servers include all of their tools, so larger chunks would use much memory. */
const chunkMax = 200;

interface ResourceLookup<T> {
  readonly tenant: Tenant<"read">;
  readonly access: EffectiveAccess;
  readonly kind: AssignableKind;
  readonly collection: CollectionDefinition<T & AccessControlledResource>;
}

/** Reads the resources with these keys that the user may use. @returns the values of `toValue` by key */
async function findReachable<T, Value>(
  { tenant, access, kind, collection }: ResourceLookup<T>,
  keys: readonly string[],
  toValue: (resource: T & AccessControlledResource) => Value,
): Promise<ReadonlyMap<string, Value>> {
  const valuesByKey = new Map<string, Value>();
  for (const values of chunks(keys, chunkMax)) {
    const where = { op: "in", path: "lookup.key", values } as const;
    const { items } = await tenant.open(collection).list({ where, limit: values.length });
    for (const resource of items) {
      if (access.canAccess(kind, resource))
        valuesByKey.set(toCatalogKey(resource.slug, resource.ownerId), toValue(resource));
    }
  }
  return valuesByKey;
}
