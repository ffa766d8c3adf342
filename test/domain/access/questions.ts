import { expect } from "chai";
import type { Restriction } from "../../../src/domain/caller.ts";
import { namedBySlug } from "../../../src/domain/catalogue/references.ts";
import type { Store } from "../../../src/store/collection.ts";
import type { Kind, World } from "./naive.ts";
import { storeWorld } from "./stored-world.ts";
import { worldOf } from "./things.ts";

/** Whom the tests of the rules ask about, mostly. */
export const ada = "usr_ada";
export const grace = "usr_grace";

/**
 * Slugs (of own things, ids) of a kind that a user reaches in an organisation with these parts: by the list and by
 * looking at each alike.
 */
export async function seen(store: Store, parts: Partial<World>, userId: string, kind: Kind, restriction?: Restriction) {
  const world = worldOf(parts);
  const { organizationId, tenant, access } = await storeWorld(store, world);
  const standing = await access.standing(organizationId, userId, restriction);
  const open = tenant.open(namedBySlug[kind]);
  const listed = (await open.list({ where: standing.condition(kind), limit: 100 })).items;
  const got = world[kind].filter((thing) => standing.reaches(kind, thing));
  expect(listed.map(({ id }) => id)).to.have.members(got.map(({ id }) => id));
  return got.map((thing) => ("ownerId" in thing ? thing.id : thing.slug));
}

/** Names of the tools that Ada may use, of all servers one after another. */
export async function toolsOf(store: Store, parts: Partial<World>) {
  const world = worldOf(parts);
  const { organizationId, access } = await storeWorld(store, world);
  const standing = await access.standing(organizationId, ada);
  return world["mcp-server"].flatMap((each) => standing.toolsOf(each).map(({ name }) => name));
}

/** The one toolkit as Ada sees it. */
export async function shownOf(store: Store, parts: Partial<World>, restriction?: Restriction) {
  const world = worldOf(parts);
  const { organizationId, access } = await storeWorld(store, world);
  const standing = await access.standing(organizationId, ada, restriction);
  const [shown] = await access.toolkitsFor(standing, world.toolkit);
  if (!shown) throw new Error("a toolkit was lost");
  const { entries, skills, commands } = shown;
  return { entries, skills, commands };
}
