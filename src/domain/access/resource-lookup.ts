import { slug } from "../../../schemas/text.ts";
import { AppError } from "../../errors.ts";
import type { Condition } from "../../store/query.ts";
import type { Entity } from "../../store/record.ts";
import type { Reader } from "../../store/store.ts";
import type { CatalogResource } from "../catalog/resource.ts";
import { toCatalogKey } from "../catalog/resource-types.ts";

/**
 * Finds a resource of the organization, or one that the user owns, by its id, else by its slug, else by its exact name. A
 * resource of the organization takes precedence.
 * @throws AppError invalid-value naming the field `resource` if there is none, or several have the name;
 *   query-too-expensive for a name in a large catalog
 */
export async function findResourceForUser<T extends CatalogResource & Entity>(
  reader: Reader<T>,
  userId: string,
  text: string,
): Promise<T> {
  const byId = text.includes("_") && !text.includes("\0") ? await reader.get(text) : undefined;
  if (byId && (byId.ownerId === undefined || byId.ownerId === userId)) return byId;
  if (slug.safeParse(text).success) {
    const keys = [toCatalogKey(text), toCatalogKey(text, userId)];
    const { items } = await reader.list({ where: { op: "in", path: "lookup.key", values: keys }, limit: keys.length });
    const bySlug = items.find(({ ownerId }) => ownerId === undefined) ?? items[0];
    if (bySlug) return bySlug;
  }
  const { items } = text.includes("\0") ? { items: [] } : await reader.list({ where: hasName(text, userId), limit: 2 });
  const [byName] = items;
  if (byName && items.length === 1) return byName;
  throw new AppError(
    "invalid-value",
    byName
      ? "resource: several resources have this name. Use the slug."
      : "resource: no resource of this kind has this slug, name or id.",
    { field: "resource" },
  );
}

const hasName = (name: string, userId: string): Condition => ({
  op: "and",
  all: [
    { op: "eq", path: "name", value: name },
    {
      op: "or",
      all: [
        { op: "not", condition: { op: "present", path: "ownerId" } },
        { op: "eq", path: "ownerId", value: userId },
      ],
    },
  ],
});
