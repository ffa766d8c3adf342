import { findPathIndex, findServedValue } from "../../index-lookup.ts";
import { alwaysPresentPaths, isInMissingPart, type PagePart, toPageParts } from "../../paging/page-parts.ts";
import type { Condition, Query } from "../../query.ts";
import type { Entity } from "../../record.ts";
import { pathInSearchFields } from "../../search-fields.ts";
import type { CollectionDefinition, Index } from "../../store.ts";
import { documentId, documentPath, withoutSearchFields } from "../document.ts";
import type { Fields } from "../driver.ts";
import { idIndex, queryIndexName } from "../schema/indexes.ts";
import { toFilter } from "./where.ts";

/** A query as MongoDB filters, sorts and index hints. */
export interface QueryPlan {
  readonly organizationId: string;
  /** The parts to read, in order. */
  readonly parts: readonly PlanPart[];
  /** Whether an index serves the query. Otherwise it is a scan, which has a time limit and is rejected in transactions. */
  readonly isIndexed: boolean;
  /** Whether many records may have to be examined for a condition although an index serves it. */
  readonly mayBeLong: boolean;
}

/** One walk along an index. */
export interface PlanPart {
  readonly filter: Fields;
  readonly sort: Record<string, 1 | -1>;
  /** The index to use. The declarations determine it better than the planner, which tries several. */
  readonly hint?: string;
  /** Fields to exclude from the documents, or the only ones to read. */
  readonly projection?: Readonly<Record<string, 0 | 1>>;
}

/** Reading a page that an index has in its order is short up to this offset. */
const shortOffsetMax = 1000;

/** Plans the page of a query. */
export function planFind(query: Query, definition: CollectionDefinition<Entity>, organizationId: string): QueryPlan {
  const indexAccess = query.where ? chooseIndexAccess(query.where, definition) : undefined;
  const sortPath = query.sort?.path ?? "id";
  const sortIndex = findIndexName(sortPath, definition);
  const isInOrder =
    indexAccess?.isExact === true && sortPath === (indexAccess.by === "range" ? indexAccess.path : "id");
  const isIndexed = indexAccess === undefined ? sortIndex !== undefined : indexAccess.by === "key" || isInOrder;
  const hint = indexAccess && isHintFinal(indexAccess) ? indexAccess.hint : (indexAccess?.hint ?? sortIndex ?? idIndex);
  const where = toConjuncts(query.where, definition, organizationId);
  // If the sort path is a search field, the position of the last record needs its value.
  const projection =
    pathInSearchFields(sortPath, definition) === undefined ? withoutSearchFields(definition) : undefined;
  const parts = toPageParts({
    isById: sortPath === "id",
    isAlwaysPresent: alwaysPresentPaths.has(sortPath) || isInOrder,
    isDescending: query.sort?.direction === "descending",
    after: query.after,
  });
  return {
    organizationId,
    isIndexed,
    mayBeLong:
      indexAccess !== undefined && !isByUniqueKey(indexAccess) && !(isInOrder && (query.offset ?? 0) <= shortOffsetMax),
    parts: parts.map((part) => ({
      filter: { $and: [...where, ...toPartFilter(part, query, organizationId)] },
      sort: toSort(part, query),
      ...(hint !== undefined && { hint }),
      ...(projection && { projection }),
    })),
  };
}

/** Returns a plan that reads only the envelopes of the same records in the same order, which is that of ids. */
export const toEnvelopePlan = (plan: QueryPlan): QueryPlan => ({
  ...plan,
  parts: plan.parts.map((part) => ({ ...part, projection: envelopeProjection })),
});

const envelopeProjection = { id: 1, organizationId: 1, version: 1, createdAt: 1, updatedAt: 1 } as const;

/** Plans counting the matches of a condition. */
export function planCountDocuments(
  where: Condition,
  definition: CollectionDefinition<Entity>,
  organizationId: string,
): QueryPlan {
  const indexAccess = chooseIndexAccess(where, definition);
  const hint = isHintFinal(indexAccess) ? indexAccess.hint : (indexAccess.hint ?? idIndex);
  const filter = { $and: toConjuncts(where, definition, organizationId) };
  return {
    organizationId,
    isIndexed: indexAccess.by === "key" || (indexAccess.by === "range" && indexAccess.isExact),
    mayBeLong: !isByUniqueKey(indexAccess),
    parts: [{ filter, sort: {}, ...(hint !== undefined && { hint }) }],
  };
}

/** Every query names the organization, which is the shard key. */
function toConjuncts(
  where: Condition | undefined,
  definition: CollectionDefinition<Entity>,
  organizationId: string,
): Fields[] {
  const tenant = { organizationId: { $eq: organizationId } };
  return where ? [tenant, toFilter(where, definition, organizationId)] : [tenant];
}

function toPartFilter(part: PagePart, { sort, after }: Query, organizationId: string): Fields[] {
  const field = documentPath(sort?.path ?? "id");
  const comparison = sort?.direction === "descending" ? "$lt" : "$gt";
  const id = after && documentId(organizationId, after.id);
  const idComparison = id === undefined ? [] : [{ _id: { [comparison]: id } }];
  if (part === "all") return idComparison;
  // A position applies only within its own part. The next part is read from its beginning.
  if (part === "missing") return [{ [field]: { $eq: null } }, ...(after && isInMissingPart(after) ? idComparison : [])];
  if (!after || isInMissingPart(after)) return [{ [field]: { $ne: null } }];
  const { value } = after;
  return [{ $or: [{ [field]: { [comparison]: value } }, { [field]: { $eq: value }, _id: { [comparison]: id } }] }];
}

