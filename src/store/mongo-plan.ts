import type { CollectionDefinition, Condition, Entity, Query } from "./collection.ts";
import { documentId, documentIdRange, documentPath, withoutTwin } from "./mongo-document.ts";
import type { Fields } from "./mongo-driver.ts";
import { servingIndex } from "./mongo-schema.ts";
import { alwaysHeld, isInMissing, type PagePart, partsOf } from "./page-parts.ts";
import { pathInTwin } from "./twin.ts";
import { toFilter } from "./where-mongo.ts";

/** A question in MongoDB's words. */
export interface Plan {
  /** What is read, one after another. */
  readonly parts: readonly Part[];
  /** Whether an index answers it; what it does not answer is a scan, bounded and not allowed inside a transaction. */
  readonly isServed: boolean;
}

export interface Part {
  readonly filter: Fields;
  readonly sort: Record<string, 1 | -1>;
  /** The index to go along: the planner, which tries several, knows less than the declarations do. */
  readonly hint?: string;
  /** What of the documents is not wanted. */
  readonly projection?: Record<string, 0>;
}

export function planList(query: Query, definition: CollectionDefinition<Entity>, organizationId: string): Plan {
  const narrowed = query.where ? narrow(query.where, definition) : undefined;
  const sortPath = query.sort?.path ?? "id";
  const sortIndex = indexOf(sortPath, definition);
  const isServed =
    narrowed === undefined
      ? sortIndex !== undefined
      : narrowed.by === "key" || (narrowed.by === "range" && narrowed.alone && narrowed.path === sortPath);
  const hint = narrowed && isFound(narrowed) ? narrowed.hint : (narrowed?.hint ?? sortIndex ?? primary);
  const where = conjuncts(query.where, hint, definition, organizationId);
  // Sorted by the twin, a page tells where it ended by a value that only the twin has.
  const projection = pathInTwin(sortPath, definition) === undefined ? withoutTwin(definition) : undefined;
  const parts = partsOf({
    isById: sortPath === "id",
    isHeld: alwaysHeld.has(sortPath) || (narrowed?.by === "range" && narrowed.alone && narrowed.path === sortPath),
    isDescending: query.sort?.direction === "descending",
    after: query.after,
  });
  return {
    isServed,
    parts: parts.map((part) => ({
      filter: { $and: [...where, ...partTerms(part, query, organizationId)] },
      sort: sortOf(part, query),
      ...(hint !== undefined && { hint }),
      ...(projection && { projection }),
    })),
  };
}

export function planCount(where: Condition, definition: CollectionDefinition<Entity>, organizationId: string): Plan {
  const narrowed = narrow(where, definition);
  const hint = isFound(narrowed) ? narrowed.hint : (narrowed.hint ?? primary);
  const filter = { $and: conjuncts(where, hint, definition, organizationId) };
  return {
    isServed: narrowed.by === "key" || (narrowed.by === "range" && narrowed.alone),
    parts: [{ filter, sort: {}, ...(hint !== undefined && { hint }) }],
  };
}

const primary = "_id_";

function conjuncts(
  where: Condition | undefined,
  hint: string | undefined,
  definition: CollectionDefinition<Entity>,
  organizationId: string,
): Fields[] {
  const tenant =
    hint === primary ? { _id: documentIdRange(organizationId) } : { organizationId: { $eq: organizationId } };
  return where ? [tenant, toFilter(where, definition, organizationId)] : [tenant];
}

function partTerms(part: PagePart, { sort, after }: Query, organizationId: string): Fields[] {
  const field = documentPath(sort?.path ?? "id");
  const beyond = sort?.direction === "descending" ? "$lt" : "$gt";
  const id = after && documentId(organizationId, after.id);
  const beyondId = id === undefined ? [] : [{ _id: { [beyond]: id } }];
  if (part === "all") return beyondId;
  // A position counts only within its own part; the part after it is read from its beginning.
  if (part === "missing") return [{ [field]: { $eq: null } }, ...(after && isInMissing(after) ? beyondId : [])];
  if (!after || isInMissing(after)) return [{ [field]: { $ne: null } }];
  const { value } = after;
  return [{ $or: [{ [field]: { [beyond]: value } }, { [field]: { $eq: value }, _id: { [beyond]: id } }] }];
}

