import type { McpServer } from "../../../schemas/mcp-server.ts";
import type { Toolkit } from "../../../schemas/toolkit.ts";
import type { CollectionDefinition, Tenant } from "../../store/collection.ts";
import { commands, mcpServers, skills } from "../../store/collections.ts";
import { keyOf } from "../catalogue/kinds.ts";
import type { NamedBySlug } from "../catalogue/thing.ts";
import type { Decidable, Standing } from "./standing.ts";

/**
 * Toolkits with what of them is within a user's reach: a toolkit gives nobody what it names. Three questions for all of
 * them together, or as many times three as they have some hundreds of names.
 * @param toolkits that the user can reach
 */
export async function toolkitsFor(
  tenant: Tenant<"read">,
  standing: Standing,
  toolkits: readonly Toolkit[],
): Promise<readonly Toolkit[]> {
  const keys = (of: (toolkit: Toolkit) => readonly string[]): readonly string[] => [...new Set(toolkits.flatMap(of))];
  const servers = await reached(
    { tenant, standing, kind: "mcp-server", from: mcpServers },
    keys(({ entries }) => entries.map((each) => each.mcpServer)),
    (server) => usableOf(server, standing),
  );
  const reachedSkills = await reached(
    { tenant, standing, kind: "skill", from: skills },
    keys((each) => keysFrom(each, each.skills)),
    () => true,
  );
  const reachedCommands = await reached(
    { tenant, standing, kind: "command", from: commands },
    keys((each) => keysFrom(each, each.commands)),
    () => true,
  );
  return toolkits.map((toolkit) => ({
    ...toolkit,
    entries: toolkit.entries.flatMap((entry) => entryFor(entry, servers.get(entry.mcpServer))),
    skills: toolkit.skills.filter((name) => keysFrom(toolkit, [name]).some((key) => reachedSkills.has(key))),
    commands: toolkit.commands.filter((name) => keysFrom(toolkit, [name]).some((key) => reachedCommands.has(key))),
  }));
}

type Entry = Toolkit["entries"][number];

/** Of a server, the names of its tools that the user may use, and whether no tool is withheld from this user alone. */
interface Usable {
  readonly names: ReadonlySet<string>;
  readonly isWhole: boolean;
}

function usableOf(server: McpServer, standing: Standing): Usable {
  const names = new Set(standing.toolsOf(server).map(({ name }) => name));
  return { names, isWhole: names.size === server.tools.filter(({ enabled }) => enabled).length };
}

function entryFor(entry: Entry, usable: Usable | undefined): readonly Entry[] {
  if (!usable) return [];
  if (entry.tools === "all" && usable.isWhole) return [entry];
  const tools = entry.tools === "all" ? [...usable.names] : entry.tools.filter((name) => usable.names.has(name));
  return tools.length > 0 ? [{ ...entry, tools }] : [];
}

/** Under which keys a toolkit's names are found: in a user's own toolkit, those of the user's own things come first. */
const keysFrom = ({ ownerId }: Toolkit, names: readonly string[]): readonly string[] =>
  ownerId === undefined ? names : names.flatMap((name) => [keyOf(name, ownerId), name]);

/** Servers come with all of their tools; more of them would be much to hold at once. */
const chunkMax = 200;

interface Shelf<T> {
  readonly tenant: Tenant<"read">;
  readonly standing: Standing;
  readonly kind: NamedBySlug;
  readonly from: CollectionDefinition<T & Decidable>;
}

/** Of the things with these keys, those within reach: what is told of each, by its key. */
async function reached<T, Told>(
  { tenant, standing, kind, from }: Shelf<T>,
  keys: readonly string[],
  tell: (thing: T & Decidable) => Told,
): Promise<ReadonlyMap<string, Told>> {
  const found = new Map<string, Told>();
  for (let at = 0; at < keys.length; at += chunkMax) {
    const values = keys.slice(at, at + chunkMax);
    const where = { op: "in", path: "asked.key", values } as const;
    const { items } = await tenant.open(from).list({ where, limit: values.length });
    for (const thing of items) {
      if (standing.reaches(kind, thing)) found.set(keyOf(thing.slug, thing.ownerId), tell(thing));
    }
  }
  return found;
}
