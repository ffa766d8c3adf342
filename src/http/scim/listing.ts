import type { Caller } from "../../domain/caller.ts";
import { AppError } from "../../errors.ts";
import { toComparable } from "../../scim/filter/comparison.ts";
import { toFilterCondition } from "../../scim/filter/condition.ts";
import type { Attribute } from "../../scim/schema/definitions.ts";
import { type ResourceSchema, resolveAttributePath } from "../../scim/schema/resource-schema.ts";
import { resolveStoredPath, type StoredAttribute } from "../../scim/schema/stored-fields.ts";
import { quoteName } from "../../scim/values/json.ts";
import { attributePath } from "../../store/fields.ts";
import type { Page, Position, Query, SizeLimit } from "../../store/query.ts";
import { decodeCursor, encodeCursor } from "../server/cursor.ts";
import { type Endpoint, isBuffered, type ResponseText, type ScimResponse, type StoredResource } from "./endpoint.ts";
import type { ListParameters } from "./parameters.ts";
import { buildProjection, type Projection } from "./projection.ts";

export const listResponseUrn = "urn:ietf:params:scim:api:messages:2.0:ListResponse";
/** Maximum page size. A larger `count` returns this many resources (RFC 7644 section 3.4.2.4). */
export const countMax = 1000;
/** Page size without `count`. */
export const countDefault = 100;
/** A page of more resources than the first batch ends at four million characters, which RFC 7644 section 3.4.2.4 allows. */
const pageSizeLimit: SizeLimit = { lengthMax: 4 * 1024 * 1024, firstBatch: countDefault + 1 };

/**
 * Lists one resource type, filtered and sorted. Pages are index-based, or cursor-based if the request has a cursor.
 * @throws AppError invalid-value; invalid-path; invalid-filter; invalid-count; invalid-cursor; expired-cursor;
 *   query-too-expensive
 */
export async function listResources(
  endpoint: Endpoint,
  caller: Caller,
  parameters: ListParameters,
): Promise<ScimResponse> {
  const schema = await schemaForParameters(endpoint, caller, parameters);
  const projection = buildProjection(schema, parameters.attributes, parameters.excludedAttributes);
  const query = toQuery(schema, parameters);
  if (parameters.cursor !== undefined) return listByCursor(endpoint, caller, parameters, query, projection);
  const { offset, limit } = toIndexPage(parameters);
  const page = withConditions({ offset, limit, total: true, sizeLimit: pageSizeLimit }, query);
  const { items, total } = await endpoint.list(caller, page);
  return toListResponse({ totalResults: total, startIndex: offset + 1, itemsPerPage: items.length }, () =>
    endpoint.render(caller, items, projection),
  );
}

/**
 * Searches several resource types (RFC 7644 section 3.4.2.1) and returns one list, type after type.
 * @throws AppError invalid-value for `sortBy` and `cursor`, which require a single resource type; invalid-filter;
 *   query-too-expensive
 */
export async function listAllTypes(
  endpoints: readonly Endpoint[],
  caller: Caller,
  parameters: ListParameters,
): Promise<ScimResponse> {
  for (const name of ["sortBy", "cursor"] as const) {
    if (parameters[name] === undefined) continue;
    throw new AppError("invalid-value", `${name} requires a single resource type: use /Users or /Groups.`, {
      field: name,
    });
  }
  const searched = await Promise.all(
    endpoints.map(async (endpoint) => ({ endpoint, schema: await schemaForParameters(endpoint, caller, parameters) })),
  );
  const schemas = searched.map(({ schema }) => schema);
  const { offset, limit } = toIndexPage(parameters);
  const results: { endpoint: Endpoint; projection: Projection; page: Page<StoredResource> }[] = [];
  let totalResults = 0;
  let itemsPerPage = 0;
  let isFull = false;
  for (const { endpoint, schema } of searched) {
    const projection = buildProjection(schema, parameters.attributes, parameters.excludedAttributes);
    const where = parameters.filter === undefined ? undefined : toFilterCondition(parameters.filter, schema, schemas);
    const page = await endpoint.list(caller, {
      ...(where && { where }),
      offset: Math.max(0, offset - totalResults),
      // The next page continues in the type that the size limit has cut. Later types are only counted.
      limit: isFull ? 0 : limit - itemsPerPage,
      total: true,
      sizeLimit: pageSizeLimit,
    });
    totalResults += page.total ?? 0;
    itemsPerPage += page.items.length;
    isFull ||= page.isCut === true;
    results.push({ endpoint, projection, page });
  }
  return toListResponse({ totalResults, startIndex: offset + 1, itemsPerPage }, async function* () {
    let isFirstResult = true;
    for (const { endpoint, projection, page } of results) {
      if (page.items.length === 0) continue;
      if (!isFirstResult) yield ",";
      isFirstResult = false;
      yield* streamText(endpoint.render(caller, page.items, projection));
    }
  });
}

