import { AppError } from "../../errors.ts";
import type { CollectionDefinition, Condition, Tenant } from "../../store/collection.ts";
import { commands, mcpServers, policies, skills, toolkits } from "../../store/collections.ts";
import type { NamedBySlug, Thing } from "./thing.ts";

/** What stands in the way of a deletion. */
export interface Blocker {
  readonly kind: string;
  readonly id: string;
  readonly name: string;
}

/** The collections whose things are named by slug. */
export const namedBySlug: Readonly<Record<NamedBySlug, CollectionDefinition<Thing>>> = {
  "mcp-server": mcpServers,
  toolkit: toolkits,
  skill: skills,
  command: commands,
};

const holders: Readonly<Record<string, CollectionDefinition<Thing>>> = {
  ...namedBySlug,
  policy: policies,
};

/** Blockers that are told: enough to go on with. */
const blockersMax = 20;

/** What of the catalogue names this, as `kind:name`; the first of them. */
export async function blockersOf(tenant: Tenant<"write">, reference: string): Promise<readonly Blocker[]> {
  const where: Condition = { op: "some", path: "asked.references", where: { op: "eq", path: "to", value: reference } };
  const found: Blocker[] = [];
  for (const [kind, collection] of Object.entries(holders)) {
    const limit = blockersMax - found.length;
    if (limit === 0) break;
    const { items } = await tenant.open(collection).list({ where, limit });
    found.push(...items.map(({ id, name }) => ({ kind, id, name })));
  }
  return found;
}

/** @throws AppError referenced, with what names it, so that it cannot go */
export async function assertUnreferenced(tenant: Tenant<"write">, reference: string, title: string): Promise<void> {
  const blockers = await blockersOf(tenant, reference);
  if (blockers.length === 0) return;
  const [{ kind, name }] = blockers as [Blocker];
  const others = blockers.length > 1 ? " and others" : "";
  throw new AppError("referenced", `The ${title} is still named by ${kind} ${JSON.stringify(name)}${others}.`, {
    blockers,
  });
}