function toSort(part: PagePart, { sort }: Query): Record<string, 1 | -1> {
  const direction = sort?.direction === "descending" ? -1 : 1;
  return part === "present" && sort ? { [documentPath(sort.path)]: direction, _id: direction } : { _id: direction };
}

/**
 * How the declared indexes limit the documents to examine: to those of a `key`, to a `range` of one path, to the
 * `branches` of an `or` that are each limited, or not at all (`nothing`). With nothing else to check (`isExact`), the
 * records of one key can be read in the order of their ids, and a range in the order of its path. Even a condition that is
 * not limited can be checked on index entries instead of whole documents.
 *
 * The rank of a unique key is 0. Other keys rank in the order of their declaration, because fewer records share a value of
 * the first.
 */
type IndexAccess =
  | { readonly by: "key"; readonly rank: number; readonly isExact: boolean; readonly hint?: string }
  | { readonly by: "range"; readonly path: string; readonly isExact: boolean; readonly hint: string }
  | { readonly by: "branches"; readonly isExact?: never; readonly hint?: never }
  | { readonly by: "nothing"; readonly isExact?: never; readonly hint?: string };

/** Returns whether the access path determines the index: its hint, or without a hint the choice of the planner. */
const isHintFinal = ({ by }: IndexAccess): boolean => by === "key" || by === "branches";

const isByUniqueKey = (access: IndexAccess): boolean => access.by === "key" && access.rank === 0;

function chooseIndexAccess(condition: Condition, definition: CollectionDefinition<Entity>): IndexAccess {
  const served = findServedValue(condition, definition);
  // Such an index has its records in the order of their ids.
  return served
    ? { by: "range", path: "id", isExact: served.isWhole, hint: queryIndexName(served.index) }
    : narrow(condition, definition);
}

function narrow(condition: Condition, definition: CollectionDefinition<Entity>): IndexAccess {
  switch (condition.op) {
    case "eq":
    case "in": {
      if (condition.path === "id") return { by: "key", rank: 0, isExact: true, hint: idIndex };
      const index = findPathIndex(condition.path, definition);
      return index ? toKey(index, definition, condition.op === "eq") : { by: "nothing" };
    }
    case "startsWith":
    case "gt":
    case "ge":
    case "lt":
    case "le": {
      const hint = findIndexName(condition.path, definition);
      return hint === undefined ? { by: "nothing" } : { by: "range", path: condition.path, isExact: true, hint };
    }
    case "contains":
    case "endsWith": {
      const hint = findIndexName(condition.path, definition);
      return hint === undefined || hint === idIndex ? { by: "nothing" } : { by: "nothing", hint };
    }
    case "some":
      return chooseElementIndex(condition.path, condition.where, definition);
    case "and": {
      const accesses = condition.all.map((each) => narrow(each, definition));
      const [key] = accesses.filter((each) => each.by === "key").toSorted((one, other) => one.rank - other.rank);
      if (key) return { ...key, isExact: key.isExact && accesses.length === 1 };
      const range = accesses.find((each) => each.by === "range");
      if (range?.by !== "range") return accesses.find((each) => each.hint !== undefined) ?? { by: "nothing" };
      return {
        ...range,
        isExact: accesses.every((each) => each.by === "range" && each.isExact && each.path === range.path),
      };
    }
    case "or": {
      const accesses = condition.all.map((each) => narrow(each, definition));
      if (accesses.length === 0 || accesses.some(({ by }) => by === "nothing")) return { by: "nothing" };
      const keys = accesses.filter((each) => each.by === "key");
      if (keys.length < accesses.length) return { by: "branches" };
      return { by: "key", rank: Math.max(...keys.map(({ rank }) => rank)), isExact: false };
    }
    default:
      return { by: "nothing" };
  }
}

function chooseElementIndex(path: string, where: Condition, definition: CollectionDefinition<Entity>): IndexAccess {
  let best: IndexAccess = { by: "nothing" };
  for (const leaf of where.op === "and" ? where.all : [where]) {
    if (!("path" in leaf)) continue;
    const index = definition.indexes.find((each) => each.path === path && each.element === leaf.path);
    if (!index) continue;
    if (leaf.op === "eq" || leaf.op === "in") return toKey(index, definition, leaf === where && leaf.op === "eq");
    if (leaf.op === "startsWith")
      best = { by: "range", path: `${path}.${leaf.path}`, isExact: false, hint: queryIndexName(index) };
  }
  return best;
}

function toKey(index: Index, { indexes }: CollectionDefinition<Entity>, isExact: boolean): IndexAccess {
  return { by: "key", rank: index.unique ? 0 : indexes.indexOf(index) + 1, isExact, hint: queryIndexName(index) };
}

/** Returns the index that orders the records of an organization by this path. */
function findIndexName(path: string, definition: CollectionDefinition<Entity>): string | undefined {
  if (path === "id") return idIndex;
  const index = findPathIndex(path, definition);
  return index && queryIndexName(index);
}