function sortOf(part: PagePart, { sort }: Query): Record<string, 1 | -1> {
  const direction = sort?.direction === "descending" ? -1 : 1;
  return part === "present" && sort ? { [documentPath(sort.path)]: direction, _id: direction } : { _id: direction };
}

/**
 * How far the declared indexes narrow a condition: to the records of a `key`, to a `range` of one path, to `branches` of
 * an `or` that are each narrowed, or not at all. A range alone (nothing else to check) can be walked in the order of its
 * path. Even what is not narrowed may be asked of an index's entries instead of whole documents.
 */
type Narrowed =
  | { readonly by: "key"; readonly hint?: string }
  | { readonly by: "range"; readonly path: string; readonly alone: boolean; readonly hint: string }
  | { readonly by: "branches"; readonly hint?: never }
  | { readonly by: "nothing"; readonly hint?: string };

/** Whether the narrowing says all about the index to go along: one, or by its silence those that the planner picks. */
const isFound = ({ by }: Narrowed): boolean => by === "key" || by === "branches";

function narrow(condition: Condition, definition: CollectionDefinition<Entity>): Narrowed {
  switch (condition.op) {
    case "eq":
    case "in": {
      const hint = indexOf(condition.path, definition);
      return hint === undefined ? { by: "nothing" } : { by: "key", hint };
    }
    case "startsWith":
    case "gt":
    case "ge":
    case "lt":
    case "le": {
      const hint = indexOf(condition.path, definition);
      return hint === undefined ? { by: "nothing" } : { by: "range", path: condition.path, alone: true, hint };
    }
    case "contains":
    case "endsWith": {
      const hint = indexOf(condition.path, definition);
      return hint === undefined || hint === primary ? { by: "nothing" } : { by: "nothing", hint };
    }
    case "some":
      return narrowByElement(condition.path, condition.where, definition);
    case "and": {
      const parts = condition.all.map((each) => narrow(each, definition));
      const key = parts.find((each) => each.by === "key");
      if (key) return key;
      const range = parts.find((each) => each.by === "range");
      if (range?.by !== "range") return parts.find((each) => each.hint !== undefined) ?? { by: "nothing" };
      return { ...range, alone: parts.every((each) => each.by === "range" && each.alone && each.path === range.path) };
    }
    case "or": {
      const parts = condition.all.map((each) => narrow(each, definition).by);
      if (parts.length === 0 || parts.includes("nothing")) return { by: "nothing" };
      return { by: parts.every((by) => by === "key") ? "key" : "branches" };
    }
    default:
      return { by: "nothing" };
  }
}

function narrowByElement(path: string, where: Condition, definition: CollectionDefinition<Entity>): Narrowed {
  let best: Narrowed = { by: "nothing" };
  for (const leaf of where.op === "and" ? where.all : [where]) {
    if (!("path" in leaf)) continue;
    const index = definition.indexes.find((each) => each.path === path && each.element === leaf.path);
    if (!index) continue;
    const hint = servingIndex(index);
    if (leaf.op === "eq" || leaf.op === "in") return { by: "key", hint };
    if (leaf.op === "startsWith") best = { by: "range", path: `${path}.${leaf.path}`, alone: false, hint };
  }
  return best;
}

/** The index along which the records of an organisation are in the order of this path. */
function indexOf(path: string, definition: CollectionDefinition<Entity>): string | undefined {
  if (path === "id") return primary;
  const index = definition.indexes.find((each) => each.path === path && each.element === undefined);
  return index && servingIndex(index);
}