async function listByCursor(
  endpoint: Endpoint,
  caller: Caller,
  parameters: ListParameters,
  query: SortedQuery,
  projection: Projection,
): Promise<ScimResponse> {
  if (parameters.startIndex !== undefined) {
    throw new AppError("invalid-value", "startIndex and cursor cannot be combined.", { field: "startIndex" });
  }
  const { cursor, count = countDefault } = parameters;
  if (count < 1) throw new AppError("invalid-count", "With a cursor, count must be 1 or more.", { field: "count" });
  const limit = Math.min(countMax, count);
  const scope = [caller.organizationId, endpoint.schema.type, parameters.filter, query.sort];
  const after = cursor ? decodeCursor(cursor, scope) : undefined;
  const pageQuery: Query = {
    ...(after && { after }),
    limit: limit + 1, // the extra record shows that a next page exists
    sizeLimit: pageSizeLimit,
    total: true, // clients that show progress, or that stop at the total, need it on every page
  };
  const { items, total, isCut } = await endpoint.list(caller, withConditions(pageQuery, query));
  const page = items.slice(0, limit);
  const lastItem = isCut || items.length > limit ? page.at(-1) : undefined;
  return toListResponse(
    {
      totalResults: total,
      itemsPerPage: page.length,
      ...(lastItem && { nextCursor: encodeCursor(toPosition(endpoint, lastItem, query), scope) }),
    },
    () => endpoint.render(caller, page, projection),
  );
}

function toListResponse(header: object, resources: () => ResponseText): ScimResponse {
  const opening = `{"schemas":["${listResponseUrn}"],${JSON.stringify(header).slice(1, -1)},"Resources":[`;
  const body = (): ResponseText => {
    const rendered = resources();
    return isBuffered(rendered)
      ? rendered.then((text) => `${opening}${text}]}`)
      : streamFramed(opening, rendered, "]}");
  };
  return { status: 200, body };
}

async function* streamFramed(opening: string, chunks: AsyncIterable<string>, closing: string): AsyncGenerator<string> {
  yield opening;
  yield* chunks;
  yield closing;
}

async function* streamText(text: ResponseText): AsyncGenerator<string> {
  if (isBuffered(text)) yield await text;
  else yield* text;
}

function toIndexPage({ startIndex = 1, count = countDefault }: ListParameters): { offset: number; limit: number } {
  return { offset: Math.max(1, startIndex) - 1, limit: Math.min(countMax, Math.max(0, count)) };
}

/**
 * Returns the schema that the parameters of a request need. Extension attributes of an organization are named by their
 * URN only, so most requests do not read its extensions.
 * @throws AppError unavailable
 */
export async function schemaForParameters(
  endpoint: Endpoint,
  { organizationId }: Caller,
  { filter = "", sortBy = "", attributes = [], excludedAttributes = [] }: ListParameters,
): Promise<ResourceSchema> {
  const namesUrn = [filter, sortBy, ...attributes, ...excludedAttributes].some((each) => /urn:/i.test(each));
  return namesUrn ? endpoint.schemaOf(organizationId) : endpoint.schema;
}

/** A query, and the attribute that it sorts by. */
interface SortedQuery extends Pick<Query, "where" | "sort"> {
  readonly sortedBy?: Attribute;
}

/** Assigns to the passed object, because spreading the parts into another one costs as much as the rest of a lookup. */
function withConditions(page: Query, { where, sort }: SortedQuery): Query {
  return Object.assign(page, where && { where }, sort && { sort });
}

function toQuery(schema: ResourceSchema, { filter, sortBy, sortOrder }: ListParameters): SortedQuery {
  const sorted = sortBy === undefined ? undefined : resolveSortAttribute(sortBy, schema);
  return {
    ...(filter !== undefined && { where: toFilterCondition(filter, schema) }),
    ...(sorted && {
      sort: { path: sorted.path, direction: sortOrder ?? "ascending" },
      sortedBy: sorted.attribute,
    }),
  };
}

/** @throws AppError invalid-path for an unknown attribute, or one without a single comparable value */
function resolveSortAttribute(sortBy: string, schema: ResourceSchema): StoredAttribute {
  const reference = resolveAttributePath(schema, sortBy);
  const storedAttribute = reference && !reference.attribute?.multiValued ? resolveStoredPath(reference) : undefined;
  if (storedAttribute) return storedAttribute;
  throw new AppError("invalid-path", `sortBy: ${quoteName(sortBy)} is not a sortable attribute.`, {
    field: "sortBy",
  });
}

/** Returns the position of a record in the sort order: its sort value and its id. */
function toPosition(endpoint: Endpoint, item: StoredResource, { sort, sortedBy }: SortedQuery): Position {
  const { id } = item;
  if (!sort || sort.path === "id") return { id };
  // Search fields are not read back, so the value is brought into comparable form again.
  const value = endpoint.valueAt(item, attributePath(sort.path));
  return { id, value: sortedBy && typeof value === "string" ? toComparable(sortedBy, value) : value };
}
