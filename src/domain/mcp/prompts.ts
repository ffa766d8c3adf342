import type { Command } from "../../../schemas/command.ts";
import { pages } from "../../store/paging/pages.ts";
import type { Condition, Query } from "../../store/query.ts";
import type { EffectiveAccess } from "../access/effective-access.ts";
import type { Catalog } from "../catalog/catalog.ts";
import { toCatalogKey } from "../catalog/resource-types.ts";
import type { ToolSelection } from "./tool-selection.ts";

/**
 * Lists the commands that a user may use, in the order of their slugs. A command of the user takes precedence over one of
 * the organization with the same slug.
 * @param selection an endpoint of a server has none; one of a toolkit has those of the toolkit
 * @param slug only this command
 */
export async function listPrompts(
  commands: Catalog<Command>,
  access: EffectiveAccess,
  selection: ToolSelection,
  slug?: string,
): Promise<readonly Command[]> {
  if (selection.kind === "server") return [];
  const { organizationId, userId } = access;
  const all: Condition[] = [access.toCondition("command")];
  if (slug !== undefined) all.push({ op: "in", path: "lookup.key", values: [slug, toCatalogKey(slug, userId)] });
  const bySlug = new Map<string, Command>();
  const reader = { list: (query: Query) => commands.list(organizationId, query) };
  for await (const page of pages(reader, { where: { op: "and", all }, limit: pageSize })) {
    for (const each of page) if (!bySlug.has(each.slug) || each.ownerId !== undefined) bySlug.set(each.slug, each);
    if (bySlug.size >= commandsMax) break;
  }
  const selected = selection.kind === "toolkit" ? new Set(selection.toolkit.commands) : undefined;
  return [...bySlug.values()]
    .filter((each) => (slug === undefined || each.slug === slug) && (!selected || selected.has(each.slug)))
    .sort((one, other) => (one.slug < other.slug ? -1 : 1));
}

const pageSize = 200;
const commandsMax = 5000;
