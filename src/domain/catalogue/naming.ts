import type { CollectionDefinition, Entity, Tenant } from "../../store/collection.ts";
import { groups, users } from "../../store/collections.ts";
import { keyOf } from "./kinds.ts";
import { namedBySlug } from "./references.ts";
import type { NamedBySlug, Reference, Thing } from "./thing.ts";

/** The user whose own things are changed, and what these may name: what the user can reach. */
export interface Owner {
  readonly id: string;
  readonly mayName: (kind: NamedBySlug, thing: Thing) => boolean;
}

/** A reference by what it names, wherever that is named. */
export const nameOf = ({ kind, name }: Reference): string => `${kind}:${name}`;

/**
 * Which of these references name nothing that is there: one question for each kind and some hundred names.
 *
 * What of the organisation's catalogue is named is touched, so that its deletion beside this change loses the race and
 * is looked at again. People are not: an identity provider removes them whatever names them, so nothing depends on it.
 */
export async function missingOf(
  tenant: Tenant<"write">,
  references: readonly Reference[],
  owner?: Owner,
): Promise<readonly Reference[]> {
  const missing: Reference[] = [];
  for (const kind of new Set(references.map((each) => each.kind))) {
    const ofKind = references.filter((each) => each.kind === kind);
    for (let from = 0; from < ofKind.length; from += chunkMax) {
      const chunk = ofKind.slice(from, from + chunkMax);
      const names = chunk.map(({ name }) => name);
      const there = isOfPeople(kind)
        ? await peopleAmong(tenant, kind === "user" ? users : groups, names)
        : await thingsAmong(tenant, kind, names, owner);
      missing.push(...chunk.filter(({ name }) => !there.has(name)));
    }
  }
  return missing;
}

const chunkMax = 200;

const isOfPeople = (kind: Reference["kind"]): kind is "user" | "group" => kind === "user" || kind === "group";

async function peopleAmong(
  tenant: Tenant<"write">,
  collection: CollectionDefinition<Entity>,
  ids: readonly string[],
): Promise<ReadonlySet<string>> {
  const { items } = await tenant
    .open(collection)
    .list({ where: { op: "in", path: "id", values: ids }, limit: ids.length });
  return new Set(items.map(({ id }) => id));
}

async function thingsAmong(
  tenant: Tenant<"write">,
  kind: NamedBySlug,
  slugs: readonly string[],
  owner?: Owner,
): Promise<ReadonlySet<string>> {
  const open = tenant.open(namedBySlug[kind]);
  const keys = owner ? slugs.flatMap((slug) => [keyOf(slug, owner.id), slug]) : slugs;
  const { items } = await open.list({ where: { op: "in", path: "asked.key", values: keys }, limit: keys.length });
  const there = owner ? items.filter((thing) => owner.mayName(kind, thing)) : items;
  if (!owner) for (const { id } of there) await open.increment(id, { named: 1 });
  return new Set(there.map(({ slug }) => slug));
}
