import type { Query } from "./collection.ts";
import type { Access } from "./mongo-access.ts";
import type { Documents, Fields, FindOptions } from "./mongo-driver.ts";
import type { Part, Plan } from "./mongo-plan.ts";

/** Passing over more documents than this, they are passed over in the index and only those shown are fetched. */
export const offsetWithDocumentsMax = 100;
/** Documents that the server sends at once. */
const batchMax = 1000;

/**
 * Reads one page of a plan.
 * @param timeMs how long the next operation may take; throws when no time is left
 */
export async function readPage(
  access: Access,
  documents: Documents,
  plan: Plan,
  query: Query,
  timeMs: () => number,
): Promise<Fields[]> {
  const page: Fields[] = [];
  let offset = query.offset ?? 0;
  for (const part of plan.parts) {
    const missing = query.limit - page.length;
    if (missing <= 0) break;
    const found = await readPart(access, documents, part, offset, missing, timeMs);
    page.push(...found);
    // What this part could pass over counts towards the offset of the next.
    if (offset > 0 && found.length === 0 && part !== plan.parts.at(-1)) {
      offset -= Math.min(offset, await countPart(access, documents, part, timeMs));
    } else offset = 0;
  }
  return page;
}

/** How many documents a part has. */
export function countPart(
  access: Access,
  documents: Documents,
  { filter, hint }: Part,
  timeMs: () => number,
): Promise<number> {
  return access.run((options) =>
    documents.countDocuments(filter, { ...options, maxTimeMS: timeMs(), ...(hint !== undefined && { hint }) }),
  );
}

/** The driver's options for one part of a page. */
export function findOptions({ sort, hint, projection }: Part, offset: number, limit: number): FindOptions {
  return {
    sort,
    ...(hint !== undefined && { hint }),
    ...(offset > 0 && { skip: offset }),
    limit,
    batchSize: Math.min(limit + 1, batchMax), // one more than the limit, so that the first answer is the last
    ...(offset > offsetWithDocumentsMax ? { projection: { _id: 1 } } : projection && { projection }),
  };
}

async function readPart(
  access: Access,
  documents: Documents,
  part: Part,
  offset: number,
  limit: number,
  timeMs: () => number,
): Promise<Fields[]> {
  const shape = findOptions(part, offset, limit);
  const found = await access.run((options) =>
    documents.find(part.filter, { ...options, ...shape, maxTimeMS: timeMs() }).toArray(),
  );
  if (offset <= offsetWithDocumentsMax || found.length === 0) return found;
  const ids = found.map(({ _id }) => _id);
  const fetched = await access.run((options) =>
    documents
      .find(
        { _id: { $in: ids } },
        {
          ...options,
          batchSize: Math.min(ids.length + 1, batchMax),
          maxTimeMS: timeMs(),
          ...(part.projection && { projection: part.projection }),
        },
      )
      .toArray(),
  );
  const byId = new Map(fetched.map((document) => [document["_id"], document]));
  return ids.flatMap<Fields>((id) => byId.get(id) ?? []);
}
