import type { Command } from "../../../schemas/command.ts";
import type { EffectiveAccess } from "../access/effective-access.ts";
import type { Catalog } from "../catalog/catalog.ts";
import type { ToolSelection } from "./tool-selection.ts";

/**
 * Lists the commands that a user may use, in the order of their slugs. A command of the user takes precedence over one of
 * the organization with the same slug.
 * @param selection an endpoint of a server has none; one of a toolkit has those of the toolkit
 */
export async function listPrompts(
  commands: Catalog<Command>,
  access: EffectiveAccess,
  selection: ToolSelection,
): Promise<readonly Command[]> {
  if (selection.kind === "server") return [];
  const bySlug = new Map<string, Command>();
  for (let after: { readonly id: string } | undefined; ; ) {
    const { items } = await commands.list(access.organizationId, {
      where: access.toCondition("command"),
      limit: pageSize,
      ...(after && { after }),
    });
    for (const each of items) if (!bySlug.has(each.slug) || each.ownerId !== undefined) bySlug.set(each.slug, each);
    const last = items.at(-1);
    if (!last || items.length < pageSize || bySlug.size >= commandsMax) break;
    after = { id: last.id };
  }
  const selected = selection.kind === "toolkit" ? new Set(selection.toolkit.commands) : undefined;
  return [...bySlug.values()]
    .filter(({ slug }) => !selected || selected.has(slug))
    .sort((one, other) => (one.slug < other.slug ? -1 : 1));
}

const pageSize = 200;
const commandsMax = 5000;
