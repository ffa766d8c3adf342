import type { Query } from "../../query.ts";
import type { Entity } from "../../record.ts";
import type { CollectionDefinition } from "../../store.ts";
import type { DatabaseAccess } from "../database-access.ts";
import type { MongoCollection } from "../driver.ts";
import { readRawString } from "../read/bson-reader.ts";
import { findRaw, type RawFindOptions } from "../read/find-raw.ts";
import { idIndex } from "../schema/indexes.ts";
import type { PlanPart, QueryPlan } from "./plan.ts";

/** Largest offset, in documents, that is skipped with whole documents. Beyond it, index entries are skipped and only the page is fetched. */
export const documentSkipMax = 100;
/** Most documents in one batch of the server. */
const batchSizeMax = 1000;

/**
 * Reads one page of a plan.
 * @param remainingMs returns how long the next operation may take, in milliseconds; throws when no time is left
 * @returns documents in BSON
 */
export async function readDocumentPage(
  access: DatabaseAccess,
  definition: CollectionDefinition<Entity>,
  plan: QueryPlan,
  query: Query,
  remainingMs: () => number,
): Promise<readonly Uint8Array[]> {
  const page: Uint8Array[] = [];
  let offset = query.offset ?? 0;
  for (const part of plan.parts) {
    const remaining = query.limit - page.length;
    if (remaining <= 0) break;
    const partPage = await readPart(access, definition, plan.organizationId, part, offset, remaining, remainingMs);
    page.push(...partPage);
    // The records of this part that were skipped count towards the offset of the next part.
    if (offset > 0 && partPage.length === 0 && part !== plan.parts.at(-1)) {
      offset -= Math.min(
        offset,
        await countPlanPart(access, access.database.collection(definition.name), part, remainingMs),
      );
    } else offset = 0;
  }
  return page;
}

/** Counts the documents of a part. */
export function countPlanPart(
  access: DatabaseAccess,
  documents: MongoCollection,
  { filter, hint }: PlanPart,
  remainingMs: () => number,
): Promise<number> {
  return access.run((options) =>
    documents.countDocuments(filter, { ...options, maxTimeMS: remainingMs(), ...(hint !== undefined && { hint }) }),
  );
}

/** Returns the driver options that read one part of a page. */
export function toFindOptions(
  { sort, hint, projection }: PlanPart,
  offset: number,
  limit: number,
): Omit<RawFindOptions, "maxTimeMS"> {
  return {
    sort,
    ...(hint !== undefined && { hint }),
    ...(offset > 0 && { skip: offset }),
    limit,
    batchSize: Math.min(limit + 1, batchSizeMax), // one more than the limit, so that the first batch closes the cursor
    ...(offset > documentSkipMax ? { projection: { _id: 1 } } : projection && { projection }),
  };
}

async function readPart(
  access: DatabaseAccess,
  { name }: CollectionDefinition<Entity>,
  organizationId: string,
  part: PlanPart,
  offset: number,
  limit: number,
  remainingMs: () => number,
): Promise<readonly Uint8Array[]> {
  const matches = await access.run((options) =>
    findRaw(access.database, name, part.filter, {
      ...options,
      ...toFindOptions(part, offset, limit),
      maxTimeMS: remainingMs(),
    }),
  );
  if (offset <= documentSkipMax || matches.length === 0) return matches;
  const ids = matches.map((document) => readRawString(document, "_id") ?? "");
  const fetched = await access.run((options) =>
    findRaw(
      access.database,
      name,
      { _id: { $in: ids }, organizationId: { $eq: organizationId } },
      {
        ...options,
        hint: idIndex,
        batchSize: ids.length + 1,
        maxTimeMS: remainingMs(),
        ...(part.projection && { projection: part.projection }),
      },
    ),
  );
  const byId = new Map(fetched.map((document) => [readRawString(document, "_id") ?? "", document]));
  return ids.flatMap((id) => byId.get(id) ?? []);
}
