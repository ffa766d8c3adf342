import type { Skill } from "../../../schemas/skill.ts";
import { pages } from "../../store/paging/pages.ts";
import type { Condition, Query, SizeLimit } from "../../store/query.ts";
import type { EffectiveAccess } from "../access/effective-access.ts";
import { toLookupKeys } from "../access/toolkits.ts";
import type { Catalog } from "../catalog/catalog.ts";
import { toCatalogKey } from "../catalog/resource-types.ts";
import { hasOwnResources, type ToolSelection } from "./tool-selection.ts";

/** One page of skills. */
export interface SkillPage {
  readonly skills: readonly Skill[];
  /** The id after which the next page begins; absent for the last page. */
  readonly nextAfter?: string;
}

/**
 * Lists a page of the skills that a user may use, in the order of their ids. A skill of the user takes precedence over one
 * of the organization with the same slug, except in a toolkit of the organization, which has only the organization's.
 * @param after the id of the last skill of the previous page
 */
export async function listSkills(
  catalog: Catalog<Skill>,
  access: EffectiveAccess,
  selection: ToolSelection,
  after: string | undefined,
): Promise<SkillPage> {
  const where = toCondition(access, selection);
  if (!where) return { skills: [] };
  const { items, isCut } = await catalog.list(access.organizationId, {
    ...{ where, limit: pageSize, sizeLimit },
    ...(after !== undefined && { after: { id: after } }),
  });
  const overridden = hasOwnResources(selection) ? await findOwnSlugs(catalog, access, items) : noSlugs;
  const skills = items.filter(({ ownerId, slug }) => ownerId !== undefined || !overridden.has(slug));
  const last = items.at(-1);
  const isLastPage = !last || (items.length < pageSize && !isCut);
  return { skills, ...(!isLastPage && { nextAfter: last.id }) };
}

/** Finds a skill among those that a user may use, by its slug. */
export async function findSkill(
  catalog: Catalog<Skill>,
  access: EffectiveAccess,
  selection: ToolSelection,
  slug: string,
): Promise<Skill | undefined> {
  const where = toCondition(access, selection);
  if (!where) return undefined;
  const keys: Condition = { op: "in", path: "lookup.key", values: [slug, toCatalogKey(slug, access.userId)] };
  const { items } = await catalog.list(access.organizationId, { where: { op: "and", all: [where, keys] }, limit: 2 });
  return items.find(({ ownerId }) => ownerId !== undefined) ?? items[0];
}

const noSlugs: ReadonlySet<string> = new Set();
const pageSize = 200;
const sizeLimit: SizeLimit = { lengthMax: 2_000_000, firstBatch: 5 };

/** @returns undefined for an endpoint without skills */
function toCondition(access: EffectiveAccess, selection: ToolSelection): Condition | undefined {
  if (selection.kind === "server") return undefined;
  const condition = access.toCondition("skill");
  if (selection.kind === "all") return condition;
  const values = toLookupKeys(selection.toolkit, selection.toolkit.skills);
  return { op: "and", all: [condition, { op: "in", path: "lookup.key", values }] };
}

async function findOwnSlugs(
  catalog: Catalog<Skill>,
  { organizationId, userId }: EffectiveAccess,
  skills: readonly Skill[],
): Promise<ReadonlySet<string>> {
  const values = skills.flatMap(({ ownerId, slug }) => (ownerId === undefined ? [toCatalogKey(slug, userId)] : []));
  const slugs = new Set<string>();
  if (values.length === 0) return slugs;
  const reader = { list: (query: Query) => catalog.list(organizationId, query) };
  const where: Condition = { op: "in", path: "lookup.key", values };
  for await (const page of pages(reader, { where, limit: pageSize, sizeLimit }))
    for (const { slug } of page) slugs.add(slug);
  return slugs;
}
