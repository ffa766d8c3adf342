import type { Caller } from "../../domain/caller.ts";
import type { Page, Position, Query } from "../../domain/query.ts";
import { AppError } from "../../errors.ts";
import { cursorOf, positionOf } from "../cursor.ts";
import { type Answer, type Endpoint, isWhole, type Stored, type Text } from "./endpoint.ts";
import { conditionOf } from "./filter.ts";
import { shown } from "./json.ts";
import type { Parameters } from "./parameters.ts";
import { type Projection, projectionOf } from "./projection.ts";
import { attributeAt, type ResourceSchema } from "./schema.ts";
import { storedPath } from "./stored.ts";

export const listUrn = "urn:ietf:params:scim:api:messages:2.0:ListResponse";
/** Answers hold no more resources than this, whatever `count` says (RFC 7644 section 3.4.2.4). */
export const countMax = 200;
export const countDefault = 100;

/** A list of one resource type: filtered, sorted, and paged by index or, when a cursor is given, by cursor. */
export async function list(endpoint: Endpoint, caller: Caller, parameters: Parameters): Promise<Answer> {
  const { schema } = endpoint;
  const projection = projectionOf(schema, parameters.attributes, parameters.excludedAttributes);
  const query = questionOf(schema, parameters);
  if (parameters.cursor !== undefined) return listByCursor(endpoint, caller, parameters, query, projection);
  const { offset, limit } = pageByIndex(parameters);
  const { items, total } = await endpoint.find(caller, Object.assign({ offset, limit, total: true }, query));
  return listAnswer({ totalResults: total, startIndex: offset + 1, itemsPerPage: items.length }, () =>
    endpoint.render(caller, items, projection),
  );
}

/**
 * A search over several resource types (RFC 7644 section 3.4.2.1): one list, type after type.
 * @throws AppError invalid-value for an order or a cursor, which go with one type only
 */
export async function listAll(endpoints: readonly Endpoint[], caller: Caller, parameters: Parameters): Promise<Answer> {
  for (const name of ["sortBy", "cursor"] as const) {
    if (parameters[name] === undefined) continue;
    throw new AppError("invalid-value", `${name} goes with one resource type: ask /Users or /Groups.`, { field: name });
  }
  const schemas = endpoints.map(({ schema }) => schema);
  const { offset, limit } = pageByIndex(parameters);
  const shares: { endpoint: Endpoint; projection: Projection; page: Page<Stored> }[] = [];
  let passed = 0;
  let shown = 0;
  for (const endpoint of endpoints) {
    const projection = projectionOf(endpoint.schema, parameters.attributes, parameters.excludedAttributes, schemas);
    const where =
      parameters.filter === undefined ? undefined : conditionOf(parameters.filter, endpoint.schema, schemas);
    const page = await endpoint.find(caller, {
      ...(where && { where }),
      offset: Math.max(0, offset - passed),
      limit: limit - shown,
      total: true,
    });
    passed += page.total ?? 0;
    shown += page.items.length;
    shares.push({ endpoint, projection, page });
  }
  return listAnswer({ totalResults: passed, startIndex: offset + 1, itemsPerPage: shown }, async function* () {
    let isFirst = true;
    for (const { endpoint, projection, page } of shares) {
      if (page.items.length === 0) continue;
      if (!isFirst) yield ",";
      isFirst = false;
      yield* piecesOf(endpoint.render(caller, page.items, projection));
    }
  });
}

async function listByCursor(
  endpoint: Endpoint,
  caller: Caller,
  parameters: Parameters,
  query: Pick<Query, "where" | "sort">,
  projection: Projection,
): Promise<Answer> {
  if (parameters.startIndex !== undefined) {
    throw new AppError("invalid-value", "startIndex and cursor exclude each other.", { field: "startIndex" });
  }
  const { cursor, count = countDefault } = parameters;
  if (count < 1) throw new AppError("invalid-count", "With a cursor, count must be 1 or more.", { field: "count" });
  const limit = Math.min(countMax, count);
  const scope = [caller.organizationId, endpoint.schema.type, parameters.filter, query.sort];
  const after = cursor ? positionOf(cursor, scope) : undefined;
  const { items, total } = await endpoint.find(caller, {
    ...query,
    ...(after && { after }),
    limit: limit + 1, // one more tells whether there is a next page
    // Counting the matches of a filter anew for each page would cost more than the page (RFC 9865 section 2).
    total: query.where === undefined || after === undefined,
  });
  const page = items.slice(0, limit);
  const last = items.length > limit ? page.at(-1) : undefined;
  return listAnswer(
    {
      ...(total !== undefined && { totalResults: total }),
      itemsPerPage: page.length,
      ...(last && { nextCursor: cursorOf(placeOf(endpoint, last, query.sort?.path), scope) }),
    },
    () => endpoint.render(caller, page, projection),
  );
}

function listAnswer(head: object, resources: () => Text): Answer {
  const opening = `{"schemas":["${listUrn}"],${JSON.stringify(head).slice(1, -1)},"Resources":[`;
  const body = (): Text => {
    const made = resources();
    return isWhole(made) ? made.then((text) => `${opening}${text}]}`) : framed(opening, made, "]}");
  };
  return { status: 200, body };
}

async function* framed(opening: string, pieces: AsyncIterable<string>, closing: string): AsyncGenerator<string> {
  yield opening;
  yield* pieces;
  yield closing;
}

async function* piecesOf(text: Text): AsyncGenerator<string> {
  if (isWhole(text)) yield await text;
  else yield* text;
}

function pageByIndex({ startIndex = 1, count = countDefault }: Parameters): { offset: number; limit: number } {
  return { offset: Math.max(1, startIndex) - 1, limit: Math.min(countMax, Math.max(0, count)) };
}

function questionOf(schema: ResourceSchema, { filter, sortBy, sortOrder }: Parameters): Pick<Query, "where" | "sort"> {
  return {
    ...(filter !== undefined && { where: conditionOf(filter, schema) }),
    ...(sortBy !== undefined && { sort: { path: sortPath(sortBy, schema), direction: sortOrder ?? "ascending" } }),
  };
}

/** @throws AppError invalid-path for what has no one value by which resources could be put in order */
function sortPath(sortBy: string, schema: ResourceSchema): string {
  const reference = attributeAt(schema, sortBy);
  const stored = reference && !reference.attribute?.multiValued ? storedPath(reference) : undefined;
  if (stored) return stored.path;
  throw new AppError("invalid-path", `sortBy names ${shown(sortBy)}, by which nothing is sorted here.`, {
    field: "sortBy",
  });
}

/** Where a record stands in the order: the value that it is sorted by, and its id. */
function placeOf(endpoint: Endpoint, item: Stored, sortPath: string | undefined): Position {
  const { id } = item;
  return sortPath === undefined || sortPath === "id" ? { id } : { id, value: endpoint.valueAt(item, sortPath) };
}
