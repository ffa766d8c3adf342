import type { Command } from "../../../schemas/command.ts";
import { pages } from "../../store/paging/pages.ts";
import type { Condition, Query } from "../../store/query.ts";
import type { EffectiveAccess } from "../access/effective-access.ts";
import { toLookupKeys } from "../access/toolkits.ts";
import type { Catalog } from "../catalog/catalog.ts";
import { toCatalogKey } from "../catalog/resource-types.ts";
import type { ToolSelection } from "./tool-selection.ts";

/**
 * Lists the active commands that a user may use, in the order of their slugs. A command of the user takes precedence over one
 * of the organization with the same slug, except in a toolkit of the organization, which has only the organization's.
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
  // A user's view of /api has the user's own commands that are not active, so that the user can activate them.
  const all: Condition[] = [access.toCondition("command"), { op: "eq", path: "active", value: true }];
  if (slug !== undefined) all.push({ op: "in", path: "lookup.key", values: [slug, toCatalogKey(slug, userId)] });
  if (selection.kind === "toolkit") {
    const { toolkit } = selection;
    all.push({ op: "in", path: "lookup.key", values: toLookupKeys(toolkit, toolkit.commands) });
  }
  const bySlug = new Map<string, Command>();
  const reader = { list: (query: Query) => commands.list(organizationId, query) };
  for await (const page of pages(reader, { where: { op: "and", all }, limit: pageSize })) {
    for (const each of page) if (!bySlug.has(each.slug) || each.ownerId !== undefined) bySlug.set(each.slug, each);
    if (bySlug.size >= commandsMax) break;
  }
  return [...bySlug.values()].sort((one, other) => (one.slug < other.slug ? -1 : 1));
}

const pageSize = 200;
const commandsMax = 5000;
